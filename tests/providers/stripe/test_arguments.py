"""Arguments shared by the tools: read exactly, refused by name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wirepost.core.errors import InvalidCall
from wirepost.core.money import Money
from wirepost.providers.stripe.arguments import (
    MetadataItem,
    epoch_of,
    metadata_of,
    money_at,
    money_of,
    period_of,
    since,
    wrong,
)

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
EPOCH = 1795600800


def test_metadata_carries_the_intent_beside_the_callers_entries():
    items = [MetadataItem(name="ticket", value="42")]
    assert metadata_of(items, "int_1") == {"ticket": "42", "intent_id": "int_1"}
    assert metadata_of(items) == {"ticket": "42"}
    assert metadata_of(None, "int_1") == {"intent_id": "int_1"}


@pytest.mark.parametrize("items", [None, []])
def test_nothing_to_store_is_nothing(items):
    assert metadata_of(items) is None


def test_a_caller_cannot_pass_off_an_object_as_the_result_of_another_action():
    with pytest.raises(InvalidCall):
        metadata_of([MetadataItem(name="intent_id", value="int_0")], "int_1")


def test_an_amount_needs_its_currency_and_the_reverse():
    assert money_of("12.50", "EUR") == Money(1250, "eur")
    assert money_of(None, None) is None
    for amount, currency, missing in (("1", None, "currency"), (None, "eur", "amount")):
        with pytest.raises(InvalidCall) as refused:
            money_of(amount, currency)
        assert refused.value.fields[0]["path"] == missing


def test_a_wrong_amount_is_named_as_the_caller_named_it():
    with pytest.raises(InvalidCall) as refused:
        money_at("items[2].amount", "1.234", "eur")
    assert refused.value.fields[0]["path"] == "items[2].amount"
    with pytest.raises(InvalidCall) as refused:
        money_at("items[2].amount", "1", "euro")
    assert refused.value.fields[0]["path"] == "currency"


@pytest.mark.parametrize(
    ("text", "epoch"),
    [("now", EPOCH), ("2026-11-25T11:00:00+01:00", EPOCH), ("-1h", EPOCH - 3600), (None, None)],
)
def test_times_become_epoch_seconds(text, epoch):
    assert epoch_of(text, now=NOW, path="created_after") == epoch


def test_a_period_may_be_open_at_either_end():
    assert period_of(None, None, NOW) is None
    assert period_of("now", None, NOW) == {"gte": EPOCH, "lt": None}
    assert period_of(None, "now", NOW) == {"gte": None, "lt": EPOCH}


def test_looking_for_a_lost_attempt_allows_for_clocks_that_differ():
    assert since(NOW) == {"gte": EPOCH - 60}
    assert since(None) is None


def test_a_refusal_names_what_would_be_right():
    refusal = wrong("currency", "must be the currency of the payment", ["eur"])
    assert refusal.message == "currency must be the currency of the payment"
    assert refusal.fields == [
        {"path": "currency", "problem": "must be the currency of the payment", "allowed": ["eur"]}
    ]
