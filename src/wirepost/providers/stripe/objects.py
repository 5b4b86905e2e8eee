"""Objects of Stripe as events show them: of each kind the fields an agent may need, in any API version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wirepost.core.times import from_epoch
from wirepost.providers.stripe.models import id_of, labels, money
from wirepost.webhooks import reading
from wirepost.webhooks.reading import at, paths, picked, scalar

Json = dict[str, Any]
Paths = Mapping[str, tuple[str, ...]]

MAX_ROWS = 20
"""Parts of an object, such as the items of a subscription."""
_ID = paths("id")
_LARGEST = 10**15
"""Minor units; far above what Stripe moves, and exact in every reader of JSON."""


@dataclass(frozen=True)
class Shape:
    """What is shown of one kind of object."""

    values: Paths
    """Words and numbers of Stripe's."""
    texts: Paths
    """Written by others."""
    amounts: Paths
    """The first is the one a summary names."""
    ids: Paths
    times: Paths
    more: Callable[[Json], Json] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An object as it is shown."""

    fields: Json
    untrusted: tuple[str, ...]
    amount: str | None
    """The main amount with its currency, such as `49.00 EUR`."""


def _shape(
    values: str = "status",
    *,
    texts: str = "",
    amounts: str = "",
    ids: str = "customer",
    times: str = "",
    more: Callable[[Json], Json] | None = None,
) -> Shape:
    times = f"created_at=created {times}"
    return Shape(paths(values), paths(texts), paths(amounts), paths(ids), paths(times), more)


def shown(raw: Json) -> Shown:
    """The shown parts of an object; whatever is not as Stripe describes it is left out."""
    shape = SHAPES.get(str(raw.get("object")), _OTHER)
    texts = picked(raw, shape.texts)
    entries = _metadata(raw.get("metadata"))
    currency = reading.word(raw.get("currency"))
    amounts = picked(raw, shape.amounts, _minor) if currency else {}
    fields: Json = picked(raw, _ID, reading.text)
    fields |= picked(raw, shape.values)
    for name, minor in amounts.items():
        fields |= money(name, minor, currency)
    if currency:
        fields["currency"] = currency
    fields |= picked(raw, shape.ids, _reference)
    fields |= picked(raw, shape.times, _time)
    if shape.more is not None:
        fields |= {name: value for name, value in shape.more(raw).items() if value is not None}
    fields |= texts
    if entries:
        fields["metadata"] = entries
    untrusted = (*texts, "metadata[].name", "metadata[].value") if entries else tuple(texts)
    main = next(iter(amounts), None)
    return Shown(fields, untrusted, f"{fields[main]} {currency.upper()}" if currency and main else None)


def id_at(raw: Json, *path: str) -> str | None:
    """The id of a reference, expanded or not."""
    return _reference(at(raw, *path))


def _reference(found: Any) -> str | None:
    return id_of({"id": found["id"]}) if isinstance(found, dict) and found.get("id") else id_of(found)


def time_at(raw: Json, *path: str) -> str | None:
    """Stripe's seconds as RFC 3339."""
    return _time(at(raw, *path))


def _time(value: Any) -> str | None:
    found = reading.seconds(value)
    return None if found is None else from_epoch(int(found))


def _minor(value: Any) -> int | None:
    is_amount = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return value if is_amount else None


def _metadata(entries: Any) -> list[dict[str, str]] | None:
    if not isinstance(entries, dict):
        return None
    return labels({name: value for name, value in entries.items() if isinstance(value, str)})


def _rows(value: Any) -> list[Json]:
    """A list of Stripe's inside an object."""
    found = at(value, "data") if isinstance(value, dict) else value
    return [row for row in found if isinstance(row, dict)][:MAX_ROWS] if isinstance(found, list) else []


def _card(raw: Any) -> Json:
    """As much of a payment method as anybody may see."""
    kind = at(raw, "type")
    card = at(raw, kind) if isinstance(kind, str) else None
    found = {"type": scalar(kind), "brand": scalar(at(card, "brand")), "last4": scalar(at(card, "last4"))}
    kept = {name: value for name, value in found.items() if value is not None}
    return {"method": kept} if kept else {}


def _of_charge(raw: Json) -> Json:
    newest = at(raw, "refunds", "data", 0)
    return {**_card(raw.get("payment_method_details")), "refund": id_of(at(newest, "id"))}


def _of_intent(raw: Json) -> Json:
    error = raw.get("last_payment_error")
    charge = id_at(raw, "latest_charge") or id_of(at(raw, "charges", "data", 0, "id"))
    return {"charge": charge, "failure": scalar(at(error, "decline_code")) or scalar(at(error, "code"))}


def _of_invoice(raw: Json) -> Json:
    """Where the subscription stands has changed with the API versions."""
    inside = ("parent", "subscription_details", "subscription")
    return {"subscription": id_at(raw, "subscription") or id_at(raw, *inside)}


def _of_subscription(raw: Json) -> Json:
    rows = _rows(raw.get("items"))
    first = rows[0] if rows else {}
    end = time_at(raw, "current_period_end") or time_at(first, "current_period_end")
    return {"items": [_item(row) for row in rows] or None, "current_period_end": end}


def _item(row: Json) -> Json:
    price = row.get("price") if isinstance(row.get("price"), dict) else row.get("plan")
    price = price if isinstance(price, dict) else {}
    minor = _minor(price.get("unit_amount", price.get("amount")))
    currency = reading.word(price.get("currency"))
    interval = at(price, "recurring", "interval") or price.get("interval")
    found = {
        "id": id_of(row.get("id")),
        "price": id_of(price.get("id")),
        "product": id_at(price, "product"),
        "quantity": scalar(row.get("quantity")),
        **money("amount", minor, currency),
        "currency": currency,
        "interval": scalar(interval),
    }
    return {name: value for name, value in found.items() if value is not None}


def _of_method(raw: Json) -> Json:
    return _card(raw)


_PAID = "customer payment=payment_intent"
SHAPES: Mapping[str, Shape] = {
    "payment_intent": _shape(
        "status cancellation_reason",
        texts="description receipt_email",
        amounts="amount amount_received",
        ids="customer invoice",
        more=_of_intent,
    ),
    "charge": _shape(
        "status failure=failure_code is_refunded=refunded is_disputed=disputed",
        texts="description receipt_email email=billing_details.email name=billing_details.name",
        amounts="amount amount_refunded",
        ids=f"{_PAID} invoice",
        more=_of_charge,
    ),
    "refund": _shape(
        "status refund_reason=reason failure_reason pending_reason",
        amounts="amount",
        ids="customer payment=payment_intent charge",
    ),
    "dispute": _shape(
        "status reason has_evidence=evidence_details.has_evidence is_refundable=is_charge_refundable",
        amounts="amount",
        ids="payment=payment_intent charge",
        times="evidence_due_at=evidence_details.due_by",
    ),
    "invoice": _shape(
        "status number billing_reason collection_method attempt_count",
        texts="customer_name customer_email description",
        amounts="amount_due amount_paid amount_remaining total",
        ids="customer charge payment=payment_intent",
        times="due_at=due_date next_attempt_at=next_payment_attempt",
        more=_of_invoice,
    ),
    "subscription": _shape(
        "status ends_at_period_end=cancel_at_period_end collection_method "
        "cancel_reason=cancellation_details.reason cancel_feedback=cancellation_details.feedback",
        texts="cancel_comment=cancellation_details.comment",
        ids="customer latest_invoice",
        times="cancel_at canceled_at ended_at trial_end",
        more=_of_subscription,
    ),
    "checkout.session": _shape(
        "status payment_status mode",
        texts="email=customer_details.email name=customer_details.name client_reference_id",
        amounts="amount=amount_total amount_subtotal",
        ids="customer payment=payment_intent subscription invoice payment_link",
        times="expires_at",
    ),
    "customer": _shape("delinquent", texts="name email phone description", ids=""),
    "payout": _shape(
        "status method type failure=failure_code is_automatic=automatic",
        texts="description",
        amounts="amount",
        ids="",
        times="arrives_at=arrival_date",
    ),
    "payment_method": _shape("", texts="email=billing_details.email", more=_of_method),
    "product": _shape("active", texts="name description", ids="default_price"),
    "price": _shape(
        "active interval=recurring.interval", texts="nickname", amounts="amount=unit_amount", ids="product"
    ),
    "quote": _shape(amounts="amount=amount_total amount_subtotal", times="expires_at"),
    "review": _shape("open reason closed_reason", ids="charge payment=payment_intent"),
    "radar.early_fraud_warning": _shape("actionable fraud_type", ids="charge payment=payment_intent"),
}
_OTHER = _shape(
    "status type reason",
    amounts="amount",
    ids=f"{_PAID} charge invoice subscription account",
)
