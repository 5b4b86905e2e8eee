"""`Grants`: which permissions each connection turned out to have, kept from one start to the next."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import orjson

from wirepost.core.times import to_rfc3339

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

MAX_CONNECTIONS = 1000


class Grants:
    """What the last check of each connection found."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def known(self) -> dict[str, frozenset[str] | None]:
        """Connection → permissions; `None` where they cannot be read."""
        rows = await self._database.read("SELECT connection, scopes FROM grants LIMIT ?", MAX_CONNECTIONS)
        return {
            str(name): None if scopes is None else frozenset(orjson.loads(str(scopes)))
            for name, scopes in rows
        }

    async def note(self, connection: str, scopes: Collection[str] | None) -> None:
        """Remember what a check found."""
        text = None if scopes is None else orjson.dumps(sorted(scopes)).decode()
        at = to_rfc3339(self._clock.now())

        async def work(tx: Tx) -> None:
            await tx.execute(
                "INSERT INTO grants (connection, scopes, checked_at) VALUES (?, ?, ?) "
                "ON CONFLICT (connection) DO UPDATE "
                "SET scopes = excluded.scopes, checked_at = excluded.checked_at",
                connection,
                text,
                at,
            )

        await self._database.write(work)
