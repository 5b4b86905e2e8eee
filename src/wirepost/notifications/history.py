"""`History`: what was brought where, how often it was tried, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.store.retention import delete_in_slices

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Delivery
    from wirepost.store.database import Database, Row, Tx

DONE = "done"
"""The outcome of an attempt that arrived; all others are words of ours that say why it did not."""
MAX_OUTCOME = 200
MOST = 200
"""Deliveries or attempts in one answer."""

_RECORD = (
    "INSERT INTO delivery_attempts (subscription, sink, seq, copy, attempt, at, took_s, outcome, details) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LAST = (
    "SELECT coalesce(max(attempt), 0) FROM delivery_attempts "
    "WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ? LIMIT 1"
)
_WAYS = (
    "SELECT d.subscription, coalesce(s.name, d.subscription), d.sink, d.copy, d.state, d.attempt, d.merged, "
    "d.due_at, d.created_at, d.pushed_at, d.fetched_at, d.ended_at, d.reason FROM events e "
    "JOIN deliveries d ON d.seq = e.seq LEFT JOIN subscriptions s ON s.id = d.subscription "
    "WHERE e.id = ? ORDER BY d.subscription, d.sink, d.copy LIMIT ?"
)
_TRIES = (
    "SELECT a.subscription, a.sink, a.copy, a.attempt, a.at, a.took_s, a.outcome, a.details FROM events e "
    "JOIN deliveries d ON d.seq = e.seq JOIN delivery_attempts a ON a.subscription = d.subscription "
    "AND a.sink = d.sink AND a.seq = d.seq AND a.copy = d.copy WHERE e.id = ? ORDER BY a.at LIMIT ?"
)
_FAILED = (
    "SELECT sink, outcome, count(*), max(at) FROM (SELECT sink, outcome, at FROM delivery_attempts "
    "WHERE at >= ? ORDER BY at DESC LIMIT ?) AS lately WHERE outcome <> 'done' GROUP BY sink, outcome "
    "ORDER BY sink, outcome LIMIT ?"
)
_LOOKED_AT = 5000
_FORGET = (
    "DELETE FROM delivery_attempts WHERE (subscription, sink, seq, copy, attempt) IN "
    "(SELECT subscription, sink, seq, copy, attempt FROM delivery_attempts WHERE at < ? LIMIT ?) "
    "RETURNING seq"
)


@dataclass(frozen=True)
class Attempt:
    """One try to bring an event somewhere."""

    number: int
    at: float
    took_s: float
    outcome: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Way:
    """What became of one event on one way."""

    attempts: tuple[Attempt, ...]
    subscription: str
    """Its name; its id where it is gone."""
    sink: str
    copy: int
    state: str
    attempt: int
    merged: int
    due_at: float
    created_at: float
    pushed_at: float | None
    """Sent there, which does not say that anybody has read it."""
    fetched_at: float | None
    ended_at: float | None
    reason: str | None


@dataclass(frozen=True)
class Trouble:
    """What goes wrong at one sink."""

    sink: str
    outcome: str
    count: int
    last_at: float


class History:
    """The attempts of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def record(
        self, delivery: Delivery, *, at: float, took_s: float, outcome: str, details: dict[str, Any]
    ) -> None:
        """Note one attempt, which began at `at` and took so many seconds.

        Its number goes on where a delivery that was given up is tried anew, which counts from 1 again.
        """
        told = orjson.dumps({name: value for name, value in details.items() if value is not None}).decode()

        async def work(tx: Tx) -> None:
            ((last,),) = await tx.execute(_LAST, *delivery.key)
            number = max(delivery.attempt, int(last) + 1)
            await tx.execute(
                _RECORD, *delivery.key, number, at, round(took_s, 3), outcome[:MAX_OUTCOME], told
            )

        await self._database.write(work)

    async def of(self, event_id: str) -> list[Way]:
        """All ways that an event has taken, with each attempt."""
        tries: dict[tuple[str, str, int], list[Attempt]] = {}
        for subscription, sink, copy, *rest in await self._database.read(_TRIES, event_id, MOST):
            tries.setdefault((subscription, sink, copy), []).append(_attempt(rest))
        rows = await self._database.read(_WAYS, event_id, MOST)
        return [Way(tuple(tries.get((row[0], row[2], row[3]), ())), *row[1:]) for row in rows]

    async def troubles(self, since: float) -> list[Trouble]:
        """What has gone wrong since then, by sink."""
        rows = await self._database.read(_FAILED, since, _LOOKED_AT, MOST)
        return [Trouble(*row) for row in rows]

    async def prune(self, before: float) -> None:
        """Forget attempts that are older."""
        await delete_in_slices(self._database, self._clock, _FORGET, before)


def _attempt(row: Row | list[Any]) -> Attempt:
    number, at, took_s, outcome, details = row
    return Attempt(number, at, took_s, outcome, orjson.loads(details))
