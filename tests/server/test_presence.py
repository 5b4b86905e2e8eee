"""A server that a client started ends when nobody has been there for a while."""

from __future__ import annotations

import asyncio

from support.clock import ManualClock
from wirepost.server.presence import Presence


async def test_idle_time_is_counted_from_the_last_visit(clock):
    presence = Presence(clock)
    clock.advance(100)
    with presence.visit():
        pass
    await presence.wait_until_idle(60)
    assert sum(clock.slept) == 60


async def test_it_is_not_idle_while_somebody_is_there():
    clock = ManualClock(auto=False)
    presence = Presence(clock)
    with presence.visit():
        waiting = asyncio.ensure_future(presence.wait_until_idle(8))
        for _ in range(5):
            await clock.wait_for_sleepers()
            clock.advance(5)
        assert not waiting.done()
    for _ in range(2):
        await clock.wait_for_sleepers()
        clock.advance(5)
    async with asyncio.timeout(5):
        await waiting
