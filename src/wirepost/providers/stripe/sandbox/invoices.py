"""Endpoints of invoices and invoice items."""

from __future__ import annotations

from wirepost.providers.stripe.sandbox.billing import (
    attach,
    draft,
    finalize,
    give_up,
    pay,
    send,
    void,
)
from wirepost.providers.stripe.sandbox.customers import SEARCH_LAG_S
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Choice,
    Flag,
    Param,
    Span,
    Text,
    Whole,
    merge_metadata,
    within,
)
from wirepost.providers.stripe.sandbox.invoice_items import currency_of, required
from wirepost.providers.stripe.sandbox.invoice_rows import subscription_of, world_invoices, world_payments
from wirepost.providers.stripe.sandbox.lines import lines_of, world_lines
from wirepost.providers.stripe.sandbox.pages import (
    DATED,
    PAGED,
    SEARCHED,
    created_in,
    listed,
    searched,
    slice_of,
)
from wirepost.providers.stripe.sandbox.search import SearchField, fields_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route
from wirepost.providers.stripe.sandbox.tables import Row

DAY_S = 86400


def _list(call: Call) -> Row:
    given = call.given
    wanted = {name: given[name] for name in ("status", "collection_method") if name in given}
    due = given.get("due_date", {})
    return listed(
        call,
        "invoices",
        created_in(given),
        lambda row: all(row[name] == value for name, value in wanted.items()),
        lambda row: not due or within(due, row["due_date"]),
        kind="invoice",
        customer=given.get("customer"),
        subscription=given.get("subscription"),
    )


def _search(call: Call) -> Row:
    return searched(call, "invoices", SEARCHABLE, SEARCH_LAG_S)


def _get(call: Call) -> Row:
    return call.state.get("invoices", call.id, param="invoice")


def _lines(call: Call) -> Row:
    return slice_of(call, lines_of(call.state, _get(call)["id"]))


def _create(call: Call) -> Row:
    given, state = call.given, call.state
    customer = state.named("customers", required(given, "customer"), "customer")
    _check_due(given)
    days = given.get("days_until_due")
    row = draft(
        state,
        customer,
        auto_advance=given.get("auto_advance", False),
        collection_method=given.get("collection_method", "charge_automatically"),
        currency=currency_of(given, customer),
        description=given.get("description"),
        due_date=given.get("due_date") or (None if days is None else state.now + days * DAY_S),
        footer=given.get("footer"),
        metadata=merge_metadata({}, given.get("metadata", {})),
    )
    if given.get("pending_invoice_items_behavior") == "include":
        for item in list(state.table("invoiceitems").newest(customer=customer["id"]))[::-1]:
            if item["invoice"] is None and item["currency"] == row["currency"]:
                attach(state, row["id"], item)
    return state.get("invoices", row["id"])


def _check_due(given: Row) -> None:
    is_sent = given.get("collection_method") == "send_invoice"
    has_date = "days_until_due" in given or "due_date" in given
    if is_sent and not has_date:
        message = (
            "If invoice collection method is 'send_invoice', you must specify `days_until_due` or `due_date`."
        )
        raise StripeError(message, param="due_date")
    if has_date and not is_sent:
        message = (
            "You can only specify `days_until_due` or `due_date` if the collection method is 'send_invoice'."
        )
        raise StripeError(message, param="days_until_due" if "days_until_due" in given else "due_date")


def _update(call: Call) -> Row:
    row = _get(call)
    changes = {name: value for name, value in call.given.items() if name not in ("expand", "days_until_due")}
    fixed = set(changes) - {"metadata", "auto_advance"}
    if fixed and row["status"] != "draft":
        message = "Finalized invoices can't be updated in this way"
        raise StripeError(message, code="invoice_not_editable", param=min(fixed))
    if "metadata" in changes:
        changes["metadata"] = merge_metadata(row["metadata"], changes["metadata"])
    if "days_until_due" in call.given:
        changes["due_date"] = call.state.now + call.given["days_until_due"] * DAY_S
    return call.state.table("invoices").change(row["id"], **changes)


def _delete(call: Call) -> Row:
    row, state = _get(call), call.state
    if row["status"] != "draft":
        message = "You can only delete draft invoices. To void a finalized invoice, use the void endpoint."
        raise StripeError(message, code="invoice_not_editable")
    for line in lines_of(state, row["id"]):
        state.table("lines").remove(line["id"])
    for item in [item for item in state.table("invoiceitems").newest() if item["invoice"] == row["id"]]:
        state.table("invoiceitems").remove(item["id"])
    state.table("invoices").remove(row["id"])
    return {"id": row["id"], "object": "invoice", "deleted": True}


def _finalize(call: Call) -> Row:
    row = finalize(call.state, _get(call))
    if (advance := call.given.get("auto_advance")) is not None:
        return call.state.table("invoices").change(row["id"], auto_advance=advance)
    return row


def _send(call: Call) -> Row:
    return send(call.state, _get(call))


def _void(call: Call) -> Row:
    return void(call.state, _get(call))


def _give_up(call: Call) -> Row:
    return give_up(call.state, _get(call))


def _pay(call: Call) -> Row:
    given = call.given
    is_outside = given.get("paid_out_of_band", False)
    return pay(call.state, _get(call), method=given.get("payment_method"), is_outside=is_outside)


SEARCHABLE = {
    **fields_of(numeric="created total", exact="currency customer status", string="number"),
    "subscription": SearchField("exact", subscription_of),
}
KINDS = {
    "invoices": Kind(
        "invoice",
        world_invoices,
        {"customer": lambda row: row["customer"], "subscription": subscription_of},
    ),
    "lines": Kind("line item", world_lines, {"invoice": lambda row: row["invoice"]}),
    "invoice_payments": Kind("invoice_payment", world_payments, {"invoice": lambda row: row["invoice"]}),
}
_METHODS = Choice("charge_automatically", "send_invoice")
_EDITABLE: dict[str, Param] = {
    "auto_advance": Flag(),
    "collection_method": _METHODS,
    "days_until_due": Whole(0),
    "description": Text(1500, can_unset=True),
    "due_date": Whole(),
    "expand": EXPAND,
    "footer": Text(can_unset=True),
    "metadata": METADATA,
}
_CREATE: dict[str, Param] = {
    **_EDITABLE,
    "currency": Text(),
    "customer": Text(),
    "pending_invoice_items_behavior": Choice("exclude", "include"),
}
_LIST: dict[str, Param] = {
    **DATED,
    "collection_method": _METHODS,
    "customer": Text(),
    "due_date": Span(),
    "status": Choice("draft", "open", "paid", "uncollectible", "void"),
    "subscription": Text(),
}
_PAY: dict[str, Param] = {"expand": EXPAND, "paid_out_of_band": Flag(), "payment_method": Text()}
_ONE: dict[str, Param] = {"expand": EXPAND}
_READ, _WRITE = "rak_invoice_read", "rak_invoice_write"
ROUTES = [
    Route("GET", "/v1/invoices", _list, _READ, _LIST),
    Route("GET", "/v1/invoices/search", _search, _READ, SEARCHED, is_search=True),
    Route("POST", "/v1/invoices", _create, _WRITE, _CREATE),
    Route("GET", "/v1/invoices/{invoice}", _get, _READ, _ONE),
    Route("POST", "/v1/invoices/{invoice}", _update, _WRITE, _EDITABLE),
    Route("DELETE", "/v1/invoices/{invoice}", _delete, _WRITE),
    Route("GET", "/v1/invoices/{invoice}/lines", _lines, _READ, PAGED),
    Route("POST", "/v1/invoices/{invoice}/finalize", _finalize, _WRITE, {**_ONE, "auto_advance": Flag()}),
    Route("POST", "/v1/invoices/{invoice}/send", _send, _WRITE, _ONE),
    Route("POST", "/v1/invoices/{invoice}/void", _void, _WRITE, _ONE),
    Route("POST", "/v1/invoices/{invoice}/mark_uncollectible", _give_up, _WRITE, _ONE),
    Route("POST", "/v1/invoices/{invoice}/pay", _pay, _WRITE, _PAY),
]
