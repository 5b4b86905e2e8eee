"""Customers and their saved cards."""

from __future__ import annotations

from typing import Any

from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Choice,
    Fields,
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
    list_of,
    listed,
    searched,
)
from wirepost.providers.stripe.sandbox.search import fields_of
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State, epoch
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.facts import Address, Card, Person

SEARCH_LAG_S = 15.0
"""How long the search index is behind; Stripe says under a minute as a rule."""


def address_of(address: Address | None) -> Row | None:
    """A postal address in Stripe's form."""
    if address is None:
        return None
    return {
        "city": address.city,
        "country": address.country,
        "line1": address.line1,
        "line2": None,
        "postal_code": address.postal_code,
        "state": None,
    }


def customer_row(state: State, **known: Any) -> Row:
    """A customer with Stripe's defaults for what is not known."""
    return {
        "id": "",
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": state.now,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": "NORD",
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
        **known,
    }


def customer_id(state: State, person: str) -> str:
    """The customer that a person is."""
    return state.id_of("cus", person)


def method_id(state: State, person: str) -> str:
    """The saved card of a person."""
    return state.id_of("pm", person)


def _customers(state: State) -> list[Row]:
    late = {s.person for s in state.world.subscriptions if s.status == "past_due"}
    company = {c.key: c.name for c in state.world.companies}
    return [_of_person(state, person, company, is_late=person.key in late) for person in state.world.people]


def _of_person(state: State, person: Person, company: dict[str, str], *, is_late: bool) -> Row:
    metadata = {"shop_customer": person.key}
    if person.company:
        metadata["company"] = company[person.company]
    row = customer_row(
        state,
        id=customer_id(state, person.key),
        address=address_of(person.address),
        created=epoch(person.created_at),
        currency=person.currency,
        delinquent=is_late,
        description=person.note or None,
        email=person.email,
        metadata=metadata,
        name=person.name,
        phone=person.phone,
        preferred_locales=[person.locale],
    )
    row["invoice_settings"] = {
        **row["invoice_settings"],
        "default_payment_method": method_id(state, person.key),
    }
    return row


def card_row(state: State, card: Card) -> Row:
    """A card as payment methods show it."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "DE",
        "display_brand": card.brand,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "fingerprint": state.id_of("fp", f"{card.brand}{card.last4}{card.exp_year}")[4:20],
        "funding": "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def billing_of(person: Person) -> Row:
    """Whom a card belongs to."""
    return {
        "address": address_of(person.address),
        "email": person.email,
        "name": person.name,
        "phone": person.phone,
        "tax_id": None,
    }


def _methods(state: State) -> list[Row]:
    return [
        {
            "id": method_id(state, person.key),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": billing_of(person),
            "card": card_row(state, person.card),
            "created": epoch(person.created_at),
            "customer": customer_id(state, person.key),
            "customer_account": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
        }
        for person in state.world.people
    ]


def _list(call: Call) -> Row:
    return listed(call, "customers", created_in(call.given), kind="customer", email=call.given.get("email"))


def _search(call: Call) -> Row:
    return searched(call, "customers", SEARCHABLE, SEARCH_LAG_S)


def _get(call: Call) -> Row:
    return call.state.get("customers", call.id)


def _create(call: Call) -> Row:
    given = {name: value for name, value in call.given.items() if name != "expand"}
    given["metadata"] = merge_metadata({}, given.get("metadata", {}))
    row = customer_row(call.state, id=call.state.new_id("cus"))
    return call.state.table("customers").add(_merged(call, row, given))


def _update(call: Call) -> Row:
    row = call.state.get("customers", call.id)
    given = {name: value for name, value in call.given.items() if name != "expand"}
    if "metadata" in given:
        given["metadata"] = merge_metadata(row["metadata"], given["metadata"])
    changed = _merged(call, row, given)
    return call.state.table("customers").change(call.id, **{name: changed[name] for name in given})


def _merged(call: Call, row: Row, given: Row) -> Row:
    if (address := given.get("address")) is not None:
        given["address"] = {**(row["address"] or address_of(Address("", "", "", "")) or {}), **address}
        given["address"] = {name: value or None for name, value in given["address"].items()}
    if settings := given.get("invoice_settings"):
        if method := settings.get("default_payment_method"):
            call.state.named("payment_methods", method, "invoice_settings[default_payment_method]")
        given["invoice_settings"] = {**row["invoice_settings"], **settings}
    return {**row, **given}


def _list_methods(call: Call) -> Row:
    if customer := call.path.get("customer"):
        call.state.get("customers", customer, param="customer")
    else:
        customer = call.given.get("customer")
    kind = call.given.get("type")
    return listed(
        call,
        "payment_methods",
        lambda row: kind is None or row["type"] == kind,
        kind="payment_method",
        customer=customer,
    )


def _get_method(call: Call) -> Row:
    method = call.state.get("payment_methods", call.path["method"])
    if (customer := call.path.get("customer")) not in (None, method["customer"]):
        call.state.get("customers", customer or "", param="customer")
        return call.state.get("payment_methods", f"{method['id']} of {customer}")
    return method


def subscriptions_of(state: State, row: Row) -> Row:
    """What `expand[]=subscriptions` adds to a customer."""
    found = [
        subscription
        for subscription in state.table("subscriptions").newest(customer=row["id"])
        if subscription["status"] != "canceled"
    ]
    return list_of(found[:10], f"/v1/customers/{row['id']}/subscriptions", has_more=len(found) > 10)  # noqa: PLR2004


SEARCHABLE = fields_of(string="email name phone", numeric="created")
KINDS = {
    "customers": Kind("customer", _customers, {"email": lambda row: row["email"]}),
    "payment_methods": Kind("PaymentMethod", _methods, {"customer": lambda row: row["customer"]}),
}
_ADDRESS = Fields(
    {name: Text(can_unset=True) for name in ("city", "country", "line1", "line2", "postal_code", "state")},
    can_unset=True,
)
_WRITABLE: dict[str, Param] = {
    "address": _ADDRESS,
    "balance": Whole(),
    "description": Text(can_unset=True),
    "email": Text(512, can_unset=True),
    "expand": EXPAND,
    "invoice_settings": Fields({"default_payment_method": Text(), "footer": Text(can_unset=True)}),
    "metadata": METADATA,
    "name": Text(256, can_unset=True),
    "phone": Text(20, can_unset=True),
    "preferred_locales": Many(Text()),
    "tax_exempt": Choice("exempt", "none", "reverse"),
}
_METHOD_LIST: dict[str, Param] = {**PAGED, "type": Text()}
ROUTES = [
    Route("GET", "/v1/customers", _list, "rak_customer_read", {**DATED, "email": Text()}),
    Route("GET", "/v1/customers/search", _search, "rak_customer_read", SEARCHED, is_search=True),
    Route("POST", "/v1/customers", _create, "rak_customer_write", _WRITABLE),
    Route("GET", "/v1/customers/{customer}", _get, "rak_customer_read", {"expand": EXPAND}),
    Route("POST", "/v1/customers/{customer}", _update, "rak_customer_write", _WRITABLE),
    Route(
        "GET",
        "/v1/customers/{customer}/payment_methods",
        _list_methods,
        "rak_payment_method_read",
        _METHOD_LIST,
    ),
    Route(
        "GET",
        "/v1/customers/{customer}/payment_methods/{method}",
        _get_method,
        "rak_payment_method_read",
        {"expand": EXPAND},
    ),
    Route(
        "GET",
        "/v1/payment_methods",
        _list_methods,
        "rak_payment_method_read",
        {**_METHOD_LIST, "customer": Text()},
    ),
    Route("GET", "/v1/payment_methods/{method}", _get_method, "rak_payment_method_read", {"expand": EXPAND}),
]
