"""Objects of Stripe in events: the fields that matter, in old API versions and new ones, and no secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from support.sources import TESTS
from support.specmock_fixture import new_mock
from wirepost.providers.stripe.objects import MAX_ROWS, SHAPES, shown

DESCRIPTION = TESTS / "specs" / "stripe" / "openapi.2026-10-28.endive.json"
OPTIONAL = {"radar.early_fraud_warning": {"payment_intent"}}
"""https://docs.stripe.com/api/radar/early_fraud_warnings/object; no example has it."""
PAYLOADS = Path(__file__).parent / "payloads"


def recorded(name: str, /, **changes: Any) -> dict[str, Any]:
    """The object of a recorded event, with other fields."""
    found: dict[str, Any] = orjson.loads((PAYLOADS / f"{name}.json").read_bytes())["data"]["object"]
    return found | changes


def example(kind: str, /, **changes: Any) -> dict[str, Any]:
    """A published example, in the newest API version."""
    found: dict[str, Any] = new_mock().apis["stripe"].examples[kind]
    return found | changes


def test_a_payment_that_failed_tells_why() -> None:
    raw = recorded(
        "payment_intent.succeeded", last_payment_error={"code": "card_declined", "decline_code": "lost_card"}
    )
    fields = shown(raw).fields
    assert (fields["failure"], fields["charge"]) == ("lost_card", "ch_000000000000000000000000")
    newer = recorded("payment_intent.succeeded", latest_charge="ch_2", charges=None)
    assert shown(newer).fields["charge"] == "ch_2"


def test_an_invoice_names_its_subscription_in_both_api_versions() -> None:
    assert shown(recorded("invoice.paid", subscription="sub_1")).fields["subscription"] == "sub_1"
    parent = {"type": "subscription_details", "subscription_details": {"subscription": {"id": "sub_2"}}}
    assert shown(recorded("invoice.paid", parent=parent)).fields["subscription"] == "sub_2"
    assert "subscription" not in shown(recorded("invoice.paid")).fields


def test_a_subscription_lists_what_is_paid_for() -> None:
    fields = shown(recorded("customer.subscription.trial_will_end")).fields
    assert [(item["product"], item["amount"], item["quantity"]) for item in fields["items"]] == [
        ("pr_00000000000000", "1.00", 1),
        ("pr_00000000000001", "2.00", 5),
    ]
    newest = {
        "price": {"id": "price_1", "unit_amount": 900, "currency": "eur", "recurring": {"interval": "year"}}
    }
    raw = {"object": "subscription", "items": {"data": [newest | {"current_period_end": 1764061200}]}}
    newer = shown(raw).fields
    assert newer["items"] == [
        {"price": "price_1", "amount": "9.00", "amount_minor": 900, "currency": "eur", "interval": "year"}
    ]
    assert newer["current_period_end"] == "2025-11-25T09:00:00Z"


def test_long_lists_end() -> None:
    raw = {"object": "subscription", "items": {"data": [{"id": f"si_{n}"} for n in range(MAX_ROWS + 5)]}}
    assert len(shown(raw).fields["items"]) == MAX_ROWS


def test_what_outsiders_wrote_is_listed() -> None:
    found = shown(recorded("charge.refunded", metadata={"note": "x"}, receipt_email="a@example.com"))
    assert set(found.untrusted) == {"description", "receipt_email", "metadata[].name", "metadata[].value"}
    assert found.fields["metadata"] == [{"name": "note", "value": "x"}]
    checkout = shown(recorded("checkout.session.completed", client_reference_id="cart 7"))
    assert set(checkout.untrusted) == {"email", "client_reference_id"}


def test_nothing_that_opens_a_door_is_shown() -> None:
    raw = recorded("payment_intent.succeeded", client_secret="pi_1_secret_2")
    assert "secret" not in orjson.dumps(shown(raw).fields).decode()
    invoice = shown(recorded("invoice.paid")).fields
    assert not [value for value in invoice.values() if isinstance(value, str) and "://" in value]
    card = shown(recorded("charge.refunded")).fields["method"]
    assert card == {"type": "card", "brand": "visa", "last4": "4242"}


def test_an_unknown_kind_shows_what_most_have() -> None:
    raw = {
        "object": "topup",
        "id": "tu_1",
        "amount": 500,
        "currency": "eur",
        "status": "pending",
        "x": {"y": 1},
    }
    assert shown(raw).fields == {
        "id": "tu_1",
        "status": "pending",
        "amount": "5.00",
        "amount_minor": 500,
        "currency": "eur",
    }


def test_an_amount_without_a_currency_is_not_guessed() -> None:
    found = shown(recorded("invoice.paid", currency=None))
    assert found.amount is None
    assert "amount_due" not in found.fields


@pytest.mark.parametrize("kind", sorted(SHAPES))
def test_every_field_of_a_shape_is_one_that_stripe_describes(kind: str) -> None:
    """The newest version has it, in the description or in an example, or a recorded body of an older one."""
    schemas = orjson.loads(DESCRIPTION.read_bytes())["components"]["schemas"].values()
    parts = [schema.get("properties", {}) for schema in schemas]
    events = [orjson.loads(path.read_bytes()) for path in PAYLOADS.glob("*.json")]
    objects = [event["data"]["object"] for event in events if "data" in event]
    known = set(example(kind)).union(
        *(part for part in parts if kind in part.get("object", {}).get("enum", ())),
        *(each for each in objects if each["object"] == kind),
    )
    shape = SHAPES[kind]
    paths = {**shape.values, **shape.texts, **shape.amounts, **shape.ids, **shape.times}
    assert {path[0] for path in paths.values()} - OPTIONAL.get(kind, set()) <= known
