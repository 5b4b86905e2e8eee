"""`EventLog`: every event once, in one order, with the request it came with."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from wirepost.core.errors import CallError, Unavailable
from wirepost.events.arrival import Arrival, DeadLetter, NewEvent, Recorded
from wirepost.events.event import COLUMNS, Event, read
from wirepost.events.storing import store_arrivals
from wirepost.store.queue import WORK

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database
    from wirepost.store.signals import Signals

STORED = "events"
"""The topic that is told when events can be read."""

_COMPLETE = (
    "UPDATE events SET seq = (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE seq >= 0), "
    "content = ?, is_self = ? WHERE id = ? AND seq < 0 AND content IS NOT NULL RETURNING seq"
)
MOST = 256
"""Requests that are stored together."""
WAITING = 5000
RETRY_S = 1.0

__all__ = ["STORED", "Arrival", "DeadLetter", "EventLog", "NewEvent", "Recorded"]


class EventLog:
    """The events of one database."""

    def __init__(
        self, database: Database, signals: Signals, clock: Clock, *, most_waiting: int = WAITING
    ) -> None:
        self.database, self.signals, self._clock = database, signals, clock
        self._most_waiting = most_waiting
        self._waiting: list[tuple[Arrival, asyncio.Future[list[Recorded]]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def record(self, arrival: Arrival) -> list[Recorded]:
        """Store what is new, all or nothing; returns when it is on the disk.

        What is known already leaves a receipt. Raises `Unavailable` when nothing could be stored. What comes
        while others are being stored is stored together after them. Whoever stops waiting does not stop it.
        """
        if len(self._waiting) >= self._most_waiting:
            raise _full()
        future: asyncio.Future[list[Recorded]] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_waiting())
        return await future

    async def _store_waiting(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._store(some)
        finally:
            self._storing = None

    async def _store(self, some: list[tuple[Arrival, asyncio.Future[list[Recorded]]]]) -> None:
        arrivals = [arrival for arrival, _ in some]
        try:
            recorded = await self.database.write(lambda tx: store_arrivals(tx, arrivals))
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            if len(some) > 1 and not isinstance(error, CallError):
                for each in some:  # one of them cannot be stored, which must not stop the others
                    await self._store([each])
                return
            for _, future in some:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), events in zip(some, recorded, strict=True):
            if not future.done():
                future.set_result(events)
        if any(each.is_new for events in recorded for each in events):
            self.signals.tell(STORED)
        if any(arrival.tasks for arrival in arrivals):
            self.signals.tell(WORK)

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


def _full() -> Unavailable:
    return Unavailable(
        "server_unavailable",
        "Too many requests wait for the server's disk already",
        hint="`wirepost doctor` measures the disk",
        retry_after_s=RETRY_S,
    )
