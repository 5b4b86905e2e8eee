"""Acknowledging: what was said to be done does not come again, and what is unknown is named."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event, stored
from wirepost.events.acknowledge import Acknowledgements, Answer
from wirepost.events.deliveries import Counts

SUB = "sub_1"


@pytest.fixture
def acks(database, deliveries, clock):
    return Acknowledgements(database, deliveries, clock)


@pytest.fixture
def now(clock):
    return clock.now().timestamp()


async def read(deliveries, limit=10, holder="anna"):
    return await deliveries.claim(
        "pull", holder=holder, lease_s=300, limit=limit, subscription=SUB, max_attempts=2
    )


async def states(database):
    return await database.read("SELECT seq, sink, state, reason FROM deliveries ORDER BY seq, sink LIMIT 99")


async def test_what_was_acknowledged_does_not_come_again(database, log, deliveries, acks, clock):
    one, two = await stored(log, event(), event())
    await delivered(database, SUB, "pull", one, two, now=clock.now().timestamp())
    await read(deliveries)
    assert await acks.ack(SUB, [one.id], "refunded  it") == Answer([one.id], [])
    assert await deliveries.counts(SUB) == Counts(1, 1, 0)
    clock.advance(301)
    assert [each.event.id for each in await read(deliveries)] == [two.id]
    assert (await states(database))[0] == (1, "pull", "done", "refunded it")


async def test_saying_it_twice_changes_nothing_and_unknown_ids_are_named(log, deliveries, acks, clock):
    mine, others = await stored(log, event(), event())
    await delivered(log.database, SUB, "pull", mine, now=clock.now().timestamp())
    await delivered(log.database, "sub_2", "pull", others, now=clock.now().timestamp())
    named = [mine.id, "evt_none", others.id, mine.id]
    for _ in range(2):
        assert await acks.ack(SUB, named) == Answer([mine.id], ["evt_none", others.id])
    assert await acks.ack(SUB, []) == Answer([], [])
    assert await deliveries.counts("sub_2") == Counts(1, 0, 0)


async def test_an_acknowledgement_ends_the_hint_too_and_no_other_way(database, log, acks, now):
    (one,) = await stored(log, event())
    for way in ("pull", "channel", "hook"):
        await delivered(database, SUB, way, one, now=now)
    await acks.ack(SUB, [one.id])
    assert [row[1:3] for row in await states(database)] == [
        ("channel", "done"),
        ("hook", "pending"),
        ("pull", "done"),
    ]


async def test_what_was_given_up_can_still_be_acknowledged(database, log, deliveries, acks, clock):
    (one,) = await stored(log, event())
    await delivered(database, SUB, "pull", one, now=clock.now().timestamp())
    for _ in range(3):
        await read(deliveries)
        clock.advance(301)
    assert (await deliveries.counts(SUB)).dead == 1
    await acks.ack(SUB, [one.id])
    assert (await deliveries.counts(SUB)).dead == 0


async def test_up_to_a_place_only_what_was_read_is_done_with(log, deliveries, acks, now):
    events = await stored(log, *(event() for _ in range(4)))
    await delivered(log.database, SUB, "pull", events[0], now=now, due_at=now + 60)
    await delivered(log.database, SUB, "pull", *events[1:], now=now)
    assert [each.seq for each in await read(deliveries, 2)] == [2, 3]
    assert await acks.ack_up_to(SUB, 3, "anna") == 2
    assert await acks.ack_up_to(SUB, 3, "anna") == 0
    assert [row[2] for row in await states(log.database)] == ["pending", "done", "done", "pending"]


async def test_up_to_a_place_nothing_is_done_with_that_another_has(log, deliveries, acks, clock, now):
    events = await stored(log, *(event() for _ in range(4)))
    for way in ("pull", "channel"):
        await delivered(log.database, SUB, way, *events, now=now)
    await read(deliveries, 2)
    assert [each.seq for each in await read(deliveries, holder="bert")] == [3, 4]
    assert await acks.ack_up_to(SUB, 4, "bert", "paid") == 2
    clock.advance(301)
    assert [each.seq for each in await read(deliveries, holder="carl")] == [1, 2]
    assert await states(log.database) == [
        *[
            (seq, sink, state, None)
            for seq in (1, 2)
            for sink, state in (("channel", "pending"), ("pull", "offered"))
        ],
        *[(seq, sink, "done", "paid") for seq in (3, 4) for sink in ("channel", "pull")],
    ]


async def test_up_to_a_place_what_was_refused_comes_again_all_the_same(log, deliveries, acks, clock, now):
    events = await stored(log, *(event() for _ in range(3)))
    await delivered(log.database, SUB, "pull", *events, now=now)
    await read(deliveries)
    await acks.nack(SUB, [events[1].id], 600, "later")
    assert await acks.ack_up_to(SUB, 3, "anna") == 2
    clock.advance(601)
    assert [each.seq for each in await read(deliveries)] == [2]


async def test_what_was_not_acknowledged_in_time_can_be_until_another_has_it(
    log, deliveries, acks, clock, now
):
    events = await stored(log, *(event() for _ in range(2)))
    await delivered(log.database, SUB, "pull", *events, now=now)
    await read(deliveries)
    clock.advance(301)
    assert [each.seq for each in await read(deliveries, 1, holder="bert")] == [1]
    assert await acks.ack_up_to(SUB, 2, "anna") == 1


async def test_what_is_refused_comes_again_when_it_was_asked_for(log, deliveries, acks, clock, now):
    (one,) = await stored(log, event())
    await delivered(log.database, SUB, "pull", one, now=now)
    await read(deliveries)
    assert await acks.nack(SUB, [one.id, "evt_none"], 60, "no time") == Answer([one.id], ["evt_none"])
    assert await read(deliveries) == []
    assert await deliveries.next_due("pull", SUB) == now + 60
    clock.advance(60)
    (again,) = await read(deliveries)
    assert again.attempt == 2
    assert await states(log.database) == [(1, "pull", "offered", "no time")]
    await acks.ack(SUB, [one.id])
    assert await acks.nack(SUB, [one.id], 0) == Answer([], [one.id])


async def test_what_is_refused_too_often_is_put_aside(log, deliveries, acks, now):
    (one,) = await stored(log, event())
    await delivered(log.database, SUB, "pull", one, now=now)
    for _ in range(2):
        assert len(await read(deliveries)) == 1
        await acks.nack(SUB, [one.id], 0, "cannot")
    assert await read(deliveries) == []
    assert await states(log.database) == [(1, "pull", "dead", "cannot")]
