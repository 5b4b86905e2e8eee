"""The log: each event once, in one order without holes, stored together and refused alone."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from support.disk import fill_disk, free_disk
from support.occurred import event
from wirepost.core.errors import Unavailable
from wirepost.events.log import Arrival, DeadLetter, EventLog, NewEvent
from wirepost.store.queue import Task


def arrival(*keys, body_key=None, **more):
    events = [NewEvent(event(id=f"evt_{key}"), f":{key}", body_key, {"n": key}) for key in keys]
    return Arrival("stripe-live", "default", 1.0, events, **more)


def named(*names):
    """Each name as an event with an id of its own, as every delivery gets one."""
    events = [NewEvent(event(provider_event_id=name), f":{name}", None, {}) for name in names]
    return Arrival("stripe-live", "default", 1.0, events)


async def test_events_that_come_at_once_have_numbers_without_holes(log):
    arrivals = [named("a"), named("b", "a"), named("a"), named("c"), named("b", "d")]
    recorded = await asyncio.gather(*map(log.record, arrivals))
    news = [[each.is_new for each in some] for some in recorded]
    assert news == [[True], [True, False], [False], [True], [False, True]]
    found = [(each.seq, each.provider_event_id) for each in await log.after(0, 10)]
    assert found == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    assert recorded[0][0].id == recorded[1][1].id == recorded[2][0].id
    assert await log.newest() == 4


async def test_whoever_stops_waiting_does_not_stop_what_is_stored(log):
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await log.record(arrival("a"))
    await log.record(arrival("b"))
    assert [each.id for each in await log.after(0, 10)] == ["evt_a", "evt_b"]


async def test_the_same_body_under_another_id_is_noted_and_not_news(log):
    await log.record(arrival("a", body_key="default:hash:0"))
    (recorded,) = await log.record(arrival("b", body_key="default:hash:0", attempt={"try": 2}))
    assert (recorded.id, recorded.is_new) == ("evt_a", False)
    rows = await log.database.read("SELECT event_id, outcome, details FROM receipts LIMIT 9")
    assert rows == [("evt_a", "same_body", '{"try":2}')]


async def test_an_arrival_that_cannot_be_stored_does_not_stop_those_beside_it(log):
    bad = arrival("bad")
    bad.events[0].event.received_at = "no time"  # the database refuses it
    results = await asyncio.gather(
        log.record(arrival("a")), log.record(bad), log.record(arrival("b")), return_exceptions=True
    )
    assert [isinstance(each, Exception) for each in results] == [False, True, False]
    assert [each.id for each in await log.after(0, 10)] == ["evt_a", "evt_b"]


async def test_a_full_disk_refuses_all_and_nothing_is_half_stored(log, database):
    await fill_disk(database, "raw_bodies")
    refused = await asyncio.gather(
        *(log.record(arrival(key, raw_id=f"raw_{key}", sealed=b"x")) for key in "abc"), return_exceptions=True
    )
    assert all(isinstance(each, Unavailable) for each in refused)
    await free_disk(database)
    assert await log.after(0, 10) == []
    (recorded,) = await log.record(arrival("a", raw_id="raw_a", sealed=b"x"))
    assert recorded.is_new


async def test_too_many_that_wait_are_refused(database, signals, clock):
    log = EventLog(database, signals, clock, most_waiting=2)
    results = await asyncio.gather(*(log.record(arrival(key)) for key in "abcd"), return_exceptions=True)
    assert [isinstance(each, Unavailable) for each in results] == [False, False, True, True]


async def test_incomplete_events_are_read_by_nobody_until_they_are_completed(log):
    new = arrival("thin")
    new.events[0].is_complete = False
    await log.record(new)
    await log.record(arrival("a"))
    assert [each.id for each in await log.after(0, 10)] == ["evt_a"]
    assert await log.get("evt_thin") is None
    thin = await log.incomplete("evt_thin")
    thin.data = {"fetched": True}
    assert await log.complete(thin)
    assert not await log.complete(thin)
    assert [(each.seq, each.id, each.data) for each in await log.after(1, 10)] == [
        (2, "evt_thin", {"fetched": True})
    ]


async def test_readers_and_workers_are_woken(log, signals):
    events, work = signals.listen("events"), signals.listen("work")
    await log.record(arrival("a", tasks=[Task("kind", "key", 1.0)]))
    assert events.is_set()
    assert work.is_set()


async def test_dead_letters_are_kept_once_with_their_request(log, database):
    for number in range(2):
        dead = [DeadLetter(f"dead_{number}", "default:hash:0", "is no JSON")]
        await log.record(arrival(dead=dead, raw_id=f"raw_{number}", sealed=b"sealed"))
    assert await database.read("SELECT id, reason FROM dead_letters LIMIT 9") == [("dead_0", "is no JSON")]
    assert await database.read("SELECT id FROM raw_bodies LIMIT 9") == [("raw_0",)]


@pytest.mark.parametrize("count", [1, 31, 33, 100])
async def test_any_number_at_once_is_stored_in_order(log, count):
    await asyncio.gather(*(log.record(arrival(f"{n}")) for n in range(count)))
    assert [each.id for each in await log.after(0, 200)] == [f"evt_{n}" for n in range(count)]
