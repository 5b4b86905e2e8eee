"""`Cache`: what a vendor says slowly and changes rarely, kept for as long as the connection lives."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

T = TypeVar("T")
MAX_KEPT = 500


class Cache:
    """Values by key with a lifetime; several callers who miss the same value load it once.

    Only complete values are kept: a load that fails, or whose callers all went away, leaves nothing behind.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Any]] = {}
        self._waiting: dict[str, int] = {}

    async def get(self, key: str, load: Callable[[], Awaitable[T]], ttl_s: float = 600.0) -> T:
        """The value of `key`, loaded if there is none or it is older than its lifetime (seconds)."""
        found = self._kept.get(key)
        if found is not None and found[0] > self._clock.monotonic():
            self._kept.move_to_end(key)
            value: T = found[1]
            return value
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.create_task(self._load(key, load, ttl_s))
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            loaded: T = await asyncio.shield(task)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
                if not task.done():
                    self._loading.pop(key, None)
                    task.cancel()
        return loaded

    def forget(self, prefix: str = "") -> None:
        """Drop the values whose key starts with `prefix`."""
        for key in [key for key in self._kept if key.startswith(prefix)]:
            del self._kept[key]

    async def _load(self, key: str, load: Callable[[], Awaitable[T]], ttl_s: float) -> T:
        me = asyncio.current_task()
        try:
            value = await load()
        finally:
            if self._loading.get(key) is me:
                del self._loading[key]
        self._kept[key] = (self._clock.monotonic() + ttl_s, value)
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return value
