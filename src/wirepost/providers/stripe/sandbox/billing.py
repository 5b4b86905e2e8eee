"""What happens to an invoice: finalised, paid, sent, voided, given up."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.balance import charge_fee, transaction
from wirepost.providers.stripe.sandbox.errors import StripeError, declined
from wirepost.providers.stripe.sandbox.invoice_rows import (
    invoice_row,
    links,
    payment_row,
    subscription_of,
    totals,
)
from wirepost.providers.stripe.sandbox.lines import embedded, line_of_item, lines_of
from wirepost.providers.stripe.sandbox.payment_rows import charge_row, decline_error, intent_row
from wirepost.providers.stripe.sandbox.state import State
from wirepost.providers.stripe.sandbox.tables import Row

DECLINE = "insufficient_funds"


def draft(state: State, customer: Row, **known: Any) -> Row:
    """A new draft."""
    return state.table("invoices").add(invoice_row(state, customer, id=state.new_id("in"), **known))


def attach(state: State, invoice_id: str, item: Row) -> None:
    """Put an invoice item on a draft."""
    attached = state.table("invoiceitems").change(item["id"], invoice=invoice_id)
    add_line(state, invoice_id, line_of_item(state, attached, state.new_id("il")))


def add_line(state: State, invoice_id: str, line: Row) -> None:
    """Put a line on an invoice."""
    state.table("lines").add({**line, "invoice": invoice_id})
    refresh(state, invoice_id)


def refresh(state: State, invoice_id: str) -> Row:
    """Sum an invoice up again after its lines changed."""
    rows = lines_of(state, invoice_id)
    return state.table("invoices").change(invoice_id, lines=embedded(invoice_id, rows), **totals(rows))


def finalize(state: State, row: Row) -> Row:
    """Give an invoice its number; from now on it cannot be edited. Nothing due means paid."""
    if row["status"] != "draft":
        message = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        raise StripeError(message, code="invoice_not_editable")
    numbered = sum(1 for invoice in state.world.invoices if invoice.number)
    is_settled = row["amount_due"] == 0
    return state.table("invoices").change(
        row["id"],
        effective_at=state.now,
        ending_balance=0,
        number=f"NORD-{state.number('invoice', numbered):05}",
        status="paid" if is_settled else "open",
        status_transitions={
            **row["status_transitions"],
            "finalized_at": state.now,
            "paid_at": state.now if is_settled else None,
        },
        **links(row["id"]),
    )


def send(state: State, row: Row) -> Row:
    """E-mail an invoice to its customer; a draft is finalised first."""
    if row["collection_method"] != "send_invoice":
        message = "You can only manually send an invoice if its collection method is set to `send_invoice`."
        raise StripeError(message)
    if not row["customer_email"]:
        message = (
            "Missing email. In order to create invoices that are sent to the customer, the customer must "
            "have a valid email."
        )
        raise StripeError(message)
    if row["status"] == "draft":
        row = finalize(state, row)
    if row["status"] not in ("open", "paid"):
        message = f"Invoice {row['id']} is {row['status']}; it cannot be sent."
        raise StripeError(message)
    state.changes.tell("invoice.sent", row)
    return row


def void(state: State, row: Row) -> Row:
    """Take an invoice back for good."""
    if row["status"] not in ("open", "uncollectible"):
        message = f"You can only void open or uncollectible invoices. Invoice {row['id']} is {row['status']}."
        raise StripeError(message)
    return _ended(state, row, "void", "voided_at")


def give_up(state: State, row: Row) -> Row:
    """Stop expecting the money."""
    if row["status"] != "open":
        message = f"You can only mark open invoices as uncollectible. Invoice {row['id']} is {row['status']}."
        raise StripeError(message)
    return _ended(state, row, "uncollectible", "marked_uncollectible_at")


def pay(state: State, row: Row, *, method: str | None = None, is_outside: bool = False) -> Row:
    """Collect the money: from a saved card, or note that it came another way."""
    if row["status"] == "draft":
        row = finalize(state, row)
    if row["status"] == "paid":
        message = "Invoice is already paid"
        raise StripeError(message)
    if row["status"] == "void":
        message = f"Invoice {row['id']} is void and can't be paid."
        raise StripeError(message)
    if not is_outside:
        _charge(state, row, method)
    settle(state, row)
    paid = _ended(state, row, "paid", "paid_at")
    return state.table("invoices").change(
        paid["id"],
        amount_paid=row["amount_due"],
        amount_remaining=0,
        attempt_count=row["attempt_count"] + (not is_outside),
        attempted=row["attempted"] or not is_outside,
        auto_advance=False,
        next_payment_attempt=None,
    )


def settle(state: State, row: Row) -> None:
    """A subscription whose last bill is paid runs again."""
    subscription = subscription_of(row)
    found = state.table("subscriptions").find(subscription) if subscription else None
    if found and found["status"] == "past_due":
        state.table("subscriptions").change(found["id"], status="active")
        state.table("customers").change(found["customer"], delinquent=False)


def refusal(state: State, customer: str) -> str | None:
    """Why the bank would refuse the saved card of a customer: cards that failed lately fail again."""
    return DECLINE if state.get("customers", customer)["delinquent"] else None


def _charge(state: State, row: Row, method_id: str | None) -> None:
    customer = state.get("customers", row["customer"])
    chosen = method_id or row["default_payment_method"]
    chosen = chosen or customer["invoice_settings"]["default_payment_method"]
    if not chosen:
        message = (
            "There is no `default_payment_method` set on this Customer or Invoice. Please set one, or pass "
            "a `payment_method`."
        )
        raise StripeError(message)
    method = state.named("payment_methods", chosen, "payment_method")
    refused = refusal(state, customer["id"])
    intent, charge, moved = state.new_id("pi"), state.new_id("ch"), state.new_id("txn")
    amount, currency = row["amount_remaining"], row["currency"]
    state.table("charges").add(
        charge_row(
            state,
            method,
            id=charge,
            amount=amount,
            balance_transaction=None if refused else moved,
            currency=currency,
            customer=customer["id"],
            decline=refused,
            description="Payment for Invoice",
            payment_intent=intent,
        )
    )
    state.table("payment_intents").add(
        intent_row(
            state,
            id=intent,
            amount=amount,
            amount_received=0 if refused else amount,
            currency=currency,
            customer=customer["id"],
            description="Payment for Invoice",
            last_payment_error=decline_error(refused, charge) if refused else None,
            latest_charge=charge,
            payment_method=None if refused else method["id"],
            status="requires_payment_method" if refused else "succeeded",
        )
    )
    tie = payment_row(
        state,
        id=state.new_id("inpay"),
        amount=amount,
        intent=intent,
        is_paid=not refused,
        invoice=row["id"],
        currency=currency,
    )
    state.table("invoice_payments").add(tie)
    if refused:
        tries = row["attempt_count"] + 1
        state.table("invoices").change(row["id"], attempted=True, attempt_count=tries)
        raise declined(refused, charge)
    fee = charge_fee(amount, currency)
    state.table("balance_transactions").add(
        transaction(state, charge, amount, currency, id=moved, type="charge", fee=fee)
    )


def _ended(state: State, row: Row, status: str, moment: str) -> Row:
    return state.table("invoices").change(
        row["id"],
        auto_advance=False,
        status=status,
        status_transitions={**row["status_transitions"], moment: state.now},
    )
