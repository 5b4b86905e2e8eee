"""`EventLog`: every event once, in one order, with the request it came with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from wirepost.events.arrival import Arrival, DeadLetter, NewEvent, Recorded
from wirepost.events.event import COLUMNS, Event, read
from wirepost.events.storing import store_arrivals
from wirepost.store.queue import WORK
from wirepost.store.together import WAITING, Together

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx
    from wirepost.store.signals import Signals

STORED = "events"
"""The topic that is told when events can be read."""

_COMPLETE = (
    "UPDATE events SET seq = (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE seq >= 0), "
    "content = ?, is_self = ? WHERE id = ? AND seq < 0 AND content IS NOT NULL RETURNING seq"
)
Choose = Callable[["Tx", Sequence[Arrival]], Awaitable[Sequence[Arrival]]]
"""Within a unit of work: which of these are still to be stored."""

__all__ = ["STORED", "Arrival", "DeadLetter", "EventLog", "NewEvent", "Recorded"]


async def all_of_them(_: Tx, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
    """Chooses everything."""
    return arrivals


class EventLog:
    """The events of one database."""

    def __init__(
        self, database: Database, signals: Signals, clock: Clock, *, most_waiting: int = WAITING
    ) -> None:
        self.database, self.signals, self._clock = database, signals, clock
        self._together = Together(self.store, most_waiting=most_waiting)

    async def record(self, arrival: Arrival) -> list[Recorded]:
        """Store what is new, all or nothing; returns when it is on the disk.

        What is known already leaves a receipt. Raises `Unavailable` when nothing could be stored. What comes
        while others are being stored is stored together after them. Whoever stops waiting does not stop it.
        """
        return await self._together.add(arrival)

    async def store(self, arrivals: Sequence[Arrival], choose: Choose = all_of_them) -> list[list[Recorded]]:
        """Store these in one unit of work, of which `choose` is a part; what became of those it chose."""

        async def work(tx: Tx) -> list[list[Recorded]]:
            return await store_arrivals(tx, await choose(tx, arrivals))

        recorded = await self.database.write(work)
        if any(each.is_new for events in recorded for each in events):
            self.signals.tell(STORED)
        if any(arrival.tasks for arrival in arrivals):
            self.signals.tell(WORK)
        return recorded

    async def after(self, seq: int, limit: int) -> list[Event]:
        """Events after a position in the order in which they can be read, forgotten ones left out."""
        sql = f"SELECT {COLUMNS} FROM events WHERE seq > ? AND content IS NOT NULL ORDER BY seq LIMIT ?"  # noqa: S608 - our own words
        return [read(row) for row in await self.database.read(sql, max(seq, 0), limit)]

    async def get(self, event_id: str) -> Event | None:
        """One event; `None` where there is none, it is not complete, or it was forgotten."""
        sql = f"SELECT {COLUMNS} FROM events WHERE id = ? AND seq > 0 AND content IS NOT NULL LIMIT 1"  # noqa: S608 - our own words
        rows = await self.database.read(sql, event_id)
        return read(rows[0]) if rows else None

    async def incomplete(self, event_id: str) -> Event | None:
        """One event that nobody can read yet."""
        sql = f"SELECT {COLUMNS} FROM events WHERE id = ? AND seq < 0 AND content IS NOT NULL LIMIT 1"  # noqa: S608 - our own words
        rows = await self.database.read(sql, event_id)
        return read(rows[0]) if rows else None

    async def complete(self, event: Event) -> bool:
        """Let an event be read as it is now, behind all others; false where it can be, or was forgotten.

        Raises `Unavailable`.
        """
        is_self = int(event.is_self)
        rows = await self.database.write(lambda tx: tx.execute(_COMPLETE, event.stored(), is_self, event.id))
        if rows:
            self.signals.tell(STORED)
        return bool(rows)

    async def newest(self) -> int:
        """The position of the newest event; 0 where there is none."""
        rows = await self.database.read("SELECT coalesce(max(seq), 0) FROM events WHERE seq >= 0 LIMIT 1")
        return int(rows[0][0])
