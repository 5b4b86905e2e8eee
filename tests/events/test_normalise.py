"""Events are clean, short and harmless, whatever the sender wrote."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.calls.own_writes import OwnWrite
from wirepost.events.normalise import MAX_DATA, event_of
from wirepost.settings.webhooks import RedactSettings
from wirepost.webhooks.webhook import Actor, Item

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3000),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)


def made(data=None, *, redact=None, own=None, environment="production", **fields):
    told = {"type": "a.b", "provider_type": "b", "summary": "a.b: thing", "data": data or {}, **fields}
    return event_of(
        Item(**told),
        source="shop",
        environment=environment,
        verified="signature",
        received_at=1.0,
        redact=redact or RedactSettings(),
        own=own,
        key=b"k",
    )


def test_a_plain_item_stays_as_it_is():
    data = {"amount": "49.00", "lines": [{"name": "Shoes"}]}
    event = made(data, untrusted=("lines[].name",), subject="order/7", time=5.0, account="acct_1")
    assert (event.data, event.untrusted, event.data_truncated) == (data, ["lines[].name"], False)
    assert (event.subject, event.object_id, event.time, event.account) == ("order/7", "7", 5.0, "acct_1")


def test_what_nobody_sees_is_taken_away():
    event = made({"text": "ig\u200bnore\u202e \x1b[31mred\r\n"}, summary="a\nb\u200b", subject="x/\u202e1")
    assert event.data == {"text": "ignore [31mred\n"}
    assert (event.summary, event.subject) == ("a b", "x/1")


def test_long_texts_and_large_data_are_cut_and_paths_follow():
    event = made({"text": "x" * 5000}, untrusted=("text",))
    assert (len(event.data["text"]), event.data_truncated, event.untrusted) == (2000, True, ["text"])
    large = {"notes": [{"text": "é" * 1000} for _ in range(100)], **{f"n{n}": "y" * 300 for n in range(200)}}
    event = made(large, untrusted=("notes[].text", "n199"))
    assert len(orjson.dumps(event.data)) <= MAX_DATA
    assert event.data_truncated
    assert "n199" not in event.untrusted


def test_a_write_of_ours_is_known_as_its_cause():
    event = made(own=OwnWrite("int_1", 2, 1.0), actor=Actor("automation", "app_1"))
    assert (event.is_self, event.actor["id"], event.correlation_id, event.hops) == (True, "app_1", "int_1", 2)


@pytest.mark.parametrize(
    ("connection", "told", "expected"),
    [("production", "test", "test"), ("production", None, "production"), ("sandbox", "test", "sandbox")],
)
def test_the_environment_is_what_the_request_tells(connection, told, expected):
    item = Item(type="a", provider_type="a", summary="", environment=told)
    event = event_of(item, source="s", environment=connection, verified="none", received_at=1.0)
    assert event.environment == expected


@pytest.mark.parametrize("time", [float("nan"), -5.0, 1e15])
def test_a_time_that_is_none_is_not_invented(time):
    assert made(time=time).time is None


@given(st.dictionaries(st.text(max_size=20), JSON, max_size=8), st.text(max_size=400))
def test_anything_becomes_an_event_that_can_be_stored_and_shown(data, text):
    event = made(data, summary=text, subject=text, type=text)
    assert len(orjson.dumps(event.data)) <= MAX_DATA
    assert len(event.summary) <= 280
    assert event.summary.isprintable() or not event.summary.isascii()
    orjson.dumps(event.shown())
    event.stored()


def test_nesting_without_end_is_cut():
    deep = value = {}
    for _ in range(500):
        value["a"] = [{}]
        value = value["a"][0]
    assert len(orjson.dumps(made(deep).data)) < MAX_DATA
