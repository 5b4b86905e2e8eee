"""From the first answer to the end of the process."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

from support.clock import ManualClock
from wirepost.server.lifetime import SETTLE_S, in_operation


class Hub:
    """Says when it is at work."""

    def __init__(self, events: list[str]) -> None:
        self.events = events

    @asynccontextmanager
    async def at_work(self, views) -> AsyncIterator[None]:
        """While the block runs."""
        self.events.append("at work")
        yield
        self.events.append("after work")


async def test_house_is_kept_as_long_as_it_serves_and_garbage_is_collected_again():
    clock, events = ManualClock(auto=False), []

    async def keep_house() -> None:
        events.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ended")

    before = gc.get_threshold()
    gc.disable()
    try:
        app = SimpleNamespace(keep_house=keep_house, hub=Hub(events), clock=clock)
        async with in_operation(app, SimpleNamespace(run=None)):
            assert gc.isenabled()
            assert gc.get_threshold()[0] > before[0]  # bursts of requests are no garbage
            await clock.wait_for_sleepers()
            assert events == ["at work"], "the first clients are answered before"
            clock.advance(SETTLE_S)
            while len(events) < 2:
                await asyncio.to_thread(events.copy)
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*before)
    await asyncio.to_thread(events.copy)
    assert sorted(events) == ["after work", "at work", "begun", "ended"]
    assert events.index("at work") < events.index("after work")
