"""Invoices as Stripe shows them, those of the world among them."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.lines import embedded, lines_of
from wirepost.providers.stripe.sandbox.pages import list_of
from wirepost.providers.stripe.sandbox.state import State, epoch, epoch_or_none
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Invoice
from wirepost.sandbox.world import NAME

HOSTED = "https://invoice.stripe.com/i/acct_1NordlichtShop/test_"


def invoice_row(state: State, customer: Row, **known: Any) -> Row:
    """An invoice with Stripe's defaults, addressed to a customer."""
    created = known.get("created", state.now)
    return {
        "id": "",
        "object": "invoice",
        "account_country": "DE",
        "account_name": NAME,
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": None,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": created,
        "currency": "eur",
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": None,
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": embedded(known["id"], []),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": created,
        "period_start": created,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": created,
        **known,
    }


def totals(rows: list[Row], *, paid: int = 0) -> Row:
    """The sums of an invoice; there is no tax in this shop. A negative total is due as zero."""
    total = sum(row["amount"] for row in rows)
    due = max(total, 0)
    return {
        "amount_due": due,
        "amount_paid": paid,
        "amount_remaining": due - paid,
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }


def links(invoice_id: str) -> Row:
    """Where a customer sees and pays a finalised invoice."""
    hosted = HOSTED + invoice_id[3:]
    return {"hosted_invoice_url": hosted, "invoice_pdf": f"{hosted}/pdf?s=ap"}


def subscription_details(subscription: str) -> Row:
    """`parent` of an invoice for a subscription (its place since API version 2025-03-31)."""
    return {
        "quote_details": None,
        "subscription_details": {"metadata": {}, "subscription": subscription},
        "type": "subscription_details",
    }


def subscription_of(row: Row) -> str | None:
    """The subscription an invoice is for."""
    parent = row["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


def world_invoices(state: State) -> list[Row]:
    """The invoices of the world."""
    first: set[str] = set()
    rows = []
    for invoice in state.world.invoices:
        rows.append(_invoice(state, invoice, is_first=invoice.subscription not in first))
        first.add(invoice.subscription or "")
    return rows


def _invoice(state: State, invoice: Invoice, *, is_first: bool) -> Row:
    invoice_id, created = state.id_of("in", invoice.key), epoch(invoice.created_at)
    lines = lines_of(state, invoice_id)
    customer = state.get("customers", state.id_of("cus", invoice.person))
    settled = epoch_or_none(invoice.settled_at)
    is_draft = invoice.status == "draft"
    is_tried = bool(invoice.payment)
    known: Row = {
        "attempt_count": int(is_tried),
        "attempted": is_tried,
        "collection_method": "send_invoice",
        "description": invoice.note or None,
        "due_date": epoch_or_none(invoice.due_at) or created + 30 * 86400,
        **totals(lines, paid=invoice.total if invoice.status == "paid" else 0),
        **({} if is_draft else links(invoice_id)),
    }
    if invoice.subscription:
        known |= {
            "auto_advance": invoice.status == "open",
            "billing_reason": "subscription_create" if is_first else "subscription_cycle",
            "collection_method": "charge_automatically",
            "due_date": None,
            "next_payment_attempt": state.now + 86400 if invoice.status == "open" else None,
            "parent": subscription_details(state.id_of("sub", invoice.subscription)),
        }
    return invoice_row(
        state,
        customer,
        id=invoice_id,
        created=created,
        currency=invoice.currency,
        effective_at=None if is_draft else created,
        ending_balance=None if is_draft else 0,
        lines=embedded(invoice_id, lines),
        number=invoice.number,
        status=invoice.status,
        status_transitions={
            "finalized_at": None if is_draft else created,
            "marked_uncollectible_at": settled if invoice.status == "uncollectible" else None,
            "paid_at": settled if invoice.status == "paid" else None,
            "voided_at": settled if invoice.status == "void" else None,
        },
        **known,
    )


def world_payments(state: State) -> list[Row]:
    """Which payment belongs to which invoice."""
    world = state.world
    return [
        payment_row(
            state,
            id=state.id_of("inpay", invoice.key),
            amount=invoice.total,
            created=epoch(world.payment[invoice.payment].created_at),
            currency=invoice.currency,
            intent=state.id_of("pi", invoice.payment),
            invoice=state.id_of("in", invoice.key),
            is_paid=invoice.status == "paid",
        )
        for invoice in world.invoices
        if invoice.payment
    ]


def payment_row(state: State, *, amount: int, intent: str, is_paid: bool, **known: Any) -> Row:
    """The tie between an invoice and a payment intent."""
    created = known.get("created", state.now)
    return {
        "object": "invoice_payment",
        "amount_paid": amount if is_paid else None,
        "amount_requested": amount,
        "created": created,
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent, "type": "payment_intent"},
        "status": "paid" if is_paid else "open",
        "status_transitions": {"canceled_at": None, "paid_at": created if is_paid else None},
        **known,
    }


def payments_of(state: State, row: Row) -> Row:
    """What `expand[]=payments` adds to an invoice."""
    found = list(state.table("invoice_payments").newest(invoice=row["id"]))
    return list_of(found, f"/v1/invoice_payments?invoice={row['id']}")
