"""Who is connected: lets a server that a client started end when nobody needs it any more."""

from __future__ import annotations

from contextlib import AbstractContextManager

from wirepost.core.clock import Clock

LOOK_EVERY_S = 5.0


class Presence:
    """Counts open local connections and HTTP requests, and knows since when there has been none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.count = 0
        self.empty_since = clock.monotonic()
        self._visit = _Visit(self, clock)

    def visit(self) -> AbstractContextManager[None]:
        """Somebody is here while the block runs."""
        return self._visit

    async def wait_until_idle(self, seconds: float) -> None:
        """Return once nobody has been here for `seconds`."""
        while True:
            idle = 0.0 if self.count else self._clock.monotonic() - self.empty_since
            if idle >= seconds:
                return
            await self._clock.sleep(min(seconds - idle, LOOK_EVERY_S))


class _Visit(AbstractContextManager[None]):
    """One for all visits, as it only counts: every webhook is one, so nothing is made for it."""

    def __init__(self, presence: Presence, clock: Clock) -> None:
        self._presence, self._clock = presence, clock

    def __enter__(self) -> None:
        self._presence.count += 1

    def __exit__(self, *_: object) -> None:
        self._presence.count -= 1
        self._presence.empty_since = self._clock.monotonic()
