"""Results about events: what outsiders wrote is marked, and nothing of an event is lost."""

from __future__ import annotations

from support.occurred import event
from wirepost.tools.marks import untrusted
from wirepost.toolsets.events.results import EventFacts, Waited, facts, line


def test_data_and_payload_are_marked_as_outsiders_words():
    assert set(untrusted(EventFacts)) == {"data", "payload"}
    assert set(untrusted(Waited)) == {"events"}


def test_an_event_is_shown_in_full_as_it_is():
    refund = event(time=1_795_600_000.0, hops=2)
    shown = facts(refund, attempt=1).model_dump()
    assert {name: shown[name] for name in refund.shown()} == refund.shown()
    assert shown["attempt"] == 1


def test_an_event_in_short_has_no_data():
    shown = line(event(), acked=True).model_dump()
    assert "data" not in shown
    assert shown["acked"] is True
    assert shown["summary"] == "payment.refunded: charge ch_1, 49.00 EUR"
