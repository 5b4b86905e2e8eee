"""A shelf in the memory of this process."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

MAX_BYTES = 64 * 1024 * 1024
"""Of all that is kept together."""


class MemoryShelf:
    """Keeps what was used last: at most `max_entries`, and `max_bytes` of content."""

    def __init__(self, clock: Clock, max_entries: int, max_bytes: int = MAX_BYTES) -> None:
        self._clock, self._max_entries, self._max_bytes = clock, max_entries, max_bytes
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._size = 0

    async def get(self, key: str) -> bytes | None:
        """What is kept there and not too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return found[1]

    async def put(self, key: str, content: bytes, ttl_s: float) -> None:
        """Keep it for so many seconds; what was not used for longest makes room."""
        self._drop(key)
        self._kept[key] = (self._clock.monotonic() + ttl_s, content)
        self._size += len(content)
        while len(self._kept) > self._max_entries or self._size > self._max_bytes:
            self._drop(next(iter(self._kept)))

    async def close(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0

    def _drop(self, key: str) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._size -= len(found[1])
