"""Endpoints of invoice items."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox.billing import attach, refresh
from wirepost.providers.stripe.sandbox.catalog import usable_price
from wirepost.providers.stripe.sandbox.errors import StripeError, missing_parameter
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Fields,
    Flag,
    Param,
    Text,
    Whole,
    merge_metadata,
    within,
)
from wirepost.providers.stripe.sandbox.lines import item_row, lines_of, pricing_of, world_items
from wirepost.providers.stripe.sandbox.pages import DATED, listed
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route
from wirepost.providers.stripe.sandbox.tables import Row


def currency_of(given: Row, customer: Row) -> str:
    """The currency that is asked for, or the customer's usual one."""
    return str(given.get("currency") or customer["currency"] or "eur").lower()


def required(given: Row, name: str) -> str:
    """A parameter that must be there in this case."""
    if not given.get(name):
        raise missing_parameter(name)
    return str(given[name])


def _list_items(call: Call) -> Row:
    given = call.given
    bounds, invoice, pending = given.get("created", {}), given.get("invoice"), given.get("pending")
    return listed(
        call,
        "invoiceitems",
        lambda row: not bounds or within(bounds, row["date"]),
        lambda row: invoice is None or row["invoice"] == invoice,
        lambda row: pending is None or (row["invoice"] is None) == pending,
        kind="invoiceitem",
        customer=given.get("customer"),
    )


def _get_item(call: Call) -> Row:
    return call.state.get("invoiceitems", call.id, param="invoiceitem")


def _create_item(call: Call) -> Row:
    given, state = call.given, call.state
    invoice = state.named("invoices", given["invoice"], "invoice") if given.get("invoice") else None
    if invoice is not None and invoice["status"] != "draft":
        message = "You can't add items to an invoice that is not a draft."
        raise StripeError(message, code="invoice_not_editable", param="invoice")
    owner = invoice["customer"] if invoice else None
    customer = state.named(
        "customers", given.get("customer") or owner or required(given, "customer"), "customer"
    )
    if owner not in (None, customer["id"]):
        message = f"The invoice {given['invoice']} belongs to another customer."
        raise StripeError(message, param="customer")
    item = item_row(
        state,
        id=state.new_id("ii"),
        customer=customer["id"],
        metadata=merge_metadata({}, given.get("metadata", {})),
        **_priced(call, invoice, customer),
    )
    state.table("invoiceitems").add(item)
    if invoice is not None:
        attach(state, invoice["id"], item)
    return state.get("invoiceitems", item["id"])


def _priced(call: Call, invoice: Row | None, customer: Row) -> Row:
    """Amount, currency, description and pricing of a new item, by its price or as given."""
    given, state = call.given, call.state
    price = None
    quantity = given.get("quantity", 1)
    if price_id := given.get("pricing", {}).get("price"):
        price = usable_price(state, price_id, "pricing[price]", kind="one_time")
        unit, currency = price["unit_amount"], price["currency"]
    elif "amount" in given:
        unit, currency, quantity = given["amount"], currency_of(given, invoice or customer), 1
    else:
        raise missing_parameter("amount")
    if invoice is not None and currency != invoice["currency"]:
        message = (
            f"The invoice {invoice['id']} is in {invoice['currency']}, so its items cannot be in {currency}."
        )
        raise StripeError(message, param="currency")
    product = state.get("products", price["product"])["name"] if price else None
    return {
        "amount": unit * quantity,
        "currency": currency,
        "description": given.get("description") or product,
        "pricing": pricing_of(price, unit),
        "quantity": quantity,
    }


def _delete_item(call: Call) -> Row:
    item, state = _get_item(call), call.state
    if item["invoice"]:
        if state.get("invoices", item["invoice"])["status"] != "draft":
            message = "You can't delete an item of an invoice that is not a draft."
            raise StripeError(message, code="invoice_not_editable")
        for line in lines_of(state, item["invoice"]):
            details = (line["parent"] or {}).get("invoice_item_details") or {}
            if details.get("invoice_item") == item["id"]:
                state.table("lines").remove(line["id"])
        refresh(state, item["invoice"])
    state.table("invoiceitems").remove(item["id"])
    return {"id": item["id"], "object": "invoiceitem", "deleted": True}


KINDS = {"invoiceitems": Kind("invoiceitem", world_items, {"customer": lambda row: row["customer"]})}
_ITEM: dict[str, Param] = {
    "amount": Whole(),
    "currency": Text(),
    "customer": Text(),
    "description": Text(can_unset=True),
    "expand": EXPAND,
    "invoice": Text(),
    "metadata": METADATA,
    "pricing": Fields({"price": Text()}),
    "quantity": Whole(0),
}
_ITEM_LIST: dict[str, Param] = {**DATED, "customer": Text(), "invoice": Text(), "pending": Flag()}
_ONE: dict[str, Param] = {"expand": EXPAND}
_READ, _WRITE = "rak_invoice_read", "rak_invoice_write"
ROUTES = [
    Route("GET", "/v1/invoiceitems", _list_items, _READ, _ITEM_LIST),
    Route("POST", "/v1/invoiceitems", _create_item, _WRITE, _ITEM),
    Route("GET", "/v1/invoiceitems/{invoiceitem}", _get_item, _READ, _ONE),
    Route("DELETE", "/v1/invoiceitems/{invoiceitem}", _delete_item, _WRITE),
]
