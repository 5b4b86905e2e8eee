"""Coalescing: events that follow each other quickly become one delivery that says how many they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from wirepost.events.deliveries import add

if TYPE_CHECKING:
    from wirepost.events.event import Event
    from wirepost.settings.events import CoalesceSettings
    from wirepost.store.database import Tx

MERGED = "merged"
"""Why a delivery was left out: another one speaks for it."""

_WAITING = (
    "SELECT deliveries.seq, deliveries.merged, deliveries.due_at, events.content FROM deliveries "
    "JOIN events ON events.seq = deliveries.seq WHERE deliveries.subscription = ? AND deliveries.sink = ? "
    "AND deliveries.group_key = ? AND deliveries.state = 'pending' AND deliveries.attempt = 0 "
    "AND deliveries.copy = 0 AND deliveries.due_at > ? ORDER BY deliveries.seq DESC LIMIT 1"
)
_REPLACED = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ?, reason = ? "
    "WHERE subscription = ? AND sink = ? AND seq = ? AND copy = 0"
)
_ONE_MORE = (
    "UPDATE deliveries SET merged = merged + 1 WHERE subscription = ? AND sink = ? AND seq = ? AND copy = 0"
)


def group_of(event: Event, coalesce: CoalesceSettings) -> str:
    """What events have in common that become one: their type, or their source and subject."""
    if coalesce.key == "type":
        return f"type {event.type}"
    return f"subject {event.source} {event.subject or event.id}"


async def add_merged(
    tx: Tx, place: tuple[str, str], event: Event, group: str, *, now: float, window_s: float
) -> None:
    """Have it delivered to (subscription, sink) when the window of its group ends, alone of its group.

    The one that happened last is kept, which need not be the one that arrived last.
    """
    waiting = await tx.execute(_WAITING, *place, group, now)
    if not waiting:
        await add(tx, place, event.seq, now=now, due_at=now + window_s, group_key=group)
        return
    seq, merged, due_at, content = waiting[0]
    if content is not None and _is_earlier(event, orjson.loads(content)["time"]):
        await add(tx, place, event.seq, now=now, left_out=MERGED)
        await tx.execute(_ONE_MORE, *place, seq)
        return
    await tx.execute(_REPLACED, now, MERGED, *place, seq)
    await add(tx, place, event.seq, now=now, due_at=due_at, group_key=group, merged=merged + 1)


def _is_earlier(event: Event, than: float | None) -> bool:
    return event.time is not None and than is not None and event.time < than
