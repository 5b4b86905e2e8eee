"""Who carries out writes: a living process proves that it lives, and what a dead one left open is settled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from wirepost.core.errors import CallError
from wirepost.core.ids import new_id
from wirepost.store.leases import Lease
from wirepost.store.tx import NOW

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

DEAD_AFTER_S = 20.0
"""A process that has not proved its life for so long is taken for dead by the others."""
PROVED_EVERY_S = 5.0

_LEFT_OPEN = (
    "SELECT id, state = 'claimed' AND dispatched_at IS NULL FROM intents "  # noqa: S608 - our own words
    "WHERE state IN ('claimed', 'dispatched') AND owner <> ? AND NOT EXISTS "
    f"(SELECT 1 FROM leases WHERE leases.name = 'owner ' || intents.owner AND until_at > {NOW})"
)

log = logging.getLogger(__name__)


class Owner:
    """This process among all that carry out writes on one database; `id` is what the ledger calls it."""

    def __init__(self, database: Database, clock: Clock, owner_id: str | None = None) -> None:
        self.id = owner_id or new_id("own")
        self._database, self._clock = database, clock
        self._proof = Lease(f"owner {self.id}", self.id, database)

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """From the start to the end of this process: settle what dead ones left, and be known as alive.

        Only a shared database needs proofs of life; a file has one owner, so all before it are dead.
        """
        if not self._database.is_shared:
            await self.settle_others()
            yield
            return
        await self.prove()
        living = asyncio.create_task(self._live())
        try:
            yield
        finally:
            living.cancel()
            with suppress(asyncio.CancelledError):
                await living
            with suppress(CallError):  # otherwise it ends by itself
                await self._proof.release()

    async def prove(self) -> None:
        """Be known as alive for some time from now, and look whether others are."""
        await self._proof.renew(DEAD_AFTER_S)
        await self.settle_others()

    async def is_alive(self, other: str) -> bool:
        """Whether another process lives that may carry out writes on this database."""
        if not self._database.is_shared:
            return other == self.id
        return other == self.id or await Lease(f"owner {other}", other, self._database).is_held()

    async def _live(self) -> None:
        while True:
            await self._clock.sleep(PROVED_EVERY_S)
            try:
                await self.prove()
            except CallError as error:
                log.warning("other servers may soon take this one for dead: %s", error)

    async def settle_others(self) -> int:
        """What a dead process had claimed was never sent; what it had sent is unknown: how many are.

        Money and confirmation of what was never sent are free again.
        """

        async def work(tx: Tx) -> int:
            now, lost = self._clock.now().timestamp(), 0
            for entry_id, was_never_sent in await tx.execute(_LEFT_OPEN, self.id):
                lost += not was_never_sent
                await tx.execute(
                    "UPDATE intents SET state = ?, settled_at = ? WHERE id = ?",
                    *(("not_applied", now) if was_never_sent else ("unknown", None)),
                    entry_id,
                )
                if was_never_sent:
                    await tx.execute("DELETE FROM spend WHERE intent_id = ?", entry_id)
                    await tx.execute("DELETE FROM confirmations WHERE intent_id = ?", entry_id)
            return lost

        lost = await self._database.write(work)
        if lost:
            log.warning(
                "%d writes of the last run have an unknown outcome; each is looked up before it is repeated",
                lost,
            )
        return lost
