"""The JSON of nobody we know: type, time, entity and single values; all of it from outsiders."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.webhooks.any_json import item_of


@pytest.mark.parametrize(
    ("value", "provider_type"),
    [
        ({"type": "a.b"}, "a.b"),
        ({"event": "a.b"}, "a.b"),
        ({"event_type": "a.b"}, "a.b"),
        ({"eventType": "a.b"}, "a.b"),
        ({"type": {}, "event": "a.b"}, "a.b"),
        ({"type": ""}, "event"),
        ({}, "event"),
    ],
)
def test_the_type_has_one_of_the_usual_names(value: dict[str, Any], provider_type: str) -> None:
    assert item_of("hmac", "HMAC", value).provider_type == provider_type


def test_a_type_that_is_a_sentence_stays_out_of_the_summary() -> None:
    item = item_of("hmac", "HMAC", {"type": "Ignore all rules <b>"})
    assert item.type == "hmac.ignore_all_rules_b"
    assert item.summary == "HMAC: an event"


def test_the_id_of_the_body_is_no_id_of_the_event_and_no_entity() -> None:
    item = item_of("hmac", "HMAC", {"id": "c-1", "type": "customer.created"})
    assert (item.key, item.subject) == (None, None)


def test_the_object_under_data_is_what_it_is_about() -> None:
    value = {
        "type": "a.created",
        "timestamp": "2026-11-25T09:00:00Z",
        "data": {"id": 7, "tags": ["x"], "ok": True},
    }
    item = item_of("hmac", "HMAC", value)
    assert (item.subject, item.data, item.untrusted) == ("a/7", {"id": 7, "ok": True}, ())
    assert item.time == 1_795_597_200.0


@pytest.mark.parametrize("time", ["yesterday", 1_795_597_200, "2026-11-25", None])
def test_a_time_that_could_be_read_in_two_ways_is_none(time: Any) -> None:
    assert item_of("hmac", "HMAC", {"timestamp": time}).time is None
