"""Work to be done in the background: rows that are written with what makes them due."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from wirepost.store.tx import Tx

WORK = "work"
"""The topic that is told when work was put."""

_PUT = (
    "INSERT INTO work (kind, key, details, state, attempt, due_at, every_s, created_at) "
    "VALUES (?, ?, ?, 'waiting', 0, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET "
    "state = 'waiting', attempt = 0, due_at = excluded.due_at, every_s = excluded.every_s, "
    "details = excluded.details, reason = NULL "
    "WHERE work.state = 'dead' OR (work.holder IS NULL AND (work.every_s IS DISTINCT FROM excluded.every_s "
    "OR work.details <> excluded.details))"
)
_HASTEN = (
    "UPDATE work SET due_at = ? WHERE kind = ? AND key = ? AND state = 'waiting' AND holder IS NULL "
    "AND due_at > ? RETURNING key"
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
    """Have it done, together with what the transaction writes.

    Does nothing where the same waits or runs already; one that was given up is tried anew.
    """
    details = orjson.dumps(task.details).decode()
    await tx.execute(_PUT, task.kind, task.key, details, task.due_at, task.every_s, now)


async def hasten(tx: Tx, kind: str, key: str, now: float) -> bool:
    """Have what waits done now; false where nothing waits. What is being done already goes on as it is."""
    return bool(await tx.execute(_HASTEN, now, kind, key, now))


async def withdraw(tx: Tx, kind: str, key: str) -> None:
    """Have it not done, or not done again."""
    await tx.execute("DELETE FROM work WHERE kind = ? AND key = ?", kind, key)
