"""Changes of what a subscription consists of, and the invoices they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wirepost.providers.stripe.sandbox.billing import add_line, attach, draft, finalize, pay, refusal
from wirepost.providers.stripe.sandbox.errors import StripeError, declined
from wirepost.providers.stripe.sandbox.invoice_rows import subscription_details
from wirepost.providers.stripe.sandbox.lines import item_row as invoice_item_row
from wirepost.providers.stripe.sandbox.prorations import Item, items_after, next_end, period_of, prorated
from wirepost.providers.stripe.sandbox.state import State
from wirepost.providers.stripe.sandbox.subscription_rows import item_list, item_row
from wirepost.providers.stripe.sandbox.tables import Row


def change_items(state: State, row: Row, given: Row) -> Row:
    """Bill a change of items as asked; the fields of the subscription that it changes."""
    items = items_after(state, row, given["items"])
    behaviour = given.get("proration_behavior", "create_prorations")
    at = given.get("proration_date", state.now)
    start, end = period_of(row)
    if not start <= at <= end:
        message = "Cannot specify a proration date outside of the current period."
        raise StripeError(message, param="proration_date")
    lines = prorated(state, row, items, at) if behaviour != "none" else []
    restarts = any(item.restarts for item in items)
    latest = {}
    if lines and (behaviour == "always_invoice" or restarts):
        latest = {"latest_invoice": _bill(state, row, lines, given.get("payment_behavior"))}
    elif lines:
        postpone(state, row, lines)
    rows = [_item_after(state, row, item, at if restarts else None) for item in items if item.new is not None]
    return {"items": item_list(row["id"], rows), **latest}


def _item_after(state: State, row: Row, item: Item, restart: int | None) -> Row:
    assert item.new is not None  # noqa: S101 - removed items were left out
    start, end = period_of(row)
    if restart is not None:
        start, end = restart, next_end(restart, item.new)
    known = next((old for old in row["items"]["data"] if old["id"] == item.id), None)
    return item_row(
        item.new,
        id=item.id if known else state.new_id("si"),
        created=known["created"] if known else state.now,
        current_period_end=end,
        current_period_start=start,
        quantity=item.new_quantity,
        subscription=row["id"],
    )


def _bill(state: State, row: Row, lines: Sequence[Row], behaviour: str | None) -> str:
    """An invoice for the change, now."""
    refused = refusal(state, row["customer"])
    if refused and sum(line["amount"] for line in lines) > 0 and behaviour == "error_if_incomplete":
        raise declined(refused)
    invoice = draft(
        state,
        state.get("customers", row["customer"]),
        billing_reason="subscription_update",
        currency=row["currency"],
        parent=subscription_details(row["id"]),
    )
    for line in lines:
        add_line(state, invoice["id"], {**line, "id": state.new_id("il")})
    open_invoice = finalize(state, state.get("invoices", invoice["id"]))
    if open_invoice["status"] == "open" and not refused:
        pay(state, open_invoice)
    return str(invoice["id"])


def postpone(state: State, row: Row, lines: Sequence[Row]) -> None:
    """Items for the next invoice."""
    for line in lines:
        state.table("invoiceitems").add(
            invoice_item_row(
                state,
                id=state.new_id("ii"),
                amount=line["amount"],
                currency=line["currency"],
                customer=row["customer"],
                description=line["description"],
                discountable=False,
                parent={
                    "subscription_details": {
                        "subscription": row["id"],
                        "subscription_item": line["parent"]["subscription_item_details"]["subscription_item"],
                    },
                    "type": "subscription_details",
                },
                period=line["period"],
                pricing=line["pricing"],
                proration=True,
                quantity=line["quantity"],
            )
        )


def removals(row: Row) -> list[Item]:
    """Every item as removed: what an end of the subscription gives back."""
    return [Item(item["id"], item["price"], item["quantity"], None, 0) for item in row["items"]["data"]]


def pending_of(state: State, subscription: Row) -> Iterator[Row]:
    """Invoice items that wait for the next invoice of a subscription, oldest first."""
    found = [
        item
        for item in state.table("invoiceitems").newest(customer=subscription["customer"])
        if item["invoice"] is None
        and item["parent"]
        and item["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]
    return reversed(found)


def bill_pending(state: State, row: Row) -> None:
    """An invoice of everything that waits, now."""
    waiting = list(pending_of(state, row))
    if not waiting:
        return
    invoice = draft(
        state,
        state.get("customers", row["customer"]),
        billing_reason="subscription_update",
        currency=row["currency"],
        parent=subscription_details(row["id"]),
    )
    for item in waiting:
        attach(state, invoice["id"], item)
    finalize(state, state.get("invoices", invoice["id"]))
