"""Deliveries: one has each at a time, nothing is lost when that one dies, and a late word changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from support.occurred import delivered, event, stored
from wirepost.events.deliveries import Counts, Deliveries, topic

LEASE_S = 300.0
SUB = "sub_1"


@pytest.fixture
def now(clock):
    return clock.now().timestamp()


async def claim(deliveries: Deliveries, sink: str = "hook", holder: str = "one", limit: int = 10, **how):
    return await deliveries.claim(sink, holder=holder, lease_s=LEASE_S, limit=limit, **how)


async def row(database, column: str) -> object:
    columns = "state, reason, ended_at, pushed_at, fetched_at"
    (found,) = await database.read(f"SELECT {columns} FROM deliveries LIMIT 2")  # noqa: S608 - our own words
    return dict(zip(columns.split(", "), found, strict=True))[column]


async def test_what_was_claimed_comes_to_nobody_else_before_its_lease_has_ended(
    database, log, deliveries, clock, now
):
    (refund,) = await stored(log, event())
    await delivered(database, SUB, "hook", refund, now=now)
    (first,) = await claim(deliveries)
    assert (first.event, first.attempt, first.copy, first.merged) == (refund, 1, 0, 0)
    assert await claim(deliveries, holder="two") == []
    clock.advance(LEASE_S - 1)
    assert await claim(deliveries, holder="two") == []
    clock.advance(1)
    (second,) = await claim(deliveries, holder="two")
    assert (second.event.id, second.attempt) == (refund.id, 2)


async def test_who_lost_its_lease_changes_nothing_any_more(database, log, deliveries, clock, now):
    await delivered(database, SUB, "hook", *await stored(log, event()), now=now)
    (late,) = await claim(deliveries)
    clock.advance(LEASE_S)
    (holding,) = await claim(deliveries, holder="two")
    assert not await deliveries.done(late, "one")
    assert not await deliveries.retry(late, "one", now, "slow")
    assert not await deliveries.dead(late, "one", "slow")
    assert not await deliveries.drop(late, "one", "slow")
    assert await row(database, "state") == "offered"
    assert await deliveries.done(holding, "two")
    assert await row(database, "state") == "done"


async def test_the_same_holder_in_a_later_attempt_is_not_ended_by_its_earlier_one(
    database, log, deliveries, clock, now
):
    await delivered(database, SUB, "hook", *await stored(log, event()), now=now)
    (late,) = await claim(deliveries)
    clock.advance(LEASE_S)
    (again,) = await claim(deliveries)
    assert not await deliveries.done(late, "one")
    assert await deliveries.done(again, "one")


async def test_a_failed_attempt_comes_again_when_it_is_due(database, log, deliveries, clock, now):
    await delivered(database, SUB, "hook", *await stored(log, event()), now=now)
    (failed,) = await claim(deliveries)
    assert await deliveries.retry(failed, "one", now + 30, "HTTP 503")
    assert await deliveries.next_due("hook") == now + 30
    assert await claim(deliveries) == []
    clock.advance(30)
    (again,) = await claim(deliveries)
    assert again.attempt == 2


@pytest.mark.parametrize(("end", "state"), [("dead", "dead"), ("drop", "dropped")])
async def test_what_was_given_up_says_why_and_does_not_come_again(log, deliveries, clock, end, state):
    database, now = log.database, clock.now().timestamp()
    await delivered(database, SUB, "hook", *await stored(log, event()), now=now)
    (failed,) = await claim(deliveries)
    assert await getattr(deliveries, end)(failed, "one", "HTTP 410")
    clock.advance(LEASE_S * 2)
    assert await claim(deliveries) == []
    assert await row(database, "state") == state
    assert await row(database, "reason") == "HTTP 410"
    assert await row(database, "ended_at") == now
    assert await deliveries.next_due("hook") is None


async def test_a_push_is_noted_and_ends_nothing(database, log, deliveries, now):
    await delivered(database, SUB, "channel", *await stored(log, event()), now=now)
    (pushed,) = await claim(deliveries, "channel")
    await deliveries.pushed(pushed)
    assert await row(database, "pushed_at") == now
    assert await row(database, "fetched_at") is None
    assert await row(database, "state") == "offered"


async def test_events_of_one_subscription_come_in_the_order_in_which_they_were_stored(
    database, log, deliveries, now
):
    events = await stored(log, *(event(subject=f"charge/ch_{n}") for n in range(5)))
    await delivered(database, SUB, "pull", *reversed(events), now=now)
    await delivered(database, "sub_2", "pull", events[0], now=now)
    taken = await claim(deliveries, "pull", limit=3, subscription=SUB)
    assert [each.event.object_id for each in taken] == ["ch_0", "ch_1", "ch_2"]
    assert [each.subscription for each in taken] == [SUB] * 3
    assert [each.seq for each in await claim(deliveries, "pull", subscription=SUB)] == [4, 5]


async def test_not_more_are_out_at_once_than_allowed(database, log, deliveries, clock, now):
    events = await stored(log, *(event() for _ in range(5)))
    await delivered(database, SUB, "pull", *events, now=now)
    first = await claim(deliveries, "pull", subscription=SUB, max_in_flight=2)
    assert len(first) == 2
    assert await claim(deliveries, "pull", subscription=SUB, max_in_flight=2) == []
    await deliveries.done(first[0], "one")
    assert len(await claim(deliveries, "pull", subscription=SUB, max_in_flight=2)) == 1
    clock.advance(LEASE_S)
    assert [each.seq for each in await claim(deliveries, "pull", subscription=SUB, max_in_flight=2)] == [2, 3]


async def test_what_nobody_acknowledged_so_often_is_put_aside(database, log, deliveries, clock, now):
    await delivered(database, SUB, "pull", *await stored(log, event()), now=now)
    for attempt in range(1, 6):
        (taken,) = await claim(deliveries, "pull", subscription=SUB, max_attempts=5)
        assert taken.attempt == attempt
        assert await deliveries.counts(SUB) == Counts(pending=1, in_flight=1, dead=0)
        clock.advance(LEASE_S)
    assert await claim(deliveries, "pull", subscription=SUB, max_attempts=5) == []
    assert await deliveries.counts(SUB) == Counts(pending=0, in_flight=0, dead=1)
    assert await row(database, "reason") == "not acknowledged"


async def test_a_final_claim_ends_what_it_takes(database, log, deliveries, clock, now):
    await delivered(database, SUB, "pull", *await stored(log, event()), now=now)
    assert len(await claim(deliveries, "pull", subscription=SUB, is_final=True)) == 1
    assert await row(database, "state") == "done"
    assert await row(database, "fetched_at") == now
    clock.advance(LEASE_S)
    assert await claim(deliveries, "pull", subscription=SUB, is_final=True) == []


async def test_an_event_that_was_forgotten_meanwhile_is_left_out(database, log, deliveries, now):
    gone, kept = await stored(log, event(), event())
    await delivered(database, SUB, "hook", gone, kept, now=now)
    forget = "UPDATE events SET content = NULL WHERE id = ?"
    await database.write(lambda tx: tx.execute(forget, gone.id))
    assert [each.event.id for each in await claim(deliveries)] == [kept.id]
    states = await database.read("SELECT state, reason FROM deliveries ORDER BY seq LIMIT 3")
    assert states == [("dropped", "forgotten"), ("offered", None)]


async def test_two_processes_never_get_the_same_delivery(other, log, signals, clock, now):
    database = log.database
    events = await stored(log, *(event() for _ in range(40)))
    await delivered(database, SUB, "hook", *events, now=now)
    both = Deliveries(database, signals, clock), Deliveries(other, signals, clock)
    claims = (claim(both[n % 2], holder=f"h{n}", limit=3) for n in range(20))
    taken = [each.seq for batch in await asyncio.gather(*claims) for each in batch]
    assert sorted(taken) == list(range(1, 41))


async def test_readers_are_told_of_their_subscription_and_sinks_of_all(deliveries, signals):
    mine, others, sink = (
        signals.listen(topic(way, sub)) for way, sub in (("pull", "a"), ("pull", "b"), ("hook", "a"))
    )
    deliveries.told([("a", "pull"), ("b", "hook")])
    assert (mine.is_set(), others.is_set(), sink.is_set()) == (True, False, True)
    deliveries.told([("b", "pull")])
    assert others.is_set()
