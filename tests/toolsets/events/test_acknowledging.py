"""Acknowledging through the tools: by ids or by cursor, with or without the name of a subscription."""

from __future__ import annotations

import pytest

from support.occurred import event
from wirepost.core.errors import InvalidCall
from wirepost.toolsets.events.acknowledging import event_ack, event_nack
from wirepost.toolsets.events.reading import event_wait


async def test_events_are_acknowledged_by_id_whatever_default_they_came_from(desks):
    await desks.run(event_wait, wait_s=0)
    await desks.run(event_wait, wait_s=0, source="shop")
    one, two = await desks.occur(event(source="shop"), event())
    await desks.run(event_wait, source="shop")
    answer = await desks.run(event_ack, events=[one.id, "evt_none"], note="done")
    assert (answer.acknowledged, answer.unknown, answer.count, answer.pending) == (
        [one.id],
        ["evt_none"],
        1,
        1,
    )
    assert [each.id for each in (await desks.run(event_wait)).events] == [two.id]


async def test_events_are_acknowledged_up_to_a_cursor(desks):
    await desks.run(event_wait, wait_s=0, source="stripe-live")
    await desks.run(event_wait, wait_s=0)
    await desks.occur(event(), event(), event())
    batch = await desks.run(event_wait, limit=2)
    answer = await desks.run(event_ack, up_to=batch.next_cursor)
    assert (answer.count, answer.pending) == (2, 1)
    narrowed = await desks.run(event_wait, source="stripe-live")
    assert (await desks.run(event_ack, up_to=narrowed.next_cursor)).count == 3
    with pytest.raises(InvalidCall, match="not issued"):
        await desks.run(event_ack, up_to="e1.no")


@pytest.mark.parametrize("arguments", [{}, {"events": ["evt_1"], "up_to": "e1.x"}])
async def test_either_ids_or_a_cursor_are_needed(desks, arguments):
    with pytest.raises(InvalidCall, match="either events or up_to"):
        await desks.run(event_ack, **arguments)


async def test_events_that_cannot_be_handled_now_come_later(desks, clock):
    await desks.run(event_wait, wait_s=0)
    (one,) = await desks.occur(event())
    await desks.run(event_wait)
    answer = await desks.run(event_nack, events=[one.id, "evt_none"], delay_s=60, reason="busy")
    assert (answer.offered_again, answer.unknown, answer.pending) == ([one.id], ["evt_none"], 1)
    clock.advance(60)
    assert [each.attempt for each in (await desks.run(event_wait, wait_s=0)).events] == [2]


async def test_nobody_acknowledges_for_somebody_else(desks):
    await desks.run(event_wait, wait_s=0)
    (one,) = await desks.occur(event())
    assert (await desks.run(event_ack, caller="ben", events=[one.id])).unknown == [one.id]


async def test_one_session_does_not_acknowledge_what_another_has(desks):
    """Both are the same caller; each got one of the events, and neither knows how far the other is."""
    await desks.run(event_wait, wait_s=0)
    one, two = await desks.occur(event(), event())
    first = await desks.run(event_wait, limit=1)
    second = await desks.run(event_wait, limit=1)
    assert [each.id for each in (*first.events, *second.events)] == [one.id, two.id]
    assert (await desks.run(event_ack, up_to=second.next_cursor)).count == 1
    again = await desks.run(event_wait, cursor=first.next_cursor, wait_s=0)
    assert again.events == []
    assert (await desks.run(event_ack, up_to=first.next_cursor)).count == 1
