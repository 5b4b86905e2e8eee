"""`ManualClock`: time that passes only when a test says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from wirepost.core.clock import Clock

START = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)


class ManualClock(Clock):
    """A clock for tests: `sleep()` lets the time pass at once and is remembered in `slept`.

    With `auto=False` a sleeper waits until `advance()` has passed its moment; `await wait_for_sleepers(n)`
    returns when `n` tasks are asleep, so that a test never races with the code that is about to sleep.
    """

    def __init__(self, start: datetime = START, *, auto: bool = True) -> None:
        self.slept: list[float] = []
        self._start = start
        self._passed = 0.0
        self._auto = auto
        self._sleepers: list[tuple[float, asyncio.Event]] = []
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        """The start plus what has passed."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds passed since the clock was made, plus 1000 so that nothing mistakes it for a duration."""
        return 1000.0 + self._passed

    async def sleep(self, seconds: float) -> None:
        """Pass the time at once, or wait for `advance()`; either way other tasks get their turn."""
        self.slept.append(seconds)
        if self._auto or seconds <= 0:
            due = self._passed + max(seconds, 0.0)
            await asyncio.sleep(0)
            # Of many who sleep at the same time none makes it longer for the others.
            self.advance(max(due - self._passed, 0.0))
            return
        sleeper = (self._passed + seconds, asyncio.Event())
        self._sleepers.append(sleeper)
        self._changed.set()
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    def advance(self, seconds: float) -> None:
        """Let time pass and wake those whose moment has come."""
        self._passed += seconds
        for due, woken in self._sleepers:
            if due <= self._passed:
                woken.set()

    async def wait_for_sleepers(self, count: int = 1) -> None:
        """Return once `count` tasks are asleep."""
        async with asyncio.timeout(5):
            while len(self._sleepers) < count:
                self._changed.clear()
                await self._changed.wait()

    async def wait_for_sleep(self, seconds: float) -> None:
        """Return once somebody has gone to sleep for exactly so long."""
        async with asyncio.timeout(5):
            while seconds not in self.slept:
                self._changed.clear()
                await self._changed.wait()
