"""Named locks across processes, which end by themselves when their holder does not come back."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random, SystemRandom
from typing import TYPE_CHECKING

from wirepost.core.errors import CallError, Unavailable
from wirepost.core.ids import new_id
from wirepost.store.tx import NOW

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.05
"""Between two looks at a lease that somebody else has."""

_HELD = f"SELECT holder FROM leases WHERE name = ? AND until_at > {NOW} LIMIT 1"  # noqa: S608 - our own words
_TAKE = (
    f"INSERT INTO leases (name, holder, until_at) VALUES (?, ?, {NOW} + ?) "  # noqa: S608 - our own words
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_at = excluded.until_at "
    f"WHERE leases.until_at <= {NOW} OR leases.holder = excluded.holder RETURNING name"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """A lock that this process has, for as long as the clock of the database says."""

    name: str
    holder: str
    _database: Database = field(repr=False)

    async def is_held(self) -> bool:
        """Whether it is still ours: false once its time is over, even if nobody else has taken it."""
        rows = await self._database.read(_HELD, self.name)
        return bool(rows) and rows[0][0] == self.holder

    async def renew(self, ttl_s: float) -> bool:
        """Hold it for `ttl_s` seconds from now; false when somebody else has taken it meanwhile."""

        async def work(tx: Tx) -> bool:
            return bool(await tx.execute(_TAKE, self.name, self.holder, ttl_s))

        return await self._database.write(work)

    async def release(self) -> None:
        """Let the next one have it; does nothing where somebody else has it already."""
        mine = "DELETE FROM leases WHERE name = ? AND holder = ?"
        await self._database.write(lambda tx: tx.execute(mine, self.name, self.holder))


class Leases:
    """The locks of one database, shared by all processes that have it open."""

    def __init__(self, database: Database, clock: Clock, rng: Random | None = None) -> None:
        self._database, self._clock, self._rng = database, clock, rng or SystemRandom()

    @asynccontextmanager
    async def hold(self, name: str, *, ttl_s: float, wait_s: float) -> AsyncIterator[Lease]:
        """Have the lock `name`, alone among all processes, for at most `ttl_s` seconds.

        Choose `ttl_s` longer than what is done under it can take: after it the next one takes the lock.
        Raises `Unavailable` when it was not to be had within `wait_s` seconds.
        """
        lease = Lease(name, new_id("lea"), self._database)
        try:
            await self._take(lease, ttl_s, wait_s)
            yield lease
        finally:
            # Also after a cancellation while it was being taken: the write was not cancelled.
            try:
                await lease.release()
            except CallError:
                log.warning("lease %s could not be given back; it ends by itself", name)

    async def _take(self, lease: Lease, ttl_s: float, wait_s: float) -> None:
        deadline = self._clock.monotonic() + wait_s
        while await self._database.read(_HELD, lease.name) or not await lease.renew(ttl_s):
            if self._clock.monotonic() >= deadline:
                raise Unavailable(
                    "timeout",
                    f"Somebody else has been busy with {lease.name!r} for {wait_s:g} s; nothing was done",
                    hint="Repeat the call",
                    retry_after_s=LONGEST_PAUSE_S,
                )
            await self._clock.sleep(self._rng.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S))
