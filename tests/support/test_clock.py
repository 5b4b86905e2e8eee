"""The clock of the tests: time passes when it is told to, and nothing races."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from support.clock import START, ManualClock


async def test_a_sleep_passes_at_once_and_is_remembered() -> None:
    clock = ManualClock()
    before = clock.monotonic()
    await clock.sleep(90)
    assert clock.slept == [90]
    assert clock.now() == START + timedelta(seconds=90)
    assert clock.monotonic() - before == 90


async def test_a_sleeper_waits_until_its_moment_is_reached() -> None:
    clock = ManualClock(auto=False)
    woken: list[float] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper(30))
        tasks.create_task(sleeper(10))
        await clock.wait_for_sleepers(2)
        clock.advance(10)
        await clock.wait_for_sleepers(1)
        clock.advance(20)
    assert woken == [10, 30]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(auto=False)
    task = asyncio.create_task(clock.sleep(10))
    await clock.wait_for_sleepers()
    task.cancel()
    await asyncio.wait([task])
    clock.advance(10)
    assert task.cancelled()


async def test_a_sleep_of_a_certain_length_can_be_waited_for() -> None:
    clock = ManualClock(auto=False)
    order: list[str] = []

    async def sleeper() -> None:
        await clock.sleep(3)
        order.append("woken")

    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(clock.wait_for_sleep(7))
        tasks.create_task(sleeper())
        await clock.wait_for_sleepers(1)
        assert not waiting.done()
        longer = tasks.create_task(clock.sleep(7))
        await waiting
        assert not longer.done()
        clock.advance(7)
    assert order == ["woken"]
