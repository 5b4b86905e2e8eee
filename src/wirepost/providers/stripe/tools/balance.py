"""The account's money: balance and the transactions behind it."""

from __future__ import annotations

from typing import Annotated, Any

from wirepost.core.times import from_epoch
from wirepost.providers.stripe.arguments import AccountId, Moment, period_of
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.models import Json, StripeRecord, id_of, money, page_of
from wirepost.tools.context import Call
from wirepost.tools.results import DETAIL, Page, Result, Untrusted
from wirepost.tools.tool import Risk, tool


class Funds(Result):
    """Money in one currency."""

    amount: str
    amount_minor: int
    currency: str


class Balance(Result):
    """What the account holds, by currency."""

    available: list[Funds]
    pending: list[Funds]
    instant_available: list[Funds] | None = None
    connect_reserved: Annotated[list[Funds] | None, DETAIL] = None

    @classmethod
    def read(cls, raw: Json) -> Balance:
        """From Stripe's own form."""
        parts = ("available", "pending", "instant_available", "connect_reserved")
        return cls.model_validate({part: _funds(raw[part]) for part in parts if raw.get(part) is not None})


def _funds(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**money("amount", row["amount"], row["currency"]), "currency": row["currency"]} for row in rows]


class Transaction(StripeRecord):
    """One movement of the balance."""

    type: str
    amount: str
    amount_minor: int
    fee: str | None = None
    fee_minor: int | None = None
    net: str | None = None
    net_minor: int | None = None
    currency: str
    status: str | None = None
    source: str | None = None
    created_at: str | None = None
    available_at: str | None = None
    reporting_category: Annotated[str | None, DETAIL] = None
    description: Annotated[Untrusted | None, DETAIL] = None

    @classmethod
    def shown(cls, raw: Json) -> dict[str, Any]:
        """Field → value."""
        currency = raw["currency"]
        names = ("id", "type", "currency", "status", "reporting_category", "description")
        return {
            **{name: raw.get(name) for name in names},
            **money("amount", raw["amount"], currency),
            **money("fee", raw.get("fee"), currency),
            **money("net", raw.get("net"), currency),
            "source": id_of(raw.get("source")),
            "created_at": from_epoch(raw.get("created")),
            "available_at": from_epoch(raw.get("available_on")),
        }


@tool(Risk.READ, scopes=["rak_balance_read"])
async def stripe_get_balance(call: Call[StripeClient], *, account: AccountId | None = None) -> Balance:
    """Get the account balance: available and pending, by currency."""
    return Balance.read(await call.api.on(account).get("/v1/balance"))


@tool(
    Risk.READ,
    scopes=["rak_balance_transaction_read"],
    example={"type": "refund", "created_after": "-7d"},
    long_help="""
    Every movement of the balance: charges, refunds, fees, disputes (`adjustment`), payouts. `type` is
    one of Stripe's own names, such as `charge`, `refund`, `adjustment`, `stripe_fee`, `payout`. With
    `payout` (`po_…`) exactly the movements that went into it.
    """,
)
async def stripe_list_transactions(
    call: Call[StripeClient],
    *,
    type: str | None = None,  # noqa: A002 - the vendor's word, and the argument's public name
    payout: str | None = None,
    created_after: Moment | None = None,
    created_before: str | None = None,
    account: AccountId | None = None,
) -> Page[Transaction]:
    """List balance transactions, newest first: charges, refunds, fees, payouts."""
    raw = await call.api.on(account).get(
        "/v1/balance_transactions",
        type=type,
        payout=payout,
        created=period_of(created_after, created_before, call.now),
        limit=call.limit,
        starting_after=call.position,
    )
    return page_of(Transaction, raw)
