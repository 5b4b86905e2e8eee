"""Endpoints of subscriptions, their items and the preview of their next invoice."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox.customers import SEARCH_LAG_S
from wirepost.providers.stripe.sandbox.errors import StripeError, missing
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Choice,
    Fields,
    Flag,
    Many,
    Param,
    Text,
    Whole,
    merge_metadata,
)
from wirepost.providers.stripe.sandbox.pages import (
    DATED,
    PAGED,
    SEARCHED,
    created_in,
    listed,
    searched,
    slice_of,
)
from wirepost.providers.stripe.sandbox.prorations import period_of, prorated
from wirepost.providers.stripe.sandbox.search import fields_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State
from wirepost.providers.stripe.sandbox.subscription_changes import (
    bill_pending,
    change_items,
    postpone,
    removals,
)
from wirepost.providers.stripe.sandbox.subscription_rows import world_subscriptions
from wirepost.providers.stripe.sandbox.tables import Row

ENDED = ("canceled", "incomplete_expired")


def _list(call: Call) -> Row:
    given = call.given
    status, price = given.get("status"), given.get("price")
    return listed(
        call,
        "subscriptions",
        created_in(given),
        lambda row: _has_status(row, status),
        lambda row: price is None or any(item["price"]["id"] == price for item in row["items"]["data"]),
        kind="subscription",
        customer=given.get("customer"),
    )


def _has_status(row: Row, wanted: str | None) -> bool:
    if wanted is None:
        return row["status"] not in ENDED
    if wanted == "ended":
        return row["status"] in ENDED
    return wanted in ("all", row["status"])


def _search(call: Call) -> Row:
    return searched(
        call, "subscriptions", fields_of(numeric="created canceled_at", exact="status"), SEARCH_LAG_S
    )


def _get(call: Call) -> Row:
    return call.state.get("subscriptions", call.id)


def _update(call: Call) -> Row:
    row, given, state = _get(call), call.given, call.state
    if row["status"] in ENDED and set(given) - {"cancellation_details", "metadata", "expand"}:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise StripeError(message)
    changes: Row = {}
    if method := given.get("default_payment_method"):
        state.named("payment_methods", method, "default_payment_method")
        changes["default_payment_method"] = method
    if "items" in given:
        changes |= change_items(state, row, given)
    if "metadata" in given:
        changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
    if "description" in given:
        changes["description"] = given["description"]
    if "cancel_at_period_end" in given:
        changes |= _end_later(state, row, given["cancel_at_period_end"])
    if details := given.get("cancellation_details"):
        known = changes.get("cancellation_details") or row["cancellation_details"]
        changes["cancellation_details"] = {**known, **details}
    return state.table("subscriptions").change(row["id"], **changes)


def _end_later(state: State, row: Row, is_ending: bool) -> Row:  # noqa: FBT001
    return {
        "cancel_at_period_end": is_ending,
        "cancel_at": period_of(row)[1] if is_ending else None,
        "canceled_at": state.now if is_ending else None,
        "cancellation_details": {
            **row["cancellation_details"],
            "reason": "cancellation_requested" if is_ending else None,
        },
    }


def _cancel(call: Call) -> Row:
    row, given, state = _get(call), call.given, call.state
    if row["status"] in ENDED:
        raise missing("subscription", row["id"])
    if given.get("prorate"):
        postpone(state, row, prorated(state, row, removals(row), state.now))
    if given.get("invoice_now"):
        bill_pending(state, row)
    changes = {
        "status": "canceled",
        "canceled_at": row["canceled_at"] or state.now,
        "ended_at": state.now,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "cancellation_details": {
            **row["cancellation_details"],
            "reason": "cancellation_requested",
            **given.get("cancellation_details", {}),
        },
    }
    return state.table("subscriptions").change(row["id"], **changes)


def _list_items(call: Call) -> Row:
    subscription = call.state.named("subscriptions", call.given["subscription"], "subscription")
    return slice_of(call, subscription["items"]["data"])


def _get_item(call: Call) -> Row:
    for subscription in call.state.table("subscriptions").newest():
        for item in subscription["items"]["data"]:
            if item["id"] == call.id:
                found: Row = item
                return found
    raise missing("subscription_item", call.id, "item")


SEARCHABLE = fields_of(numeric="created canceled_at", exact="status")
KINDS = {
    "subscriptions": Kind("subscription", world_subscriptions, {"customer": lambda row: row["customer"]})
}
ITEM_CHANGES = Many(
    Fields({"deleted": Flag(), "id": Text(), "metadata": METADATA, "price": Text(), "quantity": Whole(0)})
)
PRORATION = Choice("always_invoice", "create_prorations", "none")
_DETAILS = Fields({"comment": Text(can_unset=True), "feedback": Choice(
    "customer_service", "low_quality", "missing_features", "other", "switched_service", "too_complex",
    "too_expensive", "unused", can_unset=True)})  # fmt: skip
_UPDATE: dict[str, Param] = {
    "cancel_at_period_end": Flag(),
    "cancellation_details": _DETAILS,
    "default_payment_method": Text(),
    "description": Text(500, can_unset=True),
    "expand": EXPAND,
    "items": ITEM_CHANGES,
    "metadata": METADATA,
    "payment_behavior": Choice("allow_incomplete", "error_if_incomplete"),
    "proration_behavior": PRORATION,
    "proration_date": Whole(),
}
_CANCEL: dict[str, Param] = {
    "cancellation_details": _DETAILS,
    "expand": EXPAND,
    "invoice_now": Flag(),
    "prorate": Flag(),
}
_LIST: dict[str, Param] = {
    **DATED,
    "customer": Text(),
    "price": Text(),
    "status": Choice("active", "all", "canceled", "ended", "incomplete", "incomplete_expired", "past_due",
                     "paused", "trialing", "unpaid"),
}  # fmt: skip
_ITEM_LIST: dict[str, Param] = {**PAGED, "subscription": Text(is_required=True)}
_ONE: dict[str, Param] = {"expand": EXPAND}
_READ, _WRITE = "rak_subscription_read", "rak_subscription_write"
ROUTES = [
    Route("GET", "/v1/subscriptions", _list, _READ, _LIST),
    Route("GET", "/v1/subscriptions/search", _search, _READ, SEARCHED, is_search=True),
    Route("GET", "/v1/subscriptions/{subscription_exposed_id}", _get, _READ, _ONE),
    Route("POST", "/v1/subscriptions/{subscription_exposed_id}", _update, _WRITE, _UPDATE),
    Route("DELETE", "/v1/subscriptions/{subscription_exposed_id}", _cancel, _WRITE, _CANCEL),
    Route(
        "GET", "/v1/subscription_items", _list_items, _READ, {**PAGED, "subscription": Text(is_required=True)}
    ),
    Route("GET", "/v1/subscription_items/{item}", _get_item, _READ, _ONE),
]
