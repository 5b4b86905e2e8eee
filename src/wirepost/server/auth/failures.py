"""`Failures`: how often bad tokens came from one address, forgotten after a minute."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from wirepost.server.auth.verified import TooMany

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

MOST = 10
WINDOW_S = 60.0
_ADDRESSES = 10_000
"""So many addresses are remembered; the one that was quiet longest is forgotten first."""


class Failures:
    """Counts failures by address within a sliding minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raise `TooMany` while the last minute has as many failures as are let pass."""
        times, now = self._times.get(address, deque()), self._clock.monotonic()
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) >= MOST:
            raise TooMany(max(1, math.ceil(times[0] + WINDOW_S - now)))

    def add(self, address: str) -> None:
        """Note a failure."""
        self._times.setdefault(address, deque(maxlen=MOST)).append(self._clock.monotonic())
        self._times.move_to_end(address)
        while len(self._times) > _ADDRESSES:
            self._times.popitem(last=False)
