"""Payment links."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.catalog import usable_price
from wirepost.providers.stripe.sandbox.errors import StripeError
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
from wirepost.providers.stripe.sandbox.pages import PAGED, list_of, listed, slice_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State
from wirepost.providers.stripe.sandbox.tables import Row

MOST_ITEMS = 20
HOSTED = "https://buy.stripe.com/test_"


def link_row(**known: Any) -> Row:
    """A payment link with Stripe's defaults."""
    return {
        "id": "",
        "object": "payment_link",
        "active": True,
        "after_completion": {"hosted_confirmation": {"custom_message": None}, "type": "hosted_confirmation"},
        "allow_promotion_codes": False,
        "application": None,
        "application_fee_amount": None,
        "application_fee_percent": None,
        "automatic_tax": {"enabled": False, "liability": None},
        "billing_address_collection": "auto",
        "consent_collection": None,
        "currency": "eur",
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer_creation": "if_required",
        "inactive_message": None,
        "invoice_creation": {
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        "livemode": False,
        "managed_payments": None,
        "metadata": {},
        "on_behalf_of": None,
        "payment_intent_data": None,
        "payment_method_collection": "always",
        "payment_method_options": None,
        "payment_method_types": None,
        "phone_number_collection": {"enabled": False},
        "restrictions": None,
        "shipping_address_collection": None,
        "shipping_options": [],
        "submit_type": "auto",
        "subscription_data": None,
        "tax_id_collection": {"enabled": False, "required": "never"},
        "transfer_data": None,
        "url": f"{HOSTED}{known['id'][6:20]}",
        **known,
    }


def _links(state: State) -> list[Row]:
    """Each club has a link for its monthly price."""
    return [
        link_row(
            id=state.id_of("plink", product.key),
            currency="eur",
            metadata={"campaign": product.key},
            subscription_data={
                "description": None,
                "invoice_settings": {"issuer": {"type": "self"}},
                "metadata": {},
                "trial_period_days": None,
                "trial_settings": None,
            },
        )
        for product in state.world.products
        if product.category == "clubs"
    ]


def _items(state: State) -> list[Row]:
    """What each link sells: one row per link, because a position does not name its link."""
    return [
        {
            "id": state.id_of("plink", product.key),
            "positions": [
                _item(
                    state,
                    state.get("prices", state.id_of("price", product.prices[0].key)),
                    1,
                    state.id_of("li", product.key),
                )
            ],
        }
        for product in state.world.products
        if product.category == "clubs"
    ]


def _item(state: State, price: Row, quantity: int, item_id: str) -> Row:
    amount = price["unit_amount"] * quantity
    return {
        "id": item_id,
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": state.get("products", price["product"])["name"],
        "metadata": {},
        "price": price,
        "quantity": quantity,
    }


def line_items_of(state: State, row: Row) -> Row:
    """What `expand[]=line_items` adds to a payment link."""
    found = state.get("link_items", row["id"])["positions"]
    return list_of(found, f"/v1/payment_links/{row['id']}/line_items")


def _list(call: Call) -> Row:
    active = call.given.get("active")
    return listed(call, "payment_links", lambda row: active in (None, row["active"]), kind="payment_link")


def _get(call: Call) -> Row:
    return call.state.get("payment_links", call.id, param="payment_link")


def _line_items(call: Call) -> Row:
    return slice_of(call, line_items_of(call.state, _get(call))["data"])


def _create(call: Call) -> Row:
    given, state = call.given, call.state
    items = given["line_items"]
    if not 1 <= len(items) <= MOST_ITEMS:
        message = f"A payment link has 1 to {MOST_ITEMS} line items."
        raise StripeError(message, param="line_items")
    prices = [
        usable_price(state, item["price"], f"line_items[{index}][price]") for index, item in enumerate(items)
    ]
    if len({price["currency"] for price in prices}) > 1:
        message = "All prices on a payment link must use the same currency."
        raise StripeError(message, param="line_items")
    link_id = state.new_id("plink")
    positions = [
        _item(state, price, item["quantity"], state.new_id("li"))
        for item, price in zip(items, prices, strict=True)
    ]
    state.table("link_items").add({"id": link_id, "positions": positions})
    return state.table("payment_links").add(
        link_row(
            id=link_id,
            currency=prices[0]["currency"],
            metadata=merge_metadata({}, given.get("metadata", {})),
            **_after(given),
            **_limited(given),
        )
    )


def _after(given: Row) -> Row:
    after = given.get("after_completion")
    if not after:
        return {}
    if after["type"] == "redirect":
        if not after.get("redirect"):
            message = "Missing required param: after_completion[redirect]."
            raise StripeError(message, code="parameter_missing", param="after_completion[redirect]")
        if not after["redirect"]["url"].startswith("http"):
            message = "Not a valid URL"
            raise StripeError(message, code="url_invalid", param="after_completion[redirect][url]")
        return {"after_completion": {"redirect": after["redirect"], "type": "redirect"}}
    confirmation = {"custom_message": None, **after.get("hosted_confirmation", {})}
    return {"after_completion": {"hosted_confirmation": confirmation, "type": "hosted_confirmation"}}


def _limited(given: Row) -> Row:
    restrictions = given.get("restrictions")
    if not restrictions:
        return {}
    limit = restrictions["completed_sessions"]["limit"]
    return {"restrictions": {"completed_sessions": {"count": 0, "limit": limit}}}


def _update(call: Call) -> Row:
    row, given = _get(call), call.given
    changes: Row = {**_after(given), **_limited(given)}
    if "active" in given:
        changes["active"] = given["active"]
    if "metadata" in given:
        changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
    return call.state.table("payment_links").change(row["id"], **changes)


KINDS = {
    "payment_links": Kind("payment_link", _links),
    "link_items": Kind("payment_link", _items),
}
_EDITABLE: dict[str, Param] = {
    "after_completion": Fields(
        {
            "hosted_confirmation": Fields({"custom_message": Text(500)}),
            "redirect": Fields({"url": Text(2048, is_required=True)}),
            "type": Choice("hosted_confirmation", "redirect", is_required=True),
        }
    ),
    "expand": EXPAND,
    "metadata": METADATA,
    "restrictions": Fields(
        {"completed_sessions": Fields({"limit": Whole(1, is_required=True)}, is_required=True)}
    ),
}
_CREATE: dict[str, Param] = {
    **_EDITABLE,
    "line_items": Many(
        Fields({"price": Text(is_required=True), "quantity": Whole(1, is_required=True)}), is_required=True
    ),
}
_READ, _WRITE = "rak_payment_link_read", "rak_payment_link_write"
ROUTES = [
    Route("GET", "/v1/payment_links", _list, _READ, {**PAGED, "active": Flag()}),
    Route("POST", "/v1/payment_links", _create, _WRITE, _CREATE),
    Route("GET", "/v1/payment_links/{payment_link}", _get, _READ, {"expand": EXPAND}),
    Route("POST", "/v1/payment_links/{payment_link}", _update, _WRITE, {**_EDITABLE, "active": Flag()}),
    Route("GET", "/v1/payment_links/{payment_link}/line_items", _line_items, _READ, PAGED),
]
