"""`Cache`: what is kept may be lost at any time, and a cache that fails is one that has nothing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from wirepost.core.errors import CallError, ConfigError
from wirepost.store.cache.memory import MemoryShelf

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.settings import CacheSettings
    from wirepost.store.database import Database

log = logging.getLogger(__name__)


class Shelf(Protocol):
    """A place for bytes by key."""

    async def get(self, key: str) -> bytes | None:
        """What is kept there and not too old; raises `Unavailable`."""
        ...

    async def put(self, key: str, content: bytes, ttl_s: float) -> None:
        """Keep it for so many seconds; raises `Unavailable`."""
        ...

    async def close(self) -> None:
        """Let go of what it holds open."""
        ...


class Cache:
    """JSON by key with a lifetime. Nothing here raises: what cannot be kept or read is asked for again."""

    def __init__(self, shelf: Shelf | None) -> None:
        self._shelf = shelf

    async def get(self, key: str) -> Any:
        """What is kept under the key; `None` where there is nothing."""
        if self._shelf is None:
            return None
        try:
            content = await self._shelf.get(key)
            return None if content is None else orjson.loads(content)
        except (CallError, ValueError) as error:
            log.warning("the cache cannot be read: %s", error)
            return None

    async def put(self, key: str, value: Any, ttl_s: float) -> None:
        """Keep JSON for so many seconds."""
        if self._shelf is None:
            return
        try:
            await self._shelf.put(key, orjson.dumps(value), ttl_s)
        except CallError as error:
            log.warning("the cache cannot be written: %s", error)

    async def close(self) -> None:
        """Let go of what it holds open."""
        if self._shelf is not None:
            await self._shelf.close()


def cache_of(settings: CacheSettings, database: Database, clock: Clock, url: str | None = None) -> Cache:
    """The cache that is configured; `url` is the resolved address of Redis. Raises `ConfigError`."""
    if settings.kind == "off":
        return Cache(None)
    if settings.kind == "memory":
        return Cache(MemoryShelf(clock, settings.max_entries))
    if settings.kind == "store":
        from wirepost.store.cache.table import TableShelf

        return Cache(TableShelf(database, clock))
    try:
        from wirepost.store.cache.in_redis import RedisShelf
    except ImportError:
        raise ConfigError(
            "Redis needs a package that is not installed",
            key="ai.cache.kind",
            hint="pip install 'wirepost[redis]'",
        ) from None
    return Cache(RedisShelf(url or ""))
