"""A shelf in the store, which all servers of one database share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

_GET = "SELECT content FROM cached WHERE key = ? AND expires_at > ? LIMIT 1"
_PUT = (
    "INSERT INTO cached (key, content, expires_at) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE "
    "SET content = excluded.content, expires_at = excluded.expires_at"
)


class TableShelf:
    """Rows of the table `cached`; the daily housekeeping deletes those that are too old."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def get(self, key: str) -> bytes | None:
        """What is kept there and not too old; raises `Unavailable`."""
        rows = await self._database.read(_GET, key, self._now)
        return bytes(rows[0][0]) if rows else None

    async def put(self, key: str, content: bytes, ttl_s: float) -> None:
        """Keep it for so many seconds; raises `Unavailable`."""
        until = self._now + ttl_s

        async def work(tx: Tx) -> None:
            await tx.execute(_PUT, key, content, until)

        await self._database.write(work, is_relaxed=True)

    async def close(self) -> None:
        """The store outlives its shelf."""

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()
