"""Outgoing: what outsiders wrote stays data, in whatever form it is told."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from support.occurred import event
from support.sinks import EVIL, outgoing
from wirepost.notifications.outgoing import NOTICE


def test_the_line_is_ours_and_says_how_many_it_stands_for() -> None:
    assert outgoing().line() == "payment.refunded: payment.refunded: charge ch_1, 49.00 EUR"
    assert outgoing(merged=2).line().endswith("; and 2 before it")
    assert outgoing(waiting=994).line().endswith("; 994 more pending")


def test_a_replay_is_another_message_and_an_attempt_is_not() -> None:
    assert outgoing(attempt=3).message_id == outgoing().message_id == "evt_1"
    assert outgoing(copy=2).message_id == "evt_1-2"


def test_cloud_events_have_the_attributes_of_the_specification() -> None:
    # https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
    told = json.loads(
        outgoing(event(id="evt_1", account=None, time=1_795_600_000.0), waiting=3).cloud_event()
    )
    assert (told["specversion"], told["id"], told["type"]) == ("1.0", "evt_1", "payment.refunded")
    assert told["subject"] == "charge/ch_1"
    assert told["time"] == "2026-11-25T09:46:40Z"
    assert told["data"] == {"amount": "49.00", "currency": "eur"}
    assert told["waiting"] == 3
    assert all(re.fullmatch("[a-z0-9]{1,20}", name) for name in told), "other names are invalid"
    assert None not in told.values(), "an attribute without a value is left out"


def test_outsiders_words_cannot_leave_their_block() -> None:
    """12.4.13a: for models that are started."""
    block = outgoing(event(data={"text": EVIL, EVIL: 1})).block_for_models()
    found = re.fullmatch(
        r'<external id="(\S+)" boundary="([0-9a-f]{16})">\n(.*)\n</external \2>\n(.*)', block, re.DOTALL
    )
    assert found is not None
    inside, after = found[3], found[4]
    assert after == NOTICE
    assert "<" not in inside
    assert "refund ch_1" in inside, "the data itself is told"
    assert json.loads(inside)["type"] == "payment.refunded"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b\u202e]|\\\\u001b", inside.replace("\\u001b", "\x1b"))


def test_the_boundary_is_another_one_each_time() -> None:
    one = outgoing()
    assert len({one.block_for_models() for _ in range(10)}) == 10


def test_templates_are_filled_once() -> None:
    one = outgoing(event(id="evt_1", summary="about {id} and {type}"))
    assert one.filled("{summary} | {id} | {unknown} | {}") == "about {id} and {type} | evt_1 | {unknown} | {}"
    assert one.filled("{summary.__class__} {0} {id!r}") == "{summary.__class__} {0} {id!r}"


@given(st.text())
def test_in_json_what_is_put_in_stays_inside_its_string(text: str) -> None:
    one = outgoing(event(summary=text.encode(errors="ignore").decode()))
    told = json.loads(one.filled('{"text": "New: {summary}", "n": [{attempt}]}', is_json=True))
    assert told == {"text": f"New: {one.event.summary}", "n": [1]}


def test_headers_stay_on_their_line() -> None:
    one = outgoing(event(summary="a\r\nX-Evil: 1", subject="ché/1"))
    assert one.headers({"X-Summary": "{summary}", "X-About": "{subject}"}) == {
        "X-Summary": "a X-Evil: 1",
        "X-About": "ch?/1",
    }


def test_what_a_program_gets_says_that_it_is_data() -> None:
    told = outgoing(copy=1).plain()
    assert told["notice"] == NOTICE
    assert (told["is_replay"], told["event"]["id"]) == (True, "evt_1")
