"""Payment intents and charges as Stripe shows them, those of the world among them."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.customers import billing_of, card_row, customer_id, method_id
from wirepost.providers.stripe.sandbox.errors import DOCS, declined
from wirepost.providers.stripe.sandbox.state import State, epoch
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Payment, Person

STATUS = {"succeeded": "succeeded", "failed": "requires_payment_method", "canceled": "canceled"}
"""Outcome of a payment → status of its intent (https://docs.stripe.com/payments/paymentintents/lifecycle)."""


def intent_id(state: State, payment: str) -> str:
    """The intent of a payment."""
    return state.id_of("pi", payment)


def charge_id(state: State, payment: str) -> str:
    """The charge of a payment that reached the bank."""
    return state.id_of("ch", payment)


def intent_row(state: State, **known: Any) -> Row:
    """A payment intent with Stripe's defaults; this API version has no `payment_method_types`."""
    return {
        "id": "",
        "object": "payment_intent",
        "allowed_payment_method_types": None,
        "amount": 0,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{known['id']}_secret_{state.id_of('sec', known['id'])[4:]}",
        "confirmation_method": "automatic",
        "created": known.get("created") or state.now,
        "currency": "eur",
        "customer": None,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **known,
    }


def charge_row(state: State, method: Row, **known: Any) -> Row:
    """A charge to a saved card, with Stripe's defaults; `decline` makes it a failed one."""
    decline = known.pop("decline", None)
    amount = known["amount"]
    is_paid = decline is None
    return {
        "id": "",
        "object": "charge",
        "amount_captured": amount if is_paid else 0,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "NORDLICHT SHOP",
        "captured": is_paid,
        "created": known.get("created") or state.now,
        "customer": method["customer"],
        "description": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None if is_paid else declined(decline).code,
        "failure_message": None if is_paid else declined(decline).message,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": _outcome(decline),
        "paid": is_paid,
        "payment_intent": None,
        "payment_method": method["id"],
        "payment_method_details": {"card": _paid_card(method["card"], amount), "type": "card"},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded" if is_paid else "failed",
        "transfer_data": None,
        "transfer_group": None,
        **known,
    }


def decline_error(decline: str, charge: str) -> Row:
    """The error that a payment intent remembers."""
    error = declined(decline)
    return {
        "charge": charge,
        "code": error.code,
        "decline_code": decline,
        "doc_url": DOCS + str(error.code).replace("_", "-"),
        "message": error.message,
        "type": "card_error",
    }


def _outcome(decline: str | None) -> Row:
    return {
        "advice_code": None if decline is None else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None if decline is None else "51",
        "network_status": "approved_by_network" if decline is None else "declined_by_network",
        "reason": decline,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": "Payment complete." if decline is None else "The bank declined the payment.",
        "type": "authorized" if decline is None else "issuer_declined",
    }


def _paid_card(card: Row, amount: int) -> Row:
    return {
        "amount_authorized": amount,
        "authorization_code": None,
        "brand": card["brand"],
        "checks": card["checks"],
        "country": card["country"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
        "extended_authorization": {"status": "disabled"},
        "fingerprint": card["fingerprint"],
        "funding": card["funding"],
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "last4": card["last4"],
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": card["brand"],
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "transaction_link_id": None,
        "wallet": None,
    }


def _description(state: State, payment: Payment) -> str:
    if payment.order:
        return f"Order {state.world.order[payment.order].number}"
    return "Payment for Invoice"


def _metadata(state: State, payment: Payment) -> dict[str, str]:
    if not payment.order:
        return {}
    order = state.world.order[payment.order]
    return {"order": order.number, **({"gift_note": order.note} if order.note else {})}


def world_intents(state: State) -> list[Row]:
    """The payment intents of the world."""
    return [_intent(state, payment) for payment in state.world.payments]


def _intent(state: State, payment: Payment) -> Row:
    reached_bank = payment.status != "canceled"
    at, charge = epoch(payment.created_at), charge_id(state, payment.key)
    return intent_row(
        state,
        id=intent_id(state, payment.key),
        amount=payment.amount,
        amount_received=payment.amount if payment.status == "succeeded" else 0,
        canceled_at=at + 3600 if payment.status == "canceled" else None,
        cancellation_reason="abandoned" if payment.status == "canceled" else None,
        created=at,
        currency=payment.currency,
        customer=customer_id(state, payment.person),
        description=_description(state, payment),
        last_payment_error=decline_error(payment.decline, charge) if payment.decline else None,
        latest_charge=charge if reached_bank else None,
        metadata=_metadata(state, payment),
        payment_method=method_id(state, payment.person) if payment.status == "succeeded" else None,
        status=STATUS[payment.status],
    )


def world_charges(state: State) -> list[Row]:
    """The charges of the world: what reached a bank."""
    refunded: dict[str, int] = {}
    for refund in state.world.refunds:
        refunded[refund.payment] = refunded.get(refund.payment, 0) + refund.amount
    disputed = {dispute.payment for dispute in state.world.disputes}
    cards = {person.key: _method(state, person) for person in state.world.people}
    return [
        _charge(state, payment, cards[payment.person], refunded.get(payment.key, 0), payment.key in disputed)
        for payment in state.world.payments
        if payment.status != "canceled"
    ]


def _method(state: State, person: Person) -> Row:
    return {
        "id": method_id(state, person.key),
        "customer": customer_id(state, person.key),
        "billing_details": billing_of(person),
        "card": card_row(state, person.card),
    }


def _charge(state: State, payment: Payment, method: Row, refunded: int, is_disputed: bool) -> Row:  # noqa: FBT001
    return charge_row(
        state,
        method,
        id=charge_id(state, payment.key),
        amount=payment.amount,
        amount_refunded=refunded,
        balance_transaction=state.id_of("txn", payment.key) if payment.status == "succeeded" else None,
        created=epoch(payment.created_at),
        currency=payment.currency,
        decline=payment.decline,
        description=_description(state, payment),
        disputed=is_disputed,
        metadata=_metadata(state, payment),
        payment_intent=intent_id(state, payment.key),
        refunded=refunded == payment.amount,
    )
