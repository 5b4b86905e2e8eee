"""Which types of events are offered, to whom, and with which arguments."""

from __future__ import annotations

from dataclasses import dataclass

import jsonschema
import pytest

from wirepost.calls.caller import Caller
from wirepost.events.catalogue import Catalogue
from wirepost.events.own import OWN_TYPES
from wirepost.webhooks.webhook import Webhook

ANYBODY = Caller("token:1")


@dataclass(frozen=True)
class Endpoint:
    source: str
    environment: str
    webhook: Webhook


def sender(title: str, **types: str) -> Webhook:
    return Webhook(title.lower(), title, None, None, {k.replace("_", "."): v for k, v in types.items()})


PAY = sender(
    "Pay", charge_refunded="payment.refunded", refund_created="payment.refunded", paid="invoice.paid"
)
SHOP = sender("Shop", refunds_create="payment.refunded")


def catalogue(*endpoints: tuple[str, str, Webhook], hidden: frozenset[str] = frozenset()) -> Catalogue:
    return Catalogue([Endpoint(*each) for each in endpoints], lambda caller, source: source not in hidden)


def test_a_type_says_who_tells_it_and_where_from() -> None:
    types = catalogue(("live", "production", PAY), ("shop", "test", SHOP)).of(ANYBODY)
    refunded = types["payment.refunded"]
    assert refunded.description == "Pay: charge.refunded, refund.created; Shop: refunds.create"
    assert refunded.sources == ("live", "shop")
    assert types["invoice.paid"].sources == ("live",)
    assert list(types) == sorted(types)


def test_two_endpoints_of_one_connection_are_one_source() -> None:
    types = catalogue(("live", "production", PAY), ("live", "production", PAY)).of(ANYBODY)
    assert types["invoice.paid"].sources == ("live",)


def test_what_happens_here_is_offered_without_any_sender() -> None:
    types = catalogue().of(ANYBODY)
    assert types.keys() == OWN_TYPES.keys()
    assert types["connection.needs_reauth"].sources == ("wirepost",)
    assert types["connection.needs_reauth"].environments == ("production", "test", "sandbox")


def test_a_source_that_a_caller_may_not_read_is_not_mentioned() -> None:
    endpoints = (("live", "production", PAY), ("shop", "test", SHOP))
    refunded = catalogue(*endpoints, hidden=frozenset({"live"})).of(ANYBODY)["payment.refunded"]
    assert (refunded.description, refunded.sources) == ("Shop: refunds.create", ("shop",))
    all_hidden = catalogue(*endpoints, hidden=frozenset({"live", "shop", "wirepost"}))
    assert all_hidden.of(ANYBODY) == {}


def test_where_environments_differ_production_is_meant_unless_another_is_named() -> None:
    mixed = catalogue(("play", "sandbox", PAY), ("live", "production", PAY)).of(ANYBODY)["invoice.paid"]
    assert mixed.input_schema["properties"]["environment"] == {
        "type": "string",
        "enum": ["production", "sandbox"],
        "default": "production",
    }
    alone = catalogue(("play", "sandbox", PAY)).of(ANYBODY)["invoice.paid"]
    assert alone.input_schema["properties"]["environment"]["default"] == "sandbox"


@pytest.mark.parametrize(
    ("arguments", "is_valid"),
    [
        ({}, True),
        ({"source": "live", "where": "data.amount_minor >= 5000", "include_self": True}, True),
        ({"object_id": "ch_1", "environment": "production"}, True),
        ({"source": "else"}, False),
        ({"environment": "sandbox"}, False),
        ({"objectId": "ch_1"}, False),
    ],
)
def test_the_schema_of_arguments_tells_right_from_wrong(arguments, is_valid) -> None:
    schema = catalogue(("live", "production", PAY)).of(ANYBODY)["invoice.paid"].input_schema
    assert jsonschema.Draft202012Validator(schema).is_valid(arguments) is is_valid
