"""`Signals`: whoever waits for something in the database is woken when it has been written."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.core.clock import Clock


class Signals:
    """Wakes by topic; each wake says "look again", nothing else."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    def listen(self, topic: str) -> asyncio.Event:
        """Set at the next `tell`; take it before looking, so that nothing falls between the two."""
        return self._waiting.setdefault(topic, asyncio.Event())

    def tell(self, topic: str) -> None:
        """Wake all who listen."""
        waiting = self._waiting.pop(topic, None)
        if waiting is not None:
            waiting.set()


async def wait(woken: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return when that is set, or after so many seconds at the latest."""
    if woken.is_set():
        return
    tasks = [asyncio.ensure_future(woken.wait()), asyncio.ensure_future(clock.sleep(max(seconds, 0.0)))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
