"""`Remembering`: what would be answered the same again is kept for a while, by account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from wirepost.core.signing import digest

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.store.cache.cache import Cache
    from wirepost.tools.context import Remember


def account_key(attempt: Attempt, what: str, asked: Any) -> str:
    """The key of an answer. Callers share answers only where they share the account."""
    connection = attempt.connection
    if connection is None:
        msg = "answers are kept by connection"
        raise RuntimeError(msg)
    caller = "" if connection.settings.owner == "shared" else attempt.caller.id
    # Servers that share a cache may use one name for connections to different places.
    place = (connection.name, connection.provider.name, connection.environment, connection.configured_address)
    return digest([what, attempt.name, *place, caller, asked])


class Remembering:
    """For one cache; `meta.cache` of the call says whether it had the answer."""

    def __init__(self, cache: Cache, ttl_s: float) -> None:
        self._cache, self._ttl_s = cache, ttl_s

    def of(self, attempt: Attempt) -> Remember:
        """What the operation of a call asks."""

        async def remember(what: str, load: Callable[[], Awaitable[Any]]) -> Any:
            key = account_key(attempt, "remember", what)
            kept = await self._cache.get(key)
            attempt.notes["cache"] = "miss" if kept is None else "hit"
            if kept is None:
                kept = await load()
                await self._cache.put(key, kept, self._ttl_s)
            return kept

        return remember
