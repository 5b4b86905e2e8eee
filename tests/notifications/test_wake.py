"""Wakes: so many in a period, whichever process asks."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from support.occurred import event, stored
from support.sinks import Desk, Listed
from wirepost.events.deliveries import Delivery
from wirepost.notifications.wake import Admitted, Allowance, Delayed, Stopped, Wakes, rate_of
from wirepost.store.database import Database

RATE = Allowance("wake sub_1 room", 2, 60)
SINK = Listed("room")
HOLDER = "me"


@pytest.fixture
def wakes(database: Database, clock: ManualClock) -> Wakes:
    return Wakes(database, clock)


async def claimed(desk: Desk, count: int, limit: int | None = None) -> list[Delivery]:
    """Deliveries, of which some are claimed by us."""
    subscription = await desk.subscription()
    await desk.deliver(subscription, SINK, *await stored(desk.log, *(event() for _ in range(count))))
    return await desk.deliveries.claim("room", holder=HOLDER, lease_s=60, limit=limit or count)


async def test_after_as_many_as_may_be_the_next_waits_for_the_next_period(desk: Desk, wakes: Wakes) -> None:
    deliveries = await claimed(desk, 3)
    found = [await wakes.admit(each, HOLDER, [RATE]) for each in deliveries]
    assert found == [Admitted(), Admitted(), Delayed(desk.now + 60)]
    desk.clock.advance(60)
    assert await wakes.admit(deliveries[2], HOLDER, [RATE]) == Admitted()


async def test_what_is_put_back_has_not_been_tried(desk: Desk, wakes: Wakes) -> None:
    deliveries = await claimed(desk, 5, limit=3)
    for each in deliveries:
        await wakes.admit(each, HOLDER, [RATE])
    assert await desk.states(SINK) == [("offered", 1, None)] * 2 + [("pending", 0, "rate")] * 3
    assert await desk.deliveries.claim("room", holder=HOLDER, lease_s=60, limit=9) == []
    desk.clock.advance(59.9)
    assert await desk.deliveries.claim("room", holder=HOLDER, lease_s=60, limit=9) == []
    desk.clock.advance(0.2)
    again = await desk.deliveries.claim("room", holder=HOLDER, lease_s=60, limit=9)
    assert {each.attempt for each in again if each.key not in {one.key for one in deliveries[:2]}} == {1}


async def test_whoever_is_admitted_stands_for_those_that_wait(desk: Desk, wakes: Wakes) -> None:
    deliveries = await claimed(desk, 6, limit=3)
    for each in deliveries:
        await wakes.admit(each, HOLDER, [RATE], counts=True)
    desk.clock.advance(59.95)
    await desk.deliveries.done(deliveries[0], HOLDER)
    await desk.deliveries.done(deliveries[1], HOLDER)
    desk.clock.advance(0.1)
    (next_one,) = await desk.deliveries.claim("room", holder=HOLDER, lease_s=60, limit=1)
    assert await wakes.admit(next_one, HOLDER, [RATE], counts=True) == Admitted(waiting=3)
    assert [state for state, _, reason in await desk.states(SINK) if reason == "counted"] == ["dropped"] * 3


async def test_where_a_last_allowance_is_used_up_what_may_be_counted_is_stopped(
    desk: Desk, wakes: Wakes
) -> None:
    first, second = await claimed(desk, 2)
    final = Allowance("runs a contact/1", 1, 600)
    assert await wakes.admit(first, HOLDER, [RATE], final=final, counts=True) == Admitted()
    assert await wakes.admit(second, HOLDER, [RATE], final=final, counts=True) == Stopped()


async def test_where_a_last_allowance_is_used_up_anything_else_waits_and_uses_nothing(
    desk: Desk, wakes: Wakes
) -> None:
    first, second, third = await claimed(desk, 3)
    final = Allowance("runs a contact/1", 1, 600, "many runs")
    assert await wakes.admit(first, HOLDER, [RATE], final=final) == Admitted()
    assert await wakes.admit(second, HOLDER, [RATE], final=final) == Delayed(desk.now + 600)
    assert await wakes.admit(third, HOLDER, [RATE]) == Admitted(), "the second place of two in a minute"
    assert await desk.states(SINK) == [
        ("offered", 1, None),
        ("pending", 0, "many runs"),
        ("offered", 1, None),
    ]


async def test_what_is_delayed_uses_nothing_of_the_last_allowance(desk: Desk, wakes: Wakes) -> None:
    first, second = await claimed(desk, 2)
    rate, final = Allowance("one", 1, 60), Allowance("runs a contact/1", 2, 600)
    await wakes.admit(first, HOLDER, [rate], final=final)
    assert isinstance(await wakes.admit(second, HOLDER, [rate], final=final), Delayed)
    desk.clock.advance(60)
    assert await wakes.admit(second, HOLDER, [rate], final=final) == Admitted()


async def test_what_another_has_taken_over_is_not_put_back(desk: Desk, wakes: Wakes) -> None:
    (one,) = await claimed(desk, 1)
    none = Allowance("none", 1, 60)
    await wakes.admit(one, HOLDER, [none])
    await wakes.admit(one, "somebody else", [none])
    assert await desk.states(SINK) == [("offered", 1, None)]


async def test_processes_count_together(desk: Desk, other: Database) -> None:
    deliveries = await claimed(desk, 10)
    both = [Wakes(database, desk.clock) for database in (desk.database, other)]
    most = Allowance("together", 4, 60)
    found = await asyncio.gather(
        *(both[number % 2].admit(each, HOLDER, [most]) for number, each in enumerate(deliveries))
    )
    assert sum(isinstance(each, Admitted) for each in found) == 4


async def test_old_counts_are_forgotten(desk: Desk, wakes: Wakes) -> None:
    (one,) = await claimed(desk, 1)
    await wakes.admit(one, HOLDER, [RATE])
    desk.clock.advance(86401)
    await wakes.prune()
    assert await desk.database.read("SELECT name FROM wakes LIMIT 1") == []


@pytest.mark.parametrize(
    ("rate", "most", "period_s"), [("1/s", 1, 1), ("6/min", 6, 60), ("100/h", 100, 3600), ("5/d", 5, 86400)]
)
def test_rates_are_read(rate: str, most: int, period_s: float) -> None:
    assert rate_of("x", rate) == Allowance("x", most, period_s)
