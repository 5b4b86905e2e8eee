"""Refunds: plan, create, find again, list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from wirepost.core.errors import NotAllowed, Rejected
from wirepost.core.money import Money
from wirepost.providers.stripe.arguments import (
    INTENT_LABEL,
    AccountId,
    Amount,
    CurrencyCode,
    MetadataItem,
    Moment,
    PaymentId,
    metadata_of,
    money_of,
    period_of,
    wrong,
)
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.models import Card, Refund, expanded, id_of, page_of
from wirepost.providers.stripe.tools.payments import Paid, read_payment, reference_of
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Page, Plan
from wirepost.tools.tool import Risk, tool

RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]

_ENDED_WELL = frozenset({"won", "warning_closed", "prevented"})
"""Dispute states in which the money is not contested any more."""

# https://docs.stripe.com/refunds: "5-10 business days" for cards; bank debits and wallets by method.
_ARRIVAL = {"card": "5 to 10 business days, depending on the bank", "sepa_debit": "3 to 4 business days"}


@dataclass(frozen=True)
class _Request:
    """One refund as it would be made: the payment, what was refunded, what is asked for."""

    paid: Paid
    refunded: int
    amount: Money
    disputes: tuple[str, ...]

    @property
    def total(self) -> Money:
        """What was collected."""
        return Money(self.paid.charge["amount_captured"], self.amount.currency)

    @property
    def remaining(self) -> Money:
        """What can still be refunded."""
        return Money(self.total.minor - self.refunded, self.amount.currency)


@tool(
    Risk.MONEY,
    scopes=["rak_charge_write", "rak_payment_intent_read", "rak_dispute_read"],
    example={
        "payment": "pi_NordlichtExample",
        "amount": "10.00",
        "currency": "eur",
        "intent": "refund-4711",
    },
    long_help="""
    Money goes back to the original payment method only. Without `amount` the whole remainder is
    refunded. `currency` must be the payment's own. Refused: more than the remainder, a payment under
    dispute, a payment older than the connection's refund window. A refund cannot be taken back once it
    succeeded.
    """,
)
async def stripe_create_refund(
    call: Call[StripeClient],
    *,
    payment: PaymentId,
    amount: Amount | None = None,
    currency: CurrencyCode | None = None,
    refund_reason: RefundReason | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Refund:
    """Refund a payment in full (no amount) or in part, to its original payment method."""
    api = call.api.on(account)
    asked = money_of(amount, currency)
    raw = await api.post(
        "/v1/refunds",
        key=call.key,
        **await reference_of(api, payment),
        amount=asked.minor if asked else None,
        reason=refund_reason,
        metadata=metadata_of(metadata, call.intent),
    )
    return Refund.read(raw)


@stripe_create_refund.plan
async def plan_refund(
    call: Call[StripeClient],
    *,
    payment: PaymentId,
    amount: Amount | None = None,
    currency: CurrencyCode | None = None,
    refund_reason: RefundReason | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Plan:
    """What the refund would do; refuses what must not be refunded."""
    api = call.api.on(account)
    metadata_of(metadata)
    asked = money_of(amount, currency)
    paid = await read_payment(api, payment)
    _check_collected(paid)
    disputes = await _open_disputes(api, paid)
    request = _request(paid, asked, disputes)
    _check_refundable(call, request)
    return _describe(call, request, refund_reason)


@stripe_create_refund.reconcile
async def find_refund(
    call: Call[StripeClient],
    *,
    payment: PaymentId,
    amount: Amount | None = None,
    currency: CurrencyCode | None = None,
    refund_reason: RefundReason | None = None,
    metadata: list[MetadataItem] | None = None,
    account: AccountId | None = None,
) -> Refund | None:
    """The refund that an earlier attempt made, from the payment's own list: search lags behind."""
    api = call.api.on(account)
    async for row in api.rows("/v1/refunds", **await reference_of(api, payment)):
        if expanded(row.get("metadata")).get(INTENT_LABEL) == call.intent:
            return Refund.read(row)
    return None


@tool(Risk.READ, scopes=["rak_charge_read"], example={"payment": "pi_NordlichtExample"})
async def stripe_list_refunds(
    call: Call[StripeClient],
    *,
    payment: PaymentId | None = None,
    created_after: Moment | None = None,
    account: AccountId | None = None,
) -> Page[Refund]:
    """List refunds, newest first, of one payment or of all."""
    api = call.api.on(account)
    reference = {} if payment is None else await reference_of(api, payment)
    raw = await api.get(
        "/v1/refunds",
        **reference,
        created=period_of(created_after, None, call.now),
        limit=call.limit,
        starting_after=call.position,
    )
    return page_of(Refund, raw)


def _check_collected(paid: Paid) -> None:
    charge = paid.charge
    if not charge or charge.get("status") != "succeeded" or not charge.get("captured"):
        message = f"Payment {paid.id} has collected nothing to refund (status {paid.raw['status']})"
        raise Rejected("conflict", message)


async def _open_disputes(api: StripeClient, paid: Paid) -> tuple[str, ...]:
    """States of the disputes in which the money is contested or already lost."""
    if not paid.charge.get("disputed"):
        return ()
    raw = await api.get("/v1/disputes", **paid.reference, limit=100)
    return tuple(sorted(row["status"] for row in raw["data"] if row["status"] not in _ENDED_WELL))


def _request(paid: Paid, asked: Money | None, disputes: tuple[str, ...]) -> _Request:
    charge = paid.charge
    refunded, currency = charge["amount_refunded"], charge["currency"]
    amount = asked or Money(charge["amount_captured"] - refunded, currency)
    if amount.currency != currency:
        raise wrong("currency", "must be the currency of the payment", [currency])
    return _Request(paid, refunded, amount, disputes)


def _check_refundable(call: Call[StripeClient], request: _Request) -> None:
    if request.disputes:
        raise Rejected(
            "conflict",
            f"The payment is disputed ({', '.join(request.disputes)}); a refund could pay the customer twice",
            hint="Read it with stripe_list_disputes and answer it with stripe_respond_dispute",
        )
    remaining = request.remaining
    if remaining.minor == 0:
        raise Rejected("conflict", f"Payment {request.paid.id} is already refunded in full")
    if not 0 < request.amount.minor <= remaining.minor:
        raise wrong(
            "amount",
            f"must be more than 0 and at most the remainder of {remaining.major} {remaining.currency}",
        )
    window = call.connection.options.money.refund_window_days if call.connection else None
    age = _age_days(call, request)
    if window is not None and age > window:
        raise NotAllowed(
            "forbidden_by_policy",
            f"The payment is {age} days old; this connection refunds payments of the last {window} days only",
        )


def _age_days(call: Call[StripeClient], request: _Request) -> int:
    return (call.now - _paid_at(request)).days


def _paid_at(request: _Request) -> datetime:
    return datetime.fromtimestamp(request.paid.charge["created"], UTC)


def _describe(call: Call[StripeClient], request: _Request, refund_reason: str | None) -> Plan:
    paid, amount, remaining = request.paid, request.amount, request.remaining
    left = Money(remaining.minor - amount.minor, amount.currency)
    method = Card.read(expanded(paid.charge.get("payment_method_details")))
    shown = " ".join(part for part in (method.brand, method.last4) if part) if method else ""
    target = shown or (method.type if method else "the original payment method")
    age = _age_days(call, request)
    return Plan(
        summary=f"Refund {amount.major} {amount.currency} of payment {paid.id} to {target}",
        effects=[
            Effect(
                what=f"Refunded part of the payment of {request.total.major} {amount.currency}",
                before=Money(request.refunded, amount.currency).major,
                after=Money(request.refunded + amount.minor, amount.currency).major,
            ),
            Effect(what="Still refundable", before=remaining.major, after=left.major),
            Effect(what=f"{amount.major} {amount.currency} arrives at {target} within {_arrival(method)}"),
        ],
        reversible=False,
        state=_state(request, refund_reason),
        money=amount,
        notes=(
            f"Customer: {id_of(paid.raw.get('customer')) or 'none'}",
            f"Paid {age} days ago",
            f"Dispute: {'closed in your favour' if paid.charge.get('disputed') else 'none'}",
            *([f"Reason told to Stripe: {refund_reason}"] if refund_reason else []),
        ),
    )


def _state(request: _Request, refund_reason: str | None) -> dict[str, Any]:
    return {
        "payment": request.paid.id,
        "charge": request.paid.charge["id"],
        "status": request.paid.charge["status"],
        "captured": request.total.minor,
        "refunded": request.refunded,
        "amount": request.amount.minor,
        "currency": request.amount.currency,
        "disputed": bool(request.paid.charge.get("disputed")),
        "reason": refund_reason,
    }


def _arrival(method: Card | None) -> str:
    return _ARRIVAL.get(method.type if method else "", "some days, depending on the payment method")
