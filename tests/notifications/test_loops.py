"""Loops: only what may start a model is stopped, and for a reason that can be read."""

from __future__ import annotations

import pytest

from support.occurred import event
from support.sinks import Desk
from wirepost.notifications.loops import Loops
from wirepost.notifications.wake import Allowance
from wirepost.settings import EventSettings

OWN = {"kind": "self", "id": None}
LOOPS = Loops(EventSettings(max_hops=2, max_runs=4), ["runner"])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"hops": 2}, None),
        ({"hops": 3}, "the last of a chain of 3 events"),
        ({"actor": OWN}, "caused by a call of this server"),
    ],
)
async def test_what_may_start_a_model_gets_no_event_of_our_own_making_and_no_long_chain(
    desk: Desk, fields, reason
) -> None:
    subscription = await desk.subscription()
    assert LOOPS.allows(subscription, "runner", event(**fields)) == reason
    assert LOOPS.allows(subscription, "pull", event(**fields)) is None


async def test_an_operator_may_want_events_of_our_own_making_but_no_long_chain(desk: Desk) -> None:
    subscription = await desk.subscription(exclude_self=False)
    assert LOOPS.allows(subscription, "runner", event(actor=OWN, hops=1)) is None
    assert LOOPS.allows(subscription, "runner", event(actor=OWN, hops=3)) is not None


def test_runs_are_counted_by_source_and_subject() -> None:
    one = LOOPS.runs("runner", event(source="a", subject="contact/1"))
    assert one == Allowance("runs a contact/1", 4, 600)
    assert LOOPS.runs("runner", event(source="b", subject="contact/1")) != one
    assert LOOPS.runs("runner", event(subject=None)) is None
    assert LOOPS.runs("teller", event()) is None
