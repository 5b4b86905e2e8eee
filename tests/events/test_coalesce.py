"""Coalescing: the latest of a group is kept, the others are counted, and the wait is bounded."""

from __future__ import annotations

import pytest

from support.occurred import event, stored
from wirepost.events.coalesce import add_merged, group_of
from wirepost.settings.events import CoalesceSettings

WINDOW_S = 30.0


@pytest.fixture
def add(log, clock):
    async def add(*events, group="same"):
        now = clock.now().timestamp()
        for each in await stored(log, *events):
            await log.database.write(
                lambda tx, each=each: add_merged(tx, ("sub", "pull"), each, group, now=now, window_s=WINDOW_S)
            )

    return add


async def waiting(database):
    which = "state = 'pending' ORDER BY seq LIMIT 99"
    return await database.read(f"SELECT seq, merged, due_at FROM deliveries WHERE {which}")  # noqa: S608 - our own words


async def test_the_last_one_speaks_for_all_and_comes_when_the_window_of_the_first_ends(database, add, clock):
    due = clock.now().timestamp() + WINDOW_S
    await add(event(time=1.0))
    clock.advance(20)
    await add(event(time=2.0), event(time=3.0))
    assert await waiting(database) == [(3, 2, due)]


async def test_the_one_that_happened_last_is_kept_even_if_it_arrived_first(database, add, clock):
    due = clock.now().timestamp() + WINDOW_S
    await add(event(time=3.0), event(time=1.0), event(time=2.0))
    assert await waiting(database) == [(1, 2, due)]
    rows = await database.read(
        "SELECT seq, reason FROM deliveries WHERE state = 'dropped' ORDER BY seq LIMIT 9"
    )
    assert rows == [(2, "merged"), (3, "merged")]


async def test_without_a_time_the_last_to_arrive_is_kept(database, add):
    await add(event(time=None), event(time=1.0), event(time=None))
    assert [row[:2] for row in await waiting(database)] == [(3, 2)]


async def test_after_the_window_a_new_one_begins(database, add, clock):
    now = clock.now().timestamp()
    await add(event())
    clock.advance(WINDOW_S)
    await add(event())
    assert await waiting(database) == [(1, 0, now + WINDOW_S), (2, 0, now + 2 * WINDOW_S)]


async def test_what_is_out_already_is_not_taken_back(database, deliveries, add, clock):
    await add(event())
    clock.advance(WINDOW_S)
    (out,) = await deliveries.claim("pull", holder="one", lease_s=300, limit=5, subscription="sub")
    await add(event())
    assert out.merged == 0
    assert [row[:2] for row in await waiting(database)] == [(2, 0)]


async def test_groups_do_not_mix(database, add):
    await add(event())
    await add(event(), group="other")
    assert [row[:2] for row in await waiting(database)] == [(1, 0), (2, 0)]


def test_events_belong_together_by_source_and_subject_or_by_type():
    by_subject, by_type = CoalesceSettings(), CoalesceSettings(key="type")
    assert group_of(event(), by_subject) == group_of(event(type="other"), by_subject)
    assert group_of(event(), by_subject) != group_of(event(source="stripe-test"), by_subject)
    assert group_of(event(subject=None), by_subject) != group_of(event(subject=None), by_subject)
    assert group_of(event(), by_type) == group_of(event(subject="charge/ch_2"), by_type)
    assert group_of(event(), by_type) != group_of(event(type="other"), by_type)
