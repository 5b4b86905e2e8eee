"""Lines of invoices, and the items they come from."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.pages import list_of
from wirepost.providers.stripe.sandbox.state import State, epoch, epoch_or_none
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Invoice, Line

EMBEDDED = 10
"""So many lines come with an invoice; the others have their own list."""


def line_row(state: State, **known: Any) -> Row:
    """A line with Stripe's defaults."""
    at = known.pop("at", None) or state.now
    return {
        "id": "",
        "object": "line_item",
        "amount": 0,
        "currency": "eur",
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"end": at, "start": at},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": str(known.get("quantity", 1)),
        "subscription": None,
        "subtotal": known.get("amount", 0),
        "taxes": [],
        **known,
    }


def item_row(state: State, **known: Any) -> Row:
    """An invoice item with Stripe's defaults."""
    return {
        "id": "",
        "object": "invoiceitem",
        "amount": 0,
        "currency": "eur",
        "customer": "",
        "customer_account": None,
        "date": state.now,
        "description": None,
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": known.get("amount", 0),
        "parent": None,
        "period": {"end": state.now, "start": state.now},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "quantity_decimal": str(known.get("quantity", 1)),
        "tax_rates": [],
        "test_clock": None,
        **known,
    }


def pricing_of(price: Row | None, unit_amount: int) -> Row:
    """What one unit costs, and by which price."""
    details = {"price": price["id"], "product": price["product"]} if price else None
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": str(unit_amount)}


def item_parent(item: str, *, subscription: str | None = None, is_proration: bool = False) -> Row:
    """Where a line came from: an invoice item."""
    return {
        "invoice_item_details": {
            "invoice_item": item,
            "proration": is_proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription,
        },
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def subscription_parent(subscription: str, item: str, *, is_proration: bool = False) -> Row:
    """Where a line came from: an item of a subscription."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": is_proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription,
            "subscription_item": item,
        },
        "type": "subscription_item_details",
    }


def line_of_item(state: State, item: Row, line_id: str) -> Row:
    """The line that an invoice item becomes on its invoice."""
    parent = item["parent"]
    subscription = parent["subscription_details"]["subscription"] if parent else None
    return line_row(
        state,
        id=line_id,
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        discountable=item["discountable"],
        invoice=item["invoice"],
        metadata=item["metadata"],
        parent=item_parent(item["id"], subscription=subscription, is_proration=item["proration"]),
        period=item["period"],
        pricing=item["pricing"],
        quantity=item["quantity"],
        subscription=subscription,
    )


def world_lines(state: State) -> list[Row]:
    """Every line of every invoice of the world, invoice by invoice."""
    return [
        _line(state, invoice, line, index)
        for invoice in state.world.invoices
        for index, line in enumerate(invoice.lines)
    ]


def _line(state: State, invoice: Invoice, line: Line, index: int) -> Row:
    key, unit = f"{invoice.key}-{index}", line.amount // line.quantity
    if invoice.subscription:
        subscription = state.id_of("sub", invoice.subscription)
        parent = subscription_parent(subscription, state.id_of("si", f"{invoice.subscription}-{index}"))
    else:
        subscription, parent = None, item_parent(state.id_of("ii", key))
    start, end = epoch_or_none(line.starts_at), epoch_or_none(line.ends_at)
    at = epoch(invoice.created_at)
    price = state.table("prices").find(state.id_of("price", line.price)) if line.price else None
    return line_row(
        state,
        id=state.id_of("il", key),
        amount=line.amount,
        currency=invoice.currency,
        description=f"{line.quantity} × {line.description}" if line.price else line.description,
        invoice=state.id_of("in", invoice.key),
        parent=parent,
        period={"end": end or at, "start": start or at},
        pricing=pricing_of(price, unit),
        quantity=line.quantity,
        subscription=subscription,
    )


def world_items(state: State) -> list[Row]:
    """The invoice items behind the invoices that were written by hand."""
    return [
        item_row(
            state,
            id=state.id_of("ii", f"{invoice.key}-{index}"),
            amount=line.amount,
            currency=invoice.currency,
            customer=state.id_of("cus", invoice.person),
            date=epoch(invoice.created_at),
            description=line.description,
            invoice=state.id_of("in", invoice.key),
            period={"end": epoch(invoice.created_at), "start": epoch(invoice.created_at)},
            pricing=pricing_of(None, line.amount // line.quantity),
            quantity=line.quantity,
        )
        for invoice in state.world.invoices
        if not invoice.subscription
        for index, line in enumerate(invoice.lines)
    ]


def lines_of(state: State, invoice_id: str) -> list[Row]:
    """All lines of an invoice, in the order of the invoice."""
    return list(state.table("lines").newest(invoice=invoice_id))[::-1]


def embedded(invoice_id: str, rows: list[Row]) -> Row:
    """The list of lines inside an invoice."""
    return list_of(rows[:EMBEDDED], f"/v1/invoices/{invoice_id}/lines", has_more=len(rows) > EMBEDDED)
