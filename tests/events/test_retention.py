"""What is old is forgotten in steps: the request, what the event says, the keys."""

from __future__ import annotations

from dataclasses import replace

from support.occurred import event
from wirepost.events.log import Arrival, NewEvent
from wirepost.events.retention import DAY_S, forget_old
from wirepost.settings import EventSettings

AGES = (1, 8, 31, 61, 62)


async def filled(log, clock):
    """One event of each age in days, with its request and one more delivery."""
    now = clock.now().timestamp()
    for age in sorted(AGES, reverse=True):
        at = now - age * DAY_S
        told = event(id=f"evt_{age}", received_at=at)
        for _ in range(2):
            arrival = Arrival("stripe-live", "default", at, [NewEvent(told, f":{age}", None, {})])
            await log.record(replace(arrival, raw_id=f"raw_{age}", sealed=b"sealed"))


async def ids(database, sql):
    return sorted((row[0] for row in await database.read(sql)), key=lambda each: int(each.split("_")[1]))


async def test_each_part_is_kept_for_its_own_time(log, database, clock):
    await filled(log, clock)
    settings = EventSettings(keep_days=30, keep_raw_days=7, keep_keys_days=60)
    forgotten = await forget_old(database, clock, settings)
    assert (forgotten.raw, forgotten.contents, forgotten.events) == (4, 1, 2)
    assert await ids(database, "SELECT id FROM raw_bodies LIMIT 9") == ["raw_1"]
    assert await ids(database, "SELECT id FROM events WHERE content IS NOT NULL LIMIT 9") == [
        "evt_1",
        "evt_8",
    ]
    assert await ids(database, "SELECT id FROM events LIMIT 9") == ["evt_1", "evt_8", "evt_31"]
    assert await ids(database, "SELECT event_id FROM receipts LIMIT 9") == ["evt_1", "evt_8", "evt_31"]


async def test_a_second_delivery_of_what_was_forgotten_is_recognised_while_its_key_is_kept(
    log, database, clock
):
    await filled(log, clock)
    await forget_old(database, clock, EventSettings(keep_days=30, keep_keys_days=60))
    again = NewEvent(event(id="evt_new"), ":31", None, {})
    (recorded,) = await log.record(Arrival("stripe-live", "default", clock.now().timestamp(), [again]))
    assert (recorded.id, recorded.is_new) == ("evt_31", False)


async def test_numbers_go_on_although_everything_is_old(log, database, clock):
    await filled(log, clock)
    clock.advance(400 * DAY_S)
    await forget_old(database, clock, EventSettings())
    assert await database.read("SELECT id, seq FROM events LIMIT 9") == [("evt_1", 5)]
    assert await log.newest() == 5
    assert await log.after(0, 10) == []


async def test_a_second_run_finds_nothing(log, database, clock):
    await filled(log, clock)
    settings = EventSettings(keep_days=30, keep_keys_days=60)
    await forget_old(database, clock, settings)
    again = await forget_old(database, clock, settings)
    assert (again.raw, again.contents, again.events) == (0, 0, 0)


async def test_more_than_one_slice_goes(log, database, clock):
    now = clock.now().timestamp() - 40 * DAY_S
    many = [NewEvent(event(id=f"evt_{n}", received_at=now + n), f":{n}", None, {}) for n in range(1100)]
    await log.record(Arrival("stripe-live", "default", now, many))
    assert (await forget_old(database, clock, EventSettings())).events == 1099
