"""`POST /v1/invoices/create_preview`: the invoice that would be written."""

from __future__ import annotations

from collections.abc import Sequence

from wirepost.providers.stripe.sandbox.errors import missing_parameter
from wirepost.providers.stripe.sandbox.forms import EXPAND, Fields, Flag, Many, Param, Text, Whole
from wirepost.providers.stripe.sandbox.invoice_rows import invoice_row, subscription_details, totals
from wirepost.providers.stripe.sandbox.lines import embedded, item_parent, line_of_item, line_row
from wirepost.providers.stripe.sandbox.prorations import Item, cycle, items_after, period_of, prorated
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State
from wirepost.providers.stripe.sandbox.subscription_changes import pending_of, removals
from wirepost.providers.stripe.sandbox.subscriptions import ITEM_CHANGES, PRORATION
from wirepost.providers.stripe.sandbox.tables import Row


def _preview(call: Call) -> Row:
    given, state = call.given, call.state
    subscription = None
    if given.get("subscription"):
        subscription = state.named("subscriptions", given["subscription"], "subscription")
    customer_id = given.get("customer") or (subscription["customer"] if subscription else None)
    if customer_id is None:
        raise missing_parameter("customer")
    customer = state.named("customers", customer_id, "customer")
    currency = given.get("currency") or (subscription or customer)["currency"] or "eur"
    moment, lines = _of_subscription(state, subscription, given) if subscription else (state.now, [])
    lines += [
        _extra(state, item, index, currency) for index, item in enumerate(given.get("invoice_items", []))
    ]
    preview_id = f"upcoming_in_{state.new_id('in')[3:]}"
    return invoice_row(
        state,
        customer,
        id=preview_id,
        billing_reason="upcoming" if subscription else "manual",
        created=moment,
        currency=currency,
        lines=embedded(preview_id, [_numbered(state, line, preview_id) for line in lines]),
        next_payment_attempt=moment + 3600,
        parent=subscription_details(subscription["id"]) if subscription else None,
        period_start=period_of(subscription)[0] if subscription else moment,
        **totals(lines),
    )


def _numbered(state: State, line: Row, preview_id: str) -> Row:
    return {**line, "id": f"il_tmp_{state.new_id('il')[3:]}", "invoice": preview_id}


def _of_subscription(state: State, subscription: Row, given: Row) -> tuple[int, list[Row]]:
    """When the invoice would be written, and its lines."""
    details = given.get("subscription_details", {})
    behaviour = details.get("proration_behavior", "create_prorations")
    at = details.get("proration_date", state.now)
    waiting = [line_of_item(state, item, "") for item in pending_of(state, subscription)]
    if details.get("cancel_now"):
        given_back = prorated(state, subscription, removals(subscription), at)
        return state.now, [*waiting, *(given_back if behaviour != "none" else [])]
    items = items_after(state, subscription, details.get("items", []))
    changed = prorated(state, subscription, items, at) if behaviour != "none" else []
    if changed and (behaviour == "always_invoice" or any(item.restarts for item in items)):
        return state.now, changed
    end = period_of(subscription)[1]
    return end, [*waiting, *changed, *_next(state, subscription, items, details)]


def _next(state: State, subscription: Row, items: Sequence[Item], details: Row) -> list[Row]:
    is_ending = details.get("cancel_at_period_end", subscription["cancel_at_period_end"])
    return [] if is_ending else cycle(state, subscription, items)


def _extra(state: State, item: Row, index: int, currency: str) -> Row:
    if "amount" not in item:
        raise missing_parameter(f"invoice_items[{index}][amount]")
    return line_row(
        state,
        amount=item["amount"],
        currency=item.get("currency", currency),
        description=item.get("description"),
        parent=item_parent("ii_preview"),
    )


_PARAMS: dict[str, Param] = {
    "currency": Text(),
    "customer": Text(),
    "expand": EXPAND,
    "invoice_items": Many(Fields({"amount": Whole(), "currency": Text(), "description": Text()})),
    "subscription": Text(),
    "subscription_details": Fields(
        {
            "cancel_at_period_end": Flag(),
            "cancel_now": Flag(),
            "items": ITEM_CHANGES,
            "proration_behavior": PRORATION,
            "proration_date": Whole(),
        }
    ),
}
KINDS: dict[str, Kind] = {}
ROUTES = [Route("POST", "/v1/invoices/create_preview", _preview, "rak_invoice_write", _PARAMS)]
