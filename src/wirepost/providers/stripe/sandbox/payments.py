"""Endpoints of payment intents and charges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.providers.stripe.sandbox.customers import SEARCH_LAG_S
from wirepost.providers.stripe.sandbox.forms import EXPAND, METADATA, Param, Text, merge_metadata
from wirepost.providers.stripe.sandbox.pages import DATED, SEARCHED, created_in, list_of, listed, searched
from wirepost.providers.stripe.sandbox.payment_rows import world_charges, world_intents
from wirepost.providers.stripe.sandbox.search import fields_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State
from wirepost.providers.stripe.sandbox.tables import Row


def charge_of(state: State, intent: Mapping[str, Any]) -> Row | None:
    """The successful charge of a payment intent."""
    row = state.table("charges").find(intent["latest_charge"] or "")
    return row if row and row["paid"] else None


def refunds_of(state: State, row: Row) -> Row:
    """What `expand[]=refunds` adds to a charge."""
    found = list(state.table("refunds").newest(charge=row["id"]))
    return list_of(found[:10], f"/v1/charges/{row['id']}/refunds", has_more=len(found) > 10)  # noqa: PLR2004


def _list_intents(call: Call) -> Row:
    customer = call.given.get("customer")
    return listed(call, "payment_intents", created_in(call.given), kind="payment_intent", customer=customer)


def _search_intents(call: Call) -> Row:
    return searched(call, "payment_intents", SEARCHABLE, SEARCH_LAG_S)


def _get_intent(call: Call) -> Row:
    return call.state.get("payment_intents", call.id, param="intent")


def _update_intent(call: Call) -> Row:
    row = call.state.get("payment_intents", call.id, param="intent")
    changes = {name: value for name, value in call.given.items() if name != "expand"}
    if "metadata" in changes:
        changes["metadata"] = merge_metadata(row["metadata"], changes["metadata"])
    return call.state.table("payment_intents").change(call.id, **changes)


def _list_charges(call: Call) -> Row:
    given = call.given
    return listed(
        call,
        "charges",
        created_in(given),
        kind="charge",
        customer=given.get("customer"),
        payment_intent=given.get("payment_intent"),
    )


def _search_charges(call: Call) -> Row:
    return searched(call, "charges", CHARGE_SEARCHABLE, SEARCH_LAG_S)


def _get_charge(call: Call) -> Row:
    return call.state.get("charges", call.id)


SEARCHABLE = fields_of(numeric="amount created", exact="currency customer status")
CHARGE_SEARCHABLE = fields_of(
    numeric="amount created",
    exact="currency customer disputed refunded status payment_method_details.card.last4 "
    "payment_method_details.card.brand",
)
KINDS = {
    "payment_intents": Kind("payment_intent", world_intents, {"customer": lambda row: row["customer"]}),
    "charges": Kind(
        "charge",
        world_charges,
        {"customer": lambda row: row["customer"], "payment_intent": lambda row: row["payment_intent"]},
    ),
}
_ONE: dict[str, Param] = {"expand": EXPAND}
_UPDATABLE: dict[str, Param] = {
    "description": Text(can_unset=True), "expand": EXPAND, "metadata": METADATA,
}  # fmt: skip
ROUTES = [
    Route(
        "GET", "/v1/payment_intents", _list_intents, "rak_payment_intent_read", {**DATED, "customer": Text()}
    ),
    Route(
        "GET",
        "/v1/payment_intents/search",
        _search_intents,
        "rak_payment_intent_read",
        SEARCHED,
        is_search=True,
    ),
    Route("GET", "/v1/payment_intents/{intent}", _get_intent, "rak_payment_intent_read", _ONE),
    Route("POST", "/v1/payment_intents/{intent}", _update_intent, "rak_payment_intent_write", _UPDATABLE),
    Route(
        "GET",
        "/v1/charges",
        _list_charges,
        "rak_charge_read",
        {**DATED, "customer": Text(), "payment_intent": Text()},
    ),
    Route("GET", "/v1/charges/search", _search_charges, "rak_charge_read", SEARCHED, is_search=True),
    Route("GET", "/v1/charges/{charge}", _get_charge, "rak_charge_read", _ONE),
]
