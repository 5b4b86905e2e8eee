"""What all sections share."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wirepost.settings.section import Name, Number, Section, Whole, check_amount


class Example(Section):
    name: Name = "a"
    whole: Whole = 1
    number: Number = 1.0


@pytest.mark.parametrize("name", ["a", "stripe-live", "shop_2", "0", "a" * 40])
def test_names_are_short_and_plain(name: str) -> None:
    assert Example(name=name).name == name


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "a" * 41, "ä", "a\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        Example(name=name)


@pytest.mark.parametrize("value", [True, "x", float("nan"), float("inf")])
def test_what_is_no_number_is_refused(value: object) -> None:
    for field in ("whole", "number"):
        with pytest.raises(ValidationError):
            Example.model_validate({field: value})


def test_amounts_fit_their_currency() -> None:
    check_amount("12.50", "eur")
    with pytest.raises(ValueError, match="decimals"):
        check_amount("12.50", "jpy")


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Example.model_validate({"other": 1})
