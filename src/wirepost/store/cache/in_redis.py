"""A shelf in Redis, whose own expiry forgets what is too old."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import RedisError

from wirepost.core.errors import ConfigError, Unavailable

PREFIX = "wirepost:"
"""Before every key, because others may use the same Redis."""
PATIENCE_S = 1.0
"""A cache that takes longer is slower than asking again."""


class RedisShelf:
    """Keeps values at an address such as redis://host:6379/0; raises `ConfigError` for one that is none."""

    def __init__(self, url: str) -> None:
        try:
            self._redis = Redis.from_url(
                url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S, retry=None
            )
        except ValueError:
            raise ConfigError(
                "is not the address of a Redis", key="ai.cache.url", hint="such as redis://host:6379/0"
            ) from None

    async def get(self, key: str) -> bytes | None:
        """What is kept there and not too old; raises `Unavailable`."""
        try:
            found = await self._redis.get(PREFIX + key)
        except (RedisError, OSError) as error:
            raise _away(error) from None
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, content: bytes, ttl_s: float) -> None:
        """Keep it for so many seconds; raises `Unavailable`."""
        try:
            await self._redis.set(PREFIX + key, content, px=max(1, int(ttl_s * 1000)))
        except (RedisError, OSError) as error:
            raise _away(error) from None

    async def close(self) -> None:
        """End its connections."""
        await self._redis.aclose()


def _away(error: Exception) -> Unavailable:
    """Says no more than the kind of error: its text may hold the address."""
    return Unavailable("server_unavailable", f"Redis does not answer ({type(error).__name__})")
