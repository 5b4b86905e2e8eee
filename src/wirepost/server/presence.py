"""Who is connected: lets a server that a client started end when nobody needs it any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wirepost.core.clock import Clock

LOOK_EVERY_S = 5.0


class Presence:
    """Counts open local connections and HTTP requests, and knows since when there has been none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.count = 0
        self._empty_since = clock.monotonic()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Somebody is here while the block runs."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
            self._empty_since = self._clock.monotonic()

    async def wait_until_idle(self, seconds: float) -> None:
        """Return once nobody has been here for `seconds`."""
        while True:
            idle = 0.0 if self.count else self._clock.monotonic() - self._empty_since
            if idle >= seconds:
                return
            await self._clock.sleep(min(seconds - idle, LOOK_EVERY_S))
