"""Work to be done in the background: rows that are written with what makes them due."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from wirepost.store.tx import Tx

_PUT = (
    "INSERT INTO work (kind, key, details, state, attempt, due_at, every_s, created_at) "
    "VALUES (?, ?, ?, 'waiting', 0, ?, ?, ?) ON CONFLICT (kind, key) DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work; of the same kind and key there is one at a time."""

    kind: str
    key: str
    due_at: float
    """Seconds since 1970."""
    details: dict[str, Any] = field(default_factory=dict)
    every_s: float | None = None
    """Comes again so long after it was done."""


async def put(tx: Tx, task: Task, now: float) -> None:
    """Have it done, together with what the transaction writes; does nothing where it waits already."""
    details = orjson.dumps(task.details).decode()
    await tx.execute(_PUT, task.kind, task.key, details, task.due_at, task.every_s, now)
