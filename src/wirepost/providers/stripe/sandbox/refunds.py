"""Refunds, and what they change at charges and in the balance."""

from __future__ import annotations

from typing import Any

from wirepost.core.money import CURRENCIES, Money
from wirepost.providers.stripe.sandbox.balance import transaction
from wirepost.providers.stripe.sandbox.errors import StripeError, missing_parameter
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Choice,
    Param,
    Text,
    Whole,
    merge_metadata,
)
from wirepost.providers.stripe.sandbox.pages import DATED, created_in, listed
from wirepost.providers.stripe.sandbox.payment_rows import charge_id, intent_id
from wirepost.providers.stripe.sandbox.payments import charge_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row


def refund_row(state: State, **known: Any) -> Row:
    """A refund to a card, with Stripe's defaults."""
    return {
        "id": "",
        "object": "refund",
        "amount": 0,
        "balance_transaction": None,
        "charge": None,
        "created": state.now,
        "currency": "eur",
        "customer": None,
        "customer_account": None,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": {},
        "payment_intent": None,
        "payment_method": None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **known,
    }


def _refunds(state: State) -> list[Row]:
    rows = []
    for refund in state.world.refunds:
        payment = state.world.payment[refund.payment]
        rows.append(
            refund_row(
                state,
                id=state.id_of("re", refund.key),
                amount=refund.amount,
                balance_transaction=state.id_of("txn", refund.key),
                charge=charge_id(state, payment.key),
                created=epoch(refund.created_at),
                currency=payment.currency,
                customer=state.id_of("cus", payment.person),
                payment_intent=intent_id(state, payment.key),
                payment_method=state.id_of("pm", payment.person),
                reason=refund.reason,
            )
        )
    return rows


def _create(call: Call) -> Row:
    charge = _refundable(call)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = call.given.get("amount", left)
    _check_amount(amount, left, charge)
    return give_back(
        call.state,
        charge,
        amount,
        metadata=merge_metadata({}, call.given.get("metadata", {})),
        reason=call.given.get("reason"),
    )


def give_back(state: State, charge: Row, amount: int, **known: Any) -> Row:
    """Refund a part of a charge, with all that follows from it."""
    refund_id, moved = state.new_id("re"), state.new_id("txn")
    state.table("balance_transactions").add(
        transaction(
            state,
            refund_id,
            -amount,
            charge["currency"],
            id=moved,
            type="refund",
            description="REFUND FOR CHARGE",
        )
    )
    refunded = charge["amount_refunded"] + amount
    state.table("charges").change(
        charge["id"], amount_refunded=refunded, refunded=refunded == charge["amount_captured"]
    )
    return state.table("refunds").add(
        refund_row(
            state,
            id=refund_id,
            amount=amount,
            balance_transaction=moved,
            charge=charge["id"],
            currency=charge["currency"],
            customer=charge["customer"],
            payment_intent=charge["payment_intent"],
            payment_method=charge["payment_method"],
            **known,
        )
    )


def _refundable(call: Call) -> Row:
    given, state = call.given, call.state
    if given.get("payment_intent") and given.get("charge"):
        message = "You may only specify one of these parameters: charge, payment_intent."
        raise StripeError(message, code="parameters_exclusive")
    charge: Row | None
    if intent := given.get("payment_intent"):
        charge = charge_of(state, state.named("payment_intents", intent, "payment_intent"))
        if charge is None:
            message = f"This PaymentIntent ({intent}) does not have a successful charge to refund."
            raise StripeError(message, param="payment_intent")
    elif given.get("charge"):
        charge = state.named("charges", given["charge"], "charge")
        if not charge["paid"]:
            message = f"Charge {charge['id']} has not been paid, so it cannot be refunded."
            raise StripeError(message, param="charge")
    else:
        raise missing_parameter("payment_intent or charge")
    if _is_contested(state, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise StripeError(message, code="charge_disputed")
    if charge["refunded"]:
        message = f"Charge {charge['id']} has already been refunded."
        raise StripeError(message, code="charge_already_refunded")
    return charge


def _is_contested(state: State, charge: Row) -> bool:
    """A dispute that was won leaves the money here; every other one has taken it."""
    return any(row["status"] != "won" for row in state.table("disputes").newest(charge=charge["id"]))


def _check_amount(amount: int, left: int, charge: Row) -> None:
    currency = charge["currency"]
    if amount > left:
        asked, free = (f"{Money(value, currency).major} {currency}" for value in (amount, left))
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({free})"
        raise StripeError(message, param="amount")
    unit = CURRENCIES.get(currency)
    if unit and amount % unit.step:
        message = f"Invalid amount: {currency} amounts must be divisible by {unit.step}"
        raise StripeError(message, param="amount")


def _list(call: Call) -> Row:
    given = call.given
    return listed(
        call,
        "refunds",
        created_in(given),
        kind="refund",
        charge=given.get("charge"),
        payment_intent=given.get("payment_intent"),
    )


def _get(call: Call) -> Row:
    return call.state.get("refunds", call.id, param="refund")


def _update(call: Call) -> Row:
    row = call.state.get("refunds", call.id, param="refund")
    metadata = merge_metadata(row["metadata"], call.given.get("metadata", {}))
    return call.state.table("refunds").change(call.id, metadata=metadata)


KINDS = {
    "refunds": Kind(
        "refund",
        _refunds,
        {"charge": lambda row: row["charge"], "payment_intent": lambda row: row["payment_intent"]},
    )
}
_CREATE: dict[str, Param] = {
    "amount": Whole(1),
    "charge": Text(),
    "expand": EXPAND,
    "metadata": METADATA,
    "payment_intent": Text(),
    "reason": Choice("duplicate", "fraudulent", "requested_by_customer"),
}
ROUTES = [
    Route(
        "GET", "/v1/refunds", _list, "rak_charge_read", {**DATED, "charge": Text(), "payment_intent": Text()}
    ),
    Route("POST", "/v1/refunds", _create, "rak_charge_write", _CREATE),
    Route("GET", "/v1/refunds/{refund}", _get, "rak_charge_read", {"expand": EXPAND}),
    Route(
        "POST", "/v1/refunds/{refund}", _update, "rak_charge_write", {"expand": EXPAND, "metadata": METADATA}
    ),
]
