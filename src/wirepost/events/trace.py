"""`trace()`: how an event came: what proved it, how often it was sent, and whether its request is kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from wirepost.store.database import Database

MOST = 100
"""Repeats that are told, and events that are looked through for those of a request."""

_EVENT = (
    "SELECT endpoint, seq > 0, content IS NULL, receipt, "
    "EXISTS (SELECT 1 FROM raw_bodies WHERE raw_bodies.id = events.raw_id) "
    "FROM events WHERE id = ? LIMIT 1"
)
_LATELY = "SELECT id, receipt FROM events WHERE source = ? ORDER BY received_at DESC LIMIT ?"
_REPEATS = "SELECT at, outcome, details FROM receipts WHERE event_id = ? ORDER BY at LIMIT ?"


@dataclass(frozen=True)
class Repeat:
    """The same event once more."""

    at: float
    outcome: str
    """`duplicate`, or `same_body` where only its id was another."""
    details: dict[str, Any]
    """The endpoint, and headers that count attempts."""


@dataclass(frozen=True)
class Trace:
    """What is known besides the event itself."""

    endpoint: str
    """Empty where nobody sent it."""
    is_complete: bool
    """False: something is still to be found out, and no reader sees it."""
    is_forgotten: bool
    has_request: bool
    receipt: dict[str, Any]
    repeats: list[Repeat]
    """Up to `MOST`."""


async def trace(database: Database, event_id: str) -> Trace | None:
    """The trace of an event; `None` where there was never one of that id."""
    rows = await database.read(_EVENT, event_id)
    if not rows:
        return None
    endpoint, is_complete, is_forgotten, receipt, has_request = rows[0]
    repeats = await database.read(_REPEATS, event_id, MOST)
    return Trace(
        str(endpoint),
        bool(is_complete),
        bool(is_forgotten),
        bool(has_request),
        orjson.loads(receipt),
        [Repeat(float(at), str(outcome), orjson.loads(details)) for at, outcome, details in repeats],
    )


async def of_body(database: Database, source: str, body: bytes) -> list[str]:
    """Ids of the events of a request that came a moment ago."""
    hashed = sha256(body).hexdigest()
    rows = await database.read(_LATELY, source, MOST)
    receipts = [(str(event_id), orjson.loads(receipt).get("raw", {})) for event_id, receipt in rows]
    return [event_id for event_id, raw in receipts if raw.get("sha256") == hashed]
