"""What Stripe's objects look like in results: the compact parts, amounts in both forms, no secrets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self, TypeVar

from wirepost.core.money import Money
from wirepost.core.times import from_epoch
from wirepost.tools.results import DETAIL, Page, Result, Untrusted

Json = Mapping[str, Any]


class StripeRecord(Result):
    """One object of Stripe."""

    id: str

    @classmethod
    def read(cls, raw: Json) -> Self:
        """The shown parts of Stripe's own form."""
        return cls.model_validate(cls.shown(raw))

    @classmethod
    @abstractmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value of the shown parts."""


Kind = TypeVar("Kind", bound=StripeRecord)


def page_of(model: type[Kind], raw: Json) -> Page[Kind]:
    """A list of Stripe: every record is a position of its own."""
    rows = raw["data"]
    return Page([model.read(row) for row in rows], bool(raw["has_more"]), after=[row["id"] for row in rows])


def found_of(model: type[Kind], raw: Json) -> Page[Kind]:
    """A search result of Stripe: positions exist only per page."""
    has_more = bool(raw["has_more"])
    return Page(
        [model.read(row) for row in raw["data"]], has_more, next=raw.get("next_page") if has_more else None
    )


def sifted(model: type[Kind], raw: Json, is_wanted: Callable[[Json], bool], limit: int) -> Page[Kind]:
    """A list of Stripe without the records that its own filters cannot leave out, at most `limit` long."""
    rows = raw["data"]
    kept = [index for index, row in enumerate(rows) if is_wanted(row)]
    shown = kept[:limit]
    after = [rows[index]["id"] for index in shown]
    has_more = bool(raw["has_more"])
    if len(kept) > limit:
        has_more = True
    elif after:
        after[-1] = rows[-1]["id"]
    last = rows[-1]["id"] if rows and not shown and has_more else None
    return Page(
        [model.read(rows[index]) for index in shown], has_more, after=after if shown else None, next=last
    )


def id_of(value: Any) -> str | None:
    """The id of a reference, expanded or not."""
    if isinstance(value, Mapping):
        return str(value["id"]) if value.get("id") else None
    return value if isinstance(value, str) else None


def expanded(value: Any) -> Json:
    """The object of an expanded reference; empty when it is absent or only an id."""
    return value if isinstance(value, Mapping) else {}


def money(name: str, minor: int | None, currency: str | None) -> dict[str, Any]:
    """An amount in both forms: `name` as a decimal string, `name_minor` as Stripe's integer."""
    if minor is None or currency is None:
        return {}
    return {name: Money(minor, currency).major, f"{name}_minor": minor}


class Label(Result):
    """A name with a text: metadata, evidence."""

    name: Untrusted
    value: Untrusted


def labels(entries: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    """Named texts in the form in which they are also given; `None` when there are none."""
    return [{"name": name, "value": value} for name, value in entries.items()] if entries else None


class Card(Result):
    """As much of a payment method as anybody may see."""

    type: str
    brand: str | None = None
    last4: str | None = None
    expires: str | None = None

    @classmethod
    def read(cls, raw: Json | None) -> Card | None:
        """From `payment_method_details` or a payment method."""
        if not raw or not raw.get("type"):
            return None
        method = expanded(raw.get(raw["type"]))
        expires = f"{method['exp_year']}-{method['exp_month']:02}" if method.get("exp_year") else None
        return cls(type=raw["type"], brand=method.get("brand"), last4=method.get("last4"), expires=expires)


class Customer(StripeRecord):
    """A customer."""

    name: Untrusted | None = None
    email: Untrusted | None = None
    phone: Untrusted | None = None
    description: Untrusted | None = None
    created_at: str | None = None
    delinquent: bool | None = None
    currency: Annotated[str | None, DETAIL] = None
    balance: Annotated[str | None, DETAIL] = None
    balance_minor: Annotated[int | None, DETAIL] = None
    country: Annotated[str | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None
    deleted: bool | None = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value; a deleted customer has only its id."""
        return {
            **{name: raw.get(name) for name in ("id", "name", "email", "phone", "description", "delinquent")},
            "created_at": from_epoch(raw.get("created")),
            "currency": raw.get("currency"),
            **money("balance", raw.get("balance"), raw.get("currency")),
            "country": expanded(raw.get("address")).get("country"),
            "metadata": labels(raw.get("metadata")),
            "deleted": raw.get("deleted"),
        }


class Payment(StripeRecord):
    """A payment: the payment intent with what is worth knowing of its latest charge."""

    status: str
    amount: str
    amount_minor: int
    currency: str
    amount_refunded: str | None = None
    amount_refunded_minor: int | None = None
    customer: str | None = None
    description: Untrusted | None = None
    created_at: str | None = None
    charge: str | None = None
    method: Card | None = None
    is_disputed: bool | None = None
    failure: str | None = None
    amount_received: Annotated[str | None, DETAIL] = None
    amount_received_minor: Annotated[int | None, DETAIL] = None
    fee: str | None = None
    fee_minor: int | None = None
    net: Annotated[str | None, DETAIL] = None
    net_minor: Annotated[int | None, DETAIL] = None
    settlement_currency: str | None = None
    receipt_email: Annotated[Untrusted | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value, from a payment intent or from a charge that has none."""
        currency = raw["currency"]
        charge = raw if raw["object"] == "charge" else expanded(raw.get("latest_charge"))
        error = expanded(raw.get("last_payment_error"))
        settled = expanded(charge.get("balance_transaction"))
        return {
            **{name: raw.get(name) for name in ("id", "status", "description", "receipt_email")},
            **money("amount", raw["amount"], currency),
            "currency": currency,
            **money("amount_refunded", charge.get("amount_refunded"), currency),
            **money("amount_received", raw.get("amount_received", charge.get("amount_captured")), currency),
            "customer": id_of(raw.get("customer")),
            "created_at": from_epoch(raw.get("created")),
            "charge": id_of(charge) if charge else id_of(raw.get("latest_charge")),
            "method": Card.read(expanded(charge.get("payment_method_details"))),
            "is_disputed": charge.get("disputed"),
            "failure": error.get("decline_code") or error.get("code") or charge.get("failure_code"),
            **money("fee", settled.get("fee"), settled.get("currency")),
            **money("net", settled.get("net"), settled.get("currency")),
            "settlement_currency": settled.get("currency"),
            "metadata": labels(raw.get("metadata")),
        }


class Refund(StripeRecord):
    """A refund."""

    status: str | None = None
    amount: str
    amount_minor: int
    currency: str
    payment: str | None = None
    charge: str | None = None
    refund_reason: str | None = None
    created_at: str | None = None
    failure_reason: str | None = None
    pending_reason: str | None = None
    receipt_number: Annotated[str | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        return {
            **{
                name: raw.get(name)
                for name in ("id", "status", "failure_reason", "pending_reason", "receipt_number")
            },
            **money("amount", raw["amount"], raw["currency"]),
            "currency": raw["currency"],
            "payment": id_of(raw.get("payment_intent")),
            "charge": id_of(raw.get("charge")),
            "refund_reason": raw.get("reason"),
            "created_at": from_epoch(raw.get("created")),
            "metadata": labels(raw.get("metadata")),
        }
