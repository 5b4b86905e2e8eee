"""Arguments that several Stripe tools take, described once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import Field

from wirepost.core import times
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.core.money import Money
from wirepost.tools.tool import Argument

INTENT_LABEL = "intent_id"
"""Metadata entry that names the business action an object was created for."""

AccountId = str
CustomerId = str
InvoiceId = str
SubscriptionId = str
PriceId = str
DisputeId = str
PaymentId = Annotated[str, Field(description="pi_, ch_, py_ or in_ id")]
Amount = Annotated[str, Field(description='Decimal, such as "12.50"')]
CurrencyCode = str
Moment = Annotated[str, Field(description="RFC 3339, date or -7d")]


class MetadataItem(Argument):
    """One metadata entry."""

    name: str
    value: str


def metadata_of(items: Iterable[MetadataItem] | None, intent: str | None = None) -> dict[str, str] | None:
    """Metadata to store, with the intent by which the object is found again; `None` when there is none."""
    labels = {item.name: item.value for item in items or ()}
    if INTENT_LABEL in labels:
        raise wrong("metadata", f"{INTENT_LABEL} is set by the server and cannot be given")
    if intent is not None:
        labels[INTENT_LABEL] = intent
    return labels or None


def money_of(amount: str | None, currency: str | None) -> Money | None:
    """The amount asked for; one without the other is refused."""
    if amount is None and currency is None:
        return None
    if amount is None:
        raise wrong("amount", "is required together with currency")
    if currency is None:
        raise wrong("currency", "is required together with amount")
    return money_at("amount", amount, currency)


def money_at(path: str, amount: str, currency: str) -> Money:
    """An amount that was given under another name than `amount`."""
    try:
        return Money.parse(amount, currency)
    except InvalidCall as refusal:
        for field in refusal.fields:
            if field["path"] == "amount":
                field["path"] = path
        raise


def epoch_of(text: str | None, *, now: datetime, path: str) -> int | None:
    """A time argument as the epoch seconds that Stripe takes."""
    return None if text is None else int(times.parse(text, now=now, path=path).timestamp())


def period_of(after: str | None, before: str | None, now: datetime) -> dict[str, int | None] | None:
    """`created_after` and `created_before` as Stripe's range filter."""
    if after is None and before is None:
        return None
    return {
        "gte": epoch_of(after, now=now, path="created_after"),
        "lt": epoch_of(before, now=now, path="created_before"),
    }


def wrong(path: str, problem: str, allowed: list[str] | None = None) -> InvalidCall:
    """The refusal of one argument."""
    field = FieldProblem(path=path, problem=problem)
    if allowed is not None:
        field["allowed"] = allowed
    return InvalidCall("invalid_arguments", f"{path} {problem}", fields=[field])


def since(moment: datetime | None) -> dict[str, int] | None:
    """Filter for what was created at or after `moment`, with a minute for clocks that differ."""
    return None if moment is None else {"gte": int((moment - times.CLOCKS).timestamp())}
