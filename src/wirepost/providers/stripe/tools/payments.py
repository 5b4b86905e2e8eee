"""Payments: list them, read one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.stripe.arguments import (
    AccountId,
    Amount,
    CurrencyCode,
    CustomerId,
    Moment,
    PaymentId,
    epoch_of,
    money_at,
    period_of,
    wrong,
)
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.encoding import all_of, compared, equals
from wirepost.providers.stripe.models import Payment, expanded, found_of, id_of, page_of
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool

PaymentStatus = Literal[
    "succeeded",
    "processing",
    "requires_action",
    "requires_capture",
    "requires_confirmation",
    "requires_payment_method",
    "canceled",
]
WITH_CHARGE = ["latest_charge.balance_transaction"]


@dataclass(frozen=True)
class Paid:
    """A payment as Stripe holds it: an intent with its charge, or an old charge without an intent."""

    raw: dict[str, Any]

    @property
    def id(self) -> str:
        """Id of the intent, or of the charge where there is none."""
        return str(self.raw["id"])

    @property
    def charge(self) -> dict[str, Any]:
        """The charge that collected the money; empty when nothing was ever charged."""
        return self.raw if self.raw["object"] == "charge" else dict(expanded(self.raw.get("latest_charge")))

    @property
    def reference(self) -> dict[str, str]:
        """The parameter by which other endpoints name this payment."""
        return {"charge" if self.raw["object"] == "charge" else "payment_intent": self.id}


async def read_payment(api: StripeClient, payment: str) -> Paid:
    """The payment behind a payment intent, charge or invoice id."""
    prefix = payment.partition("_")[0]
    if prefix == "pi":
        return Paid(await api.get(f"/v1/payment_intents/{payment}", expand=WITH_CHARGE))
    if prefix in {"ch", "py"}:
        charge = await api.get(f"/v1/charges/{payment}", expand=["balance_transaction"])
        intent = id_of(charge.get("payment_intent"))
        return await read_payment(api, intent) if intent else Paid(charge)
    if prefix == "in":
        return await read_payment(api, await _payment_of_invoice(api, payment))
    raise _no_payment()


async def reference_of(api: StripeClient, payment: str) -> dict[str, str]:
    """The parameter by which other endpoints name a payment; only an invoice must be looked up for it."""
    prefix = payment.partition("_")[0]
    if prefix == "in":
        return await reference_of(api, await _payment_of_invoice(api, payment))
    if prefix not in {"pi", "ch", "py"}:
        raise _no_payment()
    return {"payment_intent" if prefix == "pi" else "charge": payment}


def _no_payment() -> InvalidCall:
    return wrong("payment", "must be a pi_, ch_, py_ or in_ id")


async def _payment_of_invoice(api: StripeClient, invoice: str) -> str:
    found = payment_in_invoice(await api.get(f"/v1/invoices/{invoice}", expand=["payments"]))
    if found is None:
        raise Rejected("not_found", "The invoice has no payment through Stripe")
    return found


def payment_in_invoice(raw: Mapping[str, Any]) -> str | None:
    """Who paid an invoice: it has a list of payments; a paid one counts, else the default one."""
    payments = expanded(raw.get("payments")).get("data", [])
    for row in sorted(payments, key=lambda row: (row.get("status") != "paid", not row.get("is_default"))):
        target = expanded(row.get("payment"))
        found = id_of(target.get("payment_intent")) or id_of(target.get("charge"))
        if found:
            return found
    return None


@tool(
    Risk.READ,
    scopes=["rak_payment_intent_read"],
    example={"customer": "cus_NordlichtExample", "created_after": "-30d"},
    long_help="""
    Without `status` and amounts this is a plain list, newest first, and always up to date. With
    `status` or an amount Stripe's search is used, which may lag up to a minute behind and must not
    decide whether a payment happened. `amount_min` and `amount_max` need `currency`.
    """,
)
async def stripe_list_payments(
    call: Call[StripeClient],
    *,
    customer: CustomerId | None = None,
    status: PaymentStatus | None = None,
    created_after: Moment | None = None,
    created_before: str | None = None,
    amount_min: Amount | None = None,
    amount_max: str | None = None,
    currency: CurrencyCode | None = None,
    account: AccountId | None = None,
) -> Page[Payment]:
    """List payments, newest first. Filters on status or amount lag up to a minute."""
    api = call.api.on(account)
    if status is None and amount_min is None and amount_max is None and currency is None:
        raw = await api.get(
            "/v1/payment_intents",
            customer=customer,
            created=period_of(created_after, created_before, call.now),
            limit=call.limit,
            starting_after=call.position,
            expand=["data.latest_charge"],
        )
        return page_of(Payment, raw)
    bounds = [_bound(amount_min, "amount_min", currency), _bound(amount_max, "amount_max", currency)]
    query = all_of(
        [
            equals("status", status) if status else None,
            equals("customer", customer) if customer else None,
            equals("currency", currency.lower()) if currency else None,
            compared("amount", ">=", bounds[0]),
            compared("amount", "<=", bounds[1]),
            compared("created", ">=", epoch_of(created_after, now=call.now, path="created_after")),
            compared("created", "<", epoch_of(created_before, now=call.now, path="created_before")),
        ]
    )
    raw = await api.get(
        "/v1/payment_intents/search",
        query=query,
        limit=call.limit,
        page=call.position,
        expand=["data.latest_charge"],
    )
    return found_of(Payment, raw)


def _bound(amount: str | None, name: str, currency: str | None) -> int | None:
    if amount is None:
        return None
    if currency is None:
        raise wrong("currency", f"is required together with {name}")
    return money_at(name, amount, currency).minor


@tool(
    Risk.READ,
    scopes=["rak_payment_intent_read", "rak_charge_read"],
    example={"payment": "pi_NordlichtExample"},
)
async def stripe_get_payment(
    call: Call[StripeClient], *, payment: PaymentId, account: AccountId | None = None
) -> Payment:
    """Get one payment: status, amount, refunds, dispute, card, fee. Accepts an invoice or charge id."""
    return Payment.read((await read_payment(call.api.on(account), payment)).raw)
