"""The real clock: aware, in UTC, never backwards."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from wirepost.core.clock import Clock


def test_now_is_aware_and_in_utc() -> None:
    assert Clock().now().utcoffset() == timedelta(0)


def test_the_counter_never_goes_back() -> None:
    clock = Clock()
    seen = [clock.monotonic() for _ in range(1000)]
    assert seen == sorted(seen)


async def test_sleep_lets_at_least_that_time_pass() -> None:
    clock = Clock()
    before = clock.monotonic()
    async with asyncio.timeout(5):
        await clock.sleep(0.02)
    assert clock.monotonic() - before >= 0.019


async def test_sleep_gives_others_their_turn() -> None:
    clock, order = Clock(), []

    async def other() -> None:
        order.append("other")

    task = asyncio.create_task(other())
    await clock.sleep(0)
    order.append("sleeper")
    await task
    assert order == ["other", "sleeper"]
