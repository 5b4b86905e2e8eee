"""What invoices, subscriptions, prices and payment links look like in results."""

from __future__ import annotations

from typing import Annotated, Any

from wirepost.core.times import from_epoch
from wirepost.providers.stripe.models import (
    Card,
    Customer,
    Json,
    Label,
    StripeRecord,
    expanded,
    id_of,
    labels,
    money,
)
from wirepost.tools.results import DETAIL, Result, Untrusted


class Price(StripeRecord):
    """A price of a product."""

    product: str | None = None
    product_name: Untrusted | None = None
    amount: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    interval: str | None = None
    active: bool | None = None
    scheme: str | None = None
    nickname: Untrusted | None = None
    lookup_key: Annotated[str | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value; tiered and customer-chosen prices have no single amount."""
        return {
            **{name: raw.get(name) for name in ("id", "currency", "active", "nickname", "lookup_key")},
            "product": id_of(raw.get("product")),
            "product_name": expanded(raw.get("product")).get("name"),
            **money("amount", raw.get("unit_amount"), raw.get("currency")),
            "interval": interval_of(raw),
            "scheme": raw.get("billing_scheme") if raw.get("billing_scheme") != "per_unit" else None,
            "metadata": labels(raw.get("metadata")),
        }


def interval_of(price: Json) -> str | None:
    """`month`, `3 month`; nothing for one-time prices."""
    recurring = expanded(price.get("recurring"))
    if not recurring:
        return None
    count = recurring.get("interval_count", 1)
    return str(recurring["interval"]) if count == 1 else f"{count} {recurring['interval']}"


class InvoiceLine(StripeRecord):
    """One line of an invoice."""

    description: Untrusted | None = None
    amount: str
    amount_minor: int
    currency: str
    quantity: int | None = None
    price: str | None = None
    period_start: str | None = None
    period_end: str | None = None
    is_proration: bool | None = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        parent = expanded(raw.get("parent"))
        origin = expanded(parent.get(parent.get("type") or ""))
        period = expanded(raw.get("period"))
        return {
            **{name: raw.get(name) for name in ("id", "description", "currency", "quantity")},
            **money("amount", raw["amount"], raw["currency"]),
            "price": id_of(expanded(expanded(raw.get("pricing")).get("price_details")).get("price")),
            "period_start": from_epoch(period.get("start")),
            "period_end": from_epoch(period.get("end")),
            "is_proration": origin.get("proration") or None,
        }


class Invoice(StripeRecord):
    """An invoice; a deleted draft has only its id and the status `deleted`."""

    number: str | None = None
    status: str | None = None
    customer: str | None = None
    subscription: str | None = None
    total: str | None = None
    total_minor: int | None = None
    amount_paid: str | None = None
    amount_paid_minor: int | None = None
    amount_remaining: str | None = None
    amount_remaining_minor: int | None = None
    currency: str | None = None
    created_at: str | None = None
    due_at: str | None = None
    paid_at: Annotated[str | None, DETAIL] = None
    collection_method: Annotated[str | None, DETAIL] = None
    customer_email: Annotated[Untrusted | None, DETAIL] = None
    memo: Annotated[Untrusted | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value; the subscription is named by the invoice's parent since 2025-03-31."""
        if raw.get("deleted"):
            return {"id": raw["id"], "status": "deleted"}
        currency = raw.get("currency")
        origin = expanded(expanded(raw.get("parent")).get("subscription_details"))
        names = ("id", "number", "status", "currency", "collection_method", "customer_email")
        return {
            **{name: raw.get(name) for name in names},
            "customer": id_of(raw.get("customer")),
            "subscription": id_of(origin.get("subscription")),
            **money("total", raw.get("total"), currency),
            **money("amount_paid", raw.get("amount_paid"), currency),
            **money("amount_remaining", raw.get("amount_remaining"), currency),
            "created_at": from_epoch(raw.get("created")),
            "due_at": from_epoch(raw.get("due_date")),
            "paid_at": from_epoch(expanded(raw.get("status_transitions")).get("paid_at")),
            "memo": raw.get("description"),
            "metadata": labels(raw.get("metadata")),
        }


class InvoiceDetails(Invoice):
    """An invoice with its lines."""

    lines: list[InvoiceLine] | None = None
    payment_page: Annotated[str | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value; who has the payment page sees the invoice, so it must be asked for by name."""
        return {**super().shown(raw), "payment_page": raw.get("hosted_invoice_url")}


class SubscriptionItem(StripeRecord):
    """One item of a subscription, with the period it is billed for."""

    price: str | None = None
    product: str | None = None
    quantity: int | None = None
    amount: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    interval: str | None = None
    period_start: str | None = None
    period_end: str | None = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value; periods belong to items since 2025-03-31."""
        price = expanded(raw.get("price"))
        return {
            **{name: raw.get(name) for name in ("id", "quantity")},
            "price": id_of(raw.get("price")),
            "product": id_of(price.get("product")),
            **money("amount", price.get("unit_amount"), price.get("currency")),
            "currency": price.get("currency"),
            "interval": interval_of(price),
            "period_start": from_epoch(raw.get("current_period_start")),
            "period_end": from_epoch(raw.get("current_period_end")),
        }


class Subscription(StripeRecord):
    """A subscription."""

    status: str | None = None
    customer: str | None = None
    items: list[SubscriptionItem] | None = None
    cancel_at_period_end: bool | None = None
    cancel_at: str | None = None
    canceled_at: str | None = None
    trial_ends_at: str | None = None
    created_at: str | None = None
    latest_invoice: str | None = None
    currency: Annotated[str | None, DETAIL] = None
    collection_method: Annotated[str | None, DETAIL] = None
    description: Annotated[Untrusted | None, DETAIL] = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        names = ("id", "status", "cancel_at_period_end", "currency", "collection_method", "description")
        return {
            **{name: raw.get(name) for name in names},
            "customer": id_of(raw.get("customer")),
            "items": [SubscriptionItem.read(item) for item in items_of(raw)],
            "cancel_at": from_epoch(raw.get("cancel_at")),
            "canceled_at": from_epoch(raw.get("canceled_at")),
            "trial_ends_at": from_epoch(raw.get("trial_end")),
            "created_at": from_epoch(raw.get("created")),
            "latest_invoice": id_of(raw.get("latest_invoice")),
            "metadata": labels(raw.get("metadata")),
        }


def items_of(subscription: Json) -> list[dict[str, Any]]:
    """The items of a subscription in Stripe's form."""
    rows: list[dict[str, Any]] = expanded(subscription.get("items")).get("data", [])
    return rows


class NextStep(Result):
    """A further action that somebody has to decide on."""

    tool: str
    payment: str
    amount: str
    amount_minor: int
    currency: str
    note: str


class CanceledSubscription(Subscription):
    """A canceled subscription, and what could be refunded for the time that was paid but not used."""

    next_step: NextStep | None = None


class PaymentMethod(Card):
    """A stored payment method."""

    id: str


class CustomerDetails(Customer):
    """A customer with the lists that were asked for."""

    currency: str | None = None
    balance: str | None = None
    balance_minor: int | None = None
    subscriptions: list[Subscription] | None = None
    payment_methods: list[PaymentMethod] | None = None
    open_invoices: list[Invoice] | None = None


class PaymentLink(StripeRecord):
    """A page where anybody who has the link can pay."""

    url: str
    active: bool | None = None
    currency: str | None = None
    limit: int | None = None
    metadata: Annotated[list[Label] | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        sessions = expanded(expanded(raw.get("restrictions")).get("completed_sessions"))
        return {
            **{name: raw.get(name) for name in ("id", "url", "active", "currency")},
            "limit": sessions.get("limit"),
            "metadata": labels(raw.get("metadata")),
        }
