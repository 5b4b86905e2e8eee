"""`store_arrivals()`: many requests' events in few statements, as one unit of work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from wirepost.events.arrival import Arrival, NewEvent, Recorded
from wirepost.store.queue import put

if TYPE_CHECKING:
    from wirepost.store.database import Tx, Value

SLICES = (32, 16, 8, 4, 2, 1)
"""Rows of one statement: a few sizes, so that the database prepares each once."""

_EVENTS = (
    "INSERT INTO events (seq, id, source, endpoint, environment, type, object_id, received_at, dedupe_key, "
    "body_key, is_self, content, receipt, raw_id) VALUES {} ON CONFLICT DO NOTHING RETURNING id"
)
_RENUMBER = "UPDATE events SET seq = ? WHERE seq = ?"
_RAW = "INSERT INTO raw_bodies (id, received_at, sealed) VALUES {} ON CONFLICT DO NOTHING"
_LAST = "SELECT coalesce(max(seq), 0) FROM events WHERE seq >= 0"
_LAST_APART = "SELECT coalesce(min(seq), 0) FROM events WHERE seq < 0"
_KNOWN = "SELECT id, dedupe_key = ? FROM events WHERE source = ? AND (dedupe_key = ? OR body_key = ?) LIMIT 1"
_RECEIPT = "INSERT INTO receipts (event_id, at, outcome, details) VALUES (?, ?, ?, ?)"
_DEAD = (
    "INSERT INTO dead_letters (id, source, endpoint, received_at, body_key, reason, raw_id, verified) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id"
)


async def store_arrivals(tx: Tx, arrivals: Sequence[Arrival]) -> list[list[Recorded]]:
    """Store what is new of each; what became of the events of each, in their order."""
    rows = await _event_rows(tx, arrivals)
    stored = await insert(tx, _EVENTS, rows)
    if len(stored) < len(rows):
        await _close_gaps(tx, rows, stored)
    recorded, raw = [], []
    for arrival in arrivals:
        events = [
            Recorded(new.event.id, is_new=True)
            if new.event.id in stored
            else Recorded(await _note_again(tx, arrival, new), is_new=False)
            for new in arrival.events
        ]
        is_new = await _bury(tx, arrival) or any(each.is_new for each in events)
        if is_new and arrival.raw_id is not None:
            raw.append((arrival.raw_id, arrival.received_at, arrival.sealed))
        for task in arrival.tasks:
            await put(tx, task, arrival.received_at)
        recorded.append(events)
    await insert(tx, _RAW, raw)
    return recorded


async def _event_rows(tx: Tx, arrivals: Sequence[Arrival]) -> list[tuple[Value, ...]]:
    """The rows, numbered as if all of them were new."""
    everything = [(arrival, new) for arrival in arrivals for new in arrival.events]
    last = last_apart = 0
    if any(new.is_complete for _, new in everything):
        last = int((await tx.execute(_LAST))[0][0])
    if not all(new.is_complete for _, new in everything):
        last_apart = int((await tx.execute(_LAST_APART))[0][0])
    rows: list[tuple[Value, ...]] = []
    for arrival, new in everything:
        if new.is_complete:
            last += 1
        else:
            last_apart -= 1
        event = new.event
        rows.append(
            (
                last if new.is_complete else last_apart,
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
        )
    return rows


async def _close_gaps(tx: Tx, rows: Sequence[tuple[Value, ...]], stored: set[str]) -> None:
    """Number those that were new without holes: readers take a hole for events that were forgotten."""
    complete = [(seq, row[1]) for row in rows if isinstance(seq := row[0], int) and seq > 0]
    kept = [seq for seq, event_id in complete if event_id in stored]
    for number, seq in enumerate(kept, complete[0][0] if complete else 0):
        if number != seq:
            await tx.execute(_RENUMBER, number, seq)


async def insert(tx: Tx, sql: str, rows: Sequence[tuple[Value, ...]]) -> set[str]:
    """Add rows by few statements; `sql` has {} for values and returns ids: those of what was not there."""
    inserted: set[str] = set()
    for some in _sliced(rows):
        values = [value for row in some for value in row]
        inserted.update(row[0] for row in await tx.execute(_statement(sql, len(some), len(some[0])), *values))
    return inserted


def _sliced(rows: Sequence[tuple[Value, ...]]) -> Iterable[Sequence[tuple[Value, ...]]]:
    at = 0
    for size in SLICES:
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


@lru_cache(maxsize=64)
def _statement(sql: str, rows: int, columns: int) -> str:
    return sql.format(", ".join([f"({', '.join('?' * columns)})"] * rows))


async def _note_again(tx: Tx, arrival: Arrival, new: NewEvent) -> str:
    """Leave a receipt with the event that is known already; its id."""
    keys = (new.dedupe_key, new.event.source, new.dedupe_key, new.body_key)
    known, is_same_id = (await tx.execute(_KNOWN, *keys))[0]
    outcome = "duplicate" if is_same_id else "same_body"
    details = orjson.dumps(arrival.attempt).decode()
    await tx.execute(_RECEIPT, known, arrival.received_at, outcome, details)
    return str(known)


async def _bury(tx: Tx, arrival: Arrival) -> bool:
    """Keep what could not be read; whether any of it is new."""
    is_new = False
    for letter in arrival.dead:
        place = (arrival.source, arrival.endpoint, arrival.received_at)
        about = (letter.body_key, letter.reason, arrival.raw_id, orjson.dumps(letter.verified).decode())
        rows = await tx.execute(_DEAD, letter.id, *place, *about)
        is_new = is_new or bool(rows)
    return is_new
