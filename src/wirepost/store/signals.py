"""`Signals`: whoever waits for something in the database is woken when it has been written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.core.clock import Clock


class Signals:
    """Wakes by topic; each wake says "look again", nothing else."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}
        self.forward: Callable[[str], None] | None = None
        """Tells other processes, where there may be some."""

    def listen(self, topic: str) -> asyncio.Event:
        """Set at the next `tell`; take it before looking, so that nothing falls between the two."""
        return self._waiting.setdefault(topic, asyncio.Event())

    def tell(self, topic: str) -> None:
        """Wake all who listen, also in other processes."""
        self.hear(topic)
        if self.forward is not None:
            self.forward(topic)

    def hear(self, topic: str) -> None:
        """Wake all who listen in this process."""
        waiting = self._waiting.pop(topic, None)
        if waiting is not None:
            waiting.set()

    def hear_all(self) -> None:
        """Wake everybody in this process."""
        for topic in list(self._waiting):
            self.hear(topic)


class Pace:
    """For a loop that looks again whenever it is woken: at once after a pause, and else not too often.

    What comes while it waits is found by one look.
    """

    def __init__(self, clock: Clock, *, shortest_s: float, longest_s: float) -> None:
        self._clock, self._shortest_s, self._longest_s = clock, shortest_s, longest_s
        self._last = -inf

    async def next(self, woken: asyncio.Event) -> None:
        """Return when it is time to look again; `woken` was taken before the look that has just ended."""
        await wait(woken, self._clock, self._longest_s)
        left_s = self._last + self._shortest_s - self._clock.monotonic()
        if left_s > 0:
            await self._clock.sleep(left_s)
        self._last = self._clock.monotonic()


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
