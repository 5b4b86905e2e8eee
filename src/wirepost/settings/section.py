"""What all parts of the configuration share: strict models, names, amounts and currencies."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from wirepost.core.errors import InvalidCall
from wirepost.core.money import CURRENCIES, Money


class Section(BaseModel):
    """A group of options: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=False)


def _as_amount(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError('must be written in quotes, such as "12.50", so that it stays exact')  # noqa: TRY004 - pydantic reports ValueError
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")  # noqa: TRY004 - pydantic reports ValueError
    return value


def _known_currency(value: str) -> str:
    code = value.lower()
    if code not in CURRENCIES:
        raise ValueError('must be a three-letter currency code, such as "eur"')
    return code


def check_amount(amount: str, currency: str) -> None:
    """Refuse an amount that the currency cannot express (`ValueError`)."""
    try:
        Money.parse(amount, currency)
    except InvalidCall as error:
        raise ValueError(error.fields[0]["problem"]) from None


Amount = Annotated[str, BeforeValidator(_as_amount)]
CurrencyCode = Annotated[str, AfterValidator(_known_currency)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Whole = Annotated[int, BeforeValidator(_no_truth)]
"""A whole number; `true` is not one."""
Number = Annotated[float, BeforeValidator(_no_truth), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
