"""`EventLog`: every event once, in one order, with the request it came with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.events.event import COLUMNS, Event, read
from wirepost.store.queue import put

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx
    from wirepost.store.queue import Task
    from wirepost.store.signals import Signals

STORED = "events"
"""The topic that is told when events can be read."""

_INSERT = (
    "INSERT INTO events (seq, id, source, endpoint, environment, type, object_id, received_at, dedupe_key, "
    "body_key, is_self, content, receipt, raw_id) VALUES ({seq}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING RETURNING seq"
)
_NEXT = "(SELECT coalesce(max(seq), 0) + 1 FROM events WHERE seq >= 0)"
_APART = "(SELECT coalesce(min(seq), 0) - 1 FROM events WHERE seq < 0)"
_COMPLETE, _INCOMPLETE = _INSERT.format(seq=_NEXT), _INSERT.format(seq=_APART)
_KNOWN = "SELECT id, dedupe_key = ? FROM events WHERE source = ? AND (dedupe_key = ? OR body_key = ?) LIMIT 1"
_RECEIPT = "INSERT INTO receipts (event_id, at, outcome, details) VALUES (?, ?, ?, ?)"
_RAW = "INSERT INTO raw_bodies (id, received_at, sealed) VALUES (?, ?, ?)"
_DEAD = (
    "INSERT INTO dead_letters (id, source, endpoint, received_at, body_key, reason, raw_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
)


@dataclass(slots=True)
class NewEvent:
    """An event with the keys that tell it from others."""

    event: Event
    dedupe_key: str
    body_key: str | None
    receipt: dict[str, Any]
    is_complete: bool = True
    """False: nobody reads it before `complete` was called for it."""


@dataclass(slots=True)
class DeadLetter:
    """What could not be read of a genuine request."""

    id: str
    body_key: str
    reason: str


@dataclass(slots=True)
class Arrival:
    """What one request brought, or one look at a feed."""

    source: str
    endpoint: str
    received_at: float
    events: Sequence[NewEvent] = ()
    dead: Sequence[DeadLetter] = ()
    raw_id: str | None = None
    sealed: bytes = b""
    """The request, sealed."""
    tasks: Sequence[Task] = ()
    """What is to be done because of it."""
    attempt: dict[str, Any] = field(default_factory=dict)
    """Of the request: endpoint, headers that count attempts; kept where it brought nothing new."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event; `id` is that of the stored one."""

    id: str
    is_new: bool


class EventLog:
    """The events of one database."""

    def __init__(self, database: Database, signals: Signals, clock: Clock) -> None:
        self.database, self.signals, self._clock = database, signals, clock

    async def record(self, arrival: Arrival) -> list[Recorded]:
        """Store what is new, all or nothing; returns when it is on the disk.

        What is known already leaves a receipt. Raises `Unavailable` when nothing could be stored.
        """
        recorded = await self.database.write(lambda tx: _store(tx, arrival))
        if any(each.is_new for each in recorded):
            self.signals.tell(STORED)
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

    async def newest(self) -> int:
        """The position of the newest event; 0 where there is none."""
        rows = await self.database.read("SELECT coalesce(max(seq), 0) FROM events WHERE seq >= 0 LIMIT 1")
        return int(rows[0][0])


async def _store(tx: Tx, arrival: Arrival) -> list[Recorded]:
    recorded = [await _store_one(tx, arrival, new) for new in arrival.events]
    is_new = any(each.is_new for each in recorded)
    for letter in arrival.dead:
        place = (arrival.source, arrival.endpoint, arrival.received_at)
        rows = await tx.execute(_DEAD, letter.id, *place, letter.body_key, letter.reason, arrival.raw_id)
        is_new = is_new or bool(rows)
    if is_new and arrival.raw_id is not None:
        await tx.execute(_RAW, arrival.raw_id, arrival.received_at, arrival.sealed)
    for task in arrival.tasks:
        await put(tx, task, arrival.received_at)
    return recorded


async def _store_one(tx: Tx, arrival: Arrival, new: NewEvent) -> Recorded:
    event = new.event
    rows = await tx.execute(
        _COMPLETE if new.is_complete else _INCOMPLETE,
        event.id,
        event.source,
        arrival.endpoint,
        event.environment,
        event.type,
        event.object_id,
        event.received_at,
        new.dedupe_key,
        new.body_key,
        int(event.is_self),
        event.stored(),
        orjson.dumps(new.receipt).decode(),
        arrival.raw_id,
    )
    if rows:
        return Recorded(event.id, is_new=True)
    keys = (new.dedupe_key, event.source, new.dedupe_key, new.body_key)
    known, is_same_id = (await tx.execute(_KNOWN, *keys))[0]
    outcome = "duplicate" if is_same_id else "same_body"
    details = orjson.dumps(arrival.attempt).decode()
    await tx.execute(_RECEIPT, known, arrival.received_at, outcome, details)
    return Recorded(known, is_new=False)
