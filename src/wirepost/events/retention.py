"""Forgetting: requests first, then what events say, last the keys that tell a second delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.core.errors import Unavailable
from wirepost.store.leases import Leases
from wirepost.store.retention import LONGEST_S, PAUSE_S, SLICE, delete_in_slices

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.settings import EventSettings
    from wirepost.store.database import Database, Tx

DAY_S = 86_400.0

_RAW = (
    "DELETE FROM raw_bodies WHERE id IN (SELECT id FROM raw_bodies WHERE received_at < ? LIMIT ?) "
    "RETURNING id"
)
_LETTERS = (
    "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE received_at < ? LIMIT ?) "
    "RETURNING id"
)
_ROWS = (
    "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE received_at < ? "
    "AND seq <> (SELECT max(seq) FROM events) ORDER BY received_at LIMIT ?) RETURNING seq, id"
)
_OLD = (
    "SELECT received_at, seq FROM events WHERE received_at < ? AND (received_at, seq) > (?, ?) "
    "ORDER BY received_at, seq LIMIT ?"
)
_CONTENT = "UPDATE events SET content = NULL WHERE seq = ? AND content IS NOT NULL RETURNING seq"
OF_EVENT = ("DELETE FROM delivery_attempts WHERE seq = ?", "DELETE FROM deliveries WHERE seq = ?")
"""What is kept of the ways of one event."""


@dataclass(frozen=True)
class Forgotten:
    """How much of each is gone."""

    raw: int = 0
    contents: int = 0
    events: int = 0


async def forget_old(database: Database, clock: Clock, settings: EventSettings) -> Forgotten:
    """Forget what is older than the configuration says; does nothing while another process does it.

    The newest event's row always stays, so that numbers go on from it.
    """
    try:
        async with Leases(database, clock).hold("forget events", ttl_s=LONGEST_S, wait_s=0):
            return await _Forgetting(database, clock).run(settings)
    except Unavailable as error:
        if error.code != "timeout":
            raise
        return Forgotten()


class _Forgetting:
    """One run, in slices between which others write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self, settings: EventSettings) -> Forgotten:
        """Forget everything that is due."""
        now = self._clock.now().timestamp()
        content_before = now - settings.keep_days * DAY_S
        raw = await delete_in_slices(self._database, self._clock, _RAW, now - settings.keep_raw_days * DAY_S)
        await delete_in_slices(self._database, self._clock, _LETTERS, content_before)
        events = await self._delete_events(min(content_before, now - settings.keep_keys_days * DAY_S))
        return Forgotten(raw, await self._forget_contents(content_before), events)

    async def _delete_events(self, before: float) -> int:
        """Rows, with whatever refers to them."""

        async def work(tx: Tx) -> int:
            rows = await tx.execute(_ROWS, before, SLICE)
            for seq, event_id in rows:
                for sql in OF_EVENT:
                    await tx.execute(sql, seq)
                await tx.execute("DELETE FROM receipts WHERE event_id = ?", event_id)
            return len(rows)

        total = 0
        while True:
            deleted = await self._database.write(work)
            total += deleted
            if deleted < SLICE:
                return total
            await self._clock.sleep(PAUSE_S)

    async def _forget_contents(self, before: float) -> int:
        """What events say; their keys stay. Rows that were forgotten before are passed over."""
        place, total = (0.0, -(2**62)), 0
        while rows := await self._database.read(_OLD, before, *place, SLICE):

            async def work(tx: Tx, numbers: list[int] = [int(row[1]) for row in rows]) -> int:  # noqa: B006 - bound to this slice
                return sum([len(await tx.execute(_CONTENT, seq)) for seq in numbers])

            total += await self._database.write(work)
            place = (float(rows[-1][0]), int(rows[-1][1]))
            if len(rows) == SLICE:
                await self._clock.sleep(PAUSE_S)
        return total
