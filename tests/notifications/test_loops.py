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


def test_runs_are_counted_by_subscription_way_source_and_subject() -> None:
    loops = Loops(EventSettings(max_runs=4), ["runner", "other"])
    about = event(source="a", subject="contact/1")
    one = loops.runs("sub_1", "runner", about)
    assert one == Allowance("runs sub_1 runner a contact/1", 4, 600, "too many runs about one subject")
    assert loops.runs("sub_2", "runner", about) != one
    assert loops.runs("sub_1", "other", about) != one
    assert loops.runs("sub_1", "runner", event(source="b", subject="contact/1")) != one
    assert loops.runs("sub_1", "runner", event(subject=None)) is None
    assert loops.runs("sub_1", "teller", event()) is None
