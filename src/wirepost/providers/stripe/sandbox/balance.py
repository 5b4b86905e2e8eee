"""The balance: its transactions, the payouts that empty it, and what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from wirepost.core.money import CURRENCIES
from wirepost.providers.stripe.sandbox.forms import EXPAND, Span, Text, within
from wirepost.providers.stripe.sandbox.pages import DATED, created_in, listed
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Dispute, Payment

SETTLEMENT = "eur"
RATES = {"eur": 1.0, "usd": 0.91, "gbp": 1.15, "jpy": 0.0063, "kwd": 2.95}
"""Euros for one unit. The shop settles in euros, so every foreign charge is converted."""
AVAILABLE_AFTER_S = WEEK_S = 7 * 86400
MONDAY = 4 * 86400
"""The first one of the epoch, 1970-01-05."""
DISPUTE_FEE = 2000
_FEE_PERCENT, _FEE_FIXED = 1.5, 25


def settled(amount: int, currency: str) -> int:
    """Minor units of a currency as euro cents."""
    if currency == SETTLEMENT:
        return amount
    unit = CURRENCIES.get(currency)
    decimals = 2 if unit is None else unit.decimals
    cents: float = amount * RATES.get(currency, 1.0) * 100 / 10**decimals
    return round(cents)


def transaction(state: State, source: str, amount: int, currency: str, **known: Any) -> Row:
    """A movement of the balance; `amount` is in the minor units of `currency`."""
    kind, fee = known.pop("type"), known.pop("fee", 0)
    created = known.pop("created", None) or state.now
    gross = settled(amount, currency)
    fees = {"amount": fee, "application": None, "currency": SETTLEMENT, "type": "stripe_fee"}
    row = {
        "id": "",
        "object": "balance_transaction",
        "amount": gross,
        "available_on": created + (AVAILABLE_AFTER_S if kind == "charge" else 0),
        "balance_type": "payments",
        "created": created,
        "currency": SETTLEMENT,
        "description": None,
        "exchange_rate": None if currency == SETTLEMENT else RATES.get(currency, 1.0),
        "fee": fee,
        "fee_details": [{**fees, "description": "Stripe processing fees"}] if fee else [],
        "net": gross - fee,
        "reporting_category": "dispute" if kind == "adjustment" else kind,
        "source": source,
        "status": "",
        "type": kind,
        **known,
    }
    row["status"] = "available" if row["available_on"] <= state.now else "pending"
    return row


def charge_fee(amount: int, currency: str) -> int:
    """What a successful charge costs, in euro cents."""
    return round(settled(amount, currency) * _FEE_PERCENT / 100) + _FEE_FIXED


def charge_transaction(state: State, payment: Payment) -> Row:
    """The money of one successful payment."""
    return transaction(
        state,
        state.id_of("ch", payment.key),
        payment.amount,
        payment.currency,
        id=state.id_of("txn", payment.key),
        type="charge",
        fee=charge_fee(payment.amount, payment.currency),
        created=epoch(payment.created_at),
    )


def dispute_transactions(state: State, dispute: Dispute) -> list[Row]:
    """What a dispute took, and gave back when it was won."""
    payment = state.world.payment[dispute.payment]
    source, at = state.id_of("dp", dispute.key), epoch(dispute.created_at)
    parts = [(-payment.amount, DISPUTE_FEE, at, "taken")]
    if dispute.status == "won":
        parts.append((payment.amount, 0, at + 40 * 86400, "returned"))
    return [
        transaction(
            state,
            source,
            amount,
            payment.currency,
            id=state.id_of("txn", f"{dispute.key}-{what}"),
            type="adjustment",
            fee=fee,
            created=min(when, state.now),
            description="Chargeback withdrawal" if amount < 0 else "Chargeback reversal",
        )
        for amount, fee, when, what in parts
    ]


def _movements(state: State) -> Iterator[Row]:
    for payment in state.world.payments:
        if payment.status == "succeeded":
            yield charge_transaction(state, payment)
    for refund in state.world.refunds:
        yield transaction(
            state,
            state.id_of("re", refund.key),
            -refund.amount,
            state.world.payment[refund.payment].currency,
            id=state.id_of("txn", refund.key),
            type="refund",
            created=epoch(refund.created_at),
            description="REFUND FOR CHARGE",
        )
    for dispute in state.world.disputes:
        yield from dispute_transactions(state, dispute)


def _transactions(state: State) -> list[Row]:
    payouts = state.table("payouts").newest()
    return [*_movements(state), *(_of_payout(state, payout) for payout in payouts)]


def _of_payout(state: State, payout: Row) -> Row:
    return transaction(
        state,
        payout["id"],
        -payout["amount"],
        SETTLEMENT,
        id=payout["balance_transaction"],
        type="payout",
        created=payout["created"],
        description="STRIPE PAYOUT",
    )


def _is_in(payout: Row | None) -> Callable[[Row], bool]:
    """Did a movement go into the payout? Each Monday pays what became available in the week before."""
    if payout is None:
        return lambda _row: True
    monday = payout["created"]
    return lambda row: (
        row["source"] == payout["id"]
        or (row["type"] != "payout" and monday - WEEK_S <= row["available_on"] < monday)
    )


def _monday_after(at: int) -> int:
    return at - (at - MONDAY) % WEEK_S + WEEK_S


def _payouts(state: State) -> list[Row]:
    sums: dict[int, int] = {}
    for row in _movements(state):
        monday = _monday_after(row["available_on"])
        sums[monday] = sums.get(monday, 0) + row["net"]
    return [
        _payout(state, monday, amount)
        for monday, amount in sums.items()
        if monday <= state.now and amount > 0
    ]


def _payout(state: State, monday: int, amount: int) -> Row:
    arrival = monday + 2 * 86400
    return {
        "id": state.id_of("po", str(monday)),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": True,
        "balance_transaction": state.id_of("txn", f"payout-{monday}"),
        "created": monday,
        "currency": SETTLEMENT,
        "description": "STRIPE PAYOUT",
        "destination": state.id_of("ba", "main"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "paid" if arrival <= state.now else "in_transit",
        "trace_id": None,
        "type": "bank_account",
    }


def _balance(call: Call) -> Row:
    available = pending = 0
    for row in call.state.table("balance_transactions").newest():
        if row["available_on"] <= call.state.now:
            available += row["net"]
        else:
            pending += row["net"]
    return {
        "object": "balance",
        "available": [{"amount": available, "currency": SETTLEMENT, "source_types": {"card": available}}],
        "connect_reserved": [{"amount": 0, "currency": SETTLEMENT}],
        "livemode": False,
        "pending": [{"amount": pending, "currency": SETTLEMENT, "source_types": {"card": pending}}],
    }


def _list_transactions(call: Call) -> Row:
    given = call.given
    wanted = {name: given[name] for name in ("type", "source", "currency") if given.get(name)}
    payout = call.state.named("payouts", given["payout"], "payout") if given.get("payout") else None
    return listed(
        call,
        "balance_transactions",
        created_in(given),
        _is_in(payout),
        lambda row: all(row.get(name) == value for name, value in wanted.items()),
        kind="balance_transaction",
    )


def _get_transaction(call: Call) -> Row:
    return call.state.get("balance_transactions", call.id)


def _list_payouts(call: Call) -> Row:
    given = call.given
    arrival, status = given.get("arrival_date", {}), given.get("status")
    return listed(
        call,
        "payouts",
        created_in(given),
        lambda row: status in (None, row["status"]) and within(arrival, row["arrival_date"]),
        kind="payout",
    )


def _get_payout(call: Call) -> Row:
    return call.state.get("payouts", call.id, param="payout")


KINDS = {
    "balance_transactions": Kind("balance transaction", _transactions),
    "payouts": Kind("payout", _payouts),
}
_LIST = {**DATED, "currency": Text(), "payout": Text(), "source": Text(), "type": Text()}
_PAYOUT_LIST = {**DATED, "arrival_date": Span(), "status": Text()}
ROUTES = [
    Route("GET", "/v1/balance", _balance, "rak_balance_read", {"expand": EXPAND}),
    Route("GET", "/v1/balance_transactions", _list_transactions, "rak_balance_transaction_read", _LIST),
    Route(
        "GET",
        "/v1/balance_transactions/{id}",
        _get_transaction,
        "rak_balance_transaction_read",
        {"expand": EXPAND},
    ),
    Route("GET", "/v1/payouts", _list_payouts, "rak_payout_read", _PAYOUT_LIST),
    Route("GET", "/v1/payouts/{payout}", _get_payout, "rak_payout_read", {"expand": EXPAND}),
]
