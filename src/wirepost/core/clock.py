"""The one clock: wall time, a steady counter and sleep, passed in so that tests control time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Real time."""

    def now(self) -> datetime:
        """Wall time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on a counter that never goes back; deadlines are expressed on it."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; the only way to let time pass."""
        await asyncio.sleep(seconds)
