"""`OwnWrites`: what our calls have written lately, so that an event about it is not taken for news."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wirepost.store.retention import delete_in_slices
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx, Work

KEPT_S = 24 * 3600.0
"""So long an event can come that one of our requests has caused."""
BEFORE_S, AFTER_S = 5.0, 60.0
"""Somebody else may change the same object: it was us only around the time at which we wrote, as far as
clocks agree and senders are quick."""
KEY = "wp_"
"""How the keys begin that we give to requests. A provider repeats one only in what that request has caused,
whenever that is told; ids of objects, and of intents that stand in them, come with every later event too."""
MAX_MARKS = 100
"""More are not kept of one write, or looked for of one event."""

_NOTE = (
    "INSERT INTO own_writes (source, marker, intent_id, at, hops) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (source, marker) DO UPDATE SET intent_id = excluded.intent_id, at = excluded.at, "
    "hops = excluded.hops"
)
_ANY = "SELECT max(at) FROM own_writes WHERE source = ? LIMIT 1"
_FIND = "SELECT marker, intent_id, hops, at FROM own_writes WHERE source = ? AND marker IN ({}) LIMIT ?"
_UNDER_WAY = "SELECT 1 FROM intents WHERE state = 'dispatched' AND connection = ? LIMIT 1"
_FORGET = (
    "DELETE FROM own_writes WHERE (source, marker) IN "
    "(SELECT source, marker FROM own_writes WHERE at < ? LIMIT ?) RETURNING marker"
)

_IDS = frozenset({"id", "ids", "ts"})
"""Names under which our tools give and take ids of objects; a message of Slack has a `ts`."""
_DEEPEST, _LONGEST = 4, 200


@dataclass(frozen=True)
class OwnWrite:
    """One of our writes."""

    intent_id: str
    hops: int
    """Events that led to it, one after the other; the event it causes has as many."""
    at: float
    """When it was sent, in seconds since 1970."""


class OwnWrites:
    """The writes of the last day, of all processes that share the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._newest: dict[str, float] = {}
        """Source → when something was last written there: most events need no look at the database."""
        self._under_way: Counter[str] = Counter()

    async def note(self, source: str, marks: Iterable[str], intent_id: str, hops: int = 0) -> None:
        """Remember by what an event would show that this write has caused it; raises `Unavailable`."""
        await self._database.write(self.noting(source, marks, intent_id, hops))

    def noting(
        self, source: str, marks: Iterable[str], intent_id: str, hops: int = 0, *, at: float | None = None
    ) -> Work[None]:
        """The same as a part of another transaction; `at` is when it was sent, by default now."""
        sent_at = self._now() if at is None else at
        self._newest[source] = max(sent_at, self._newest.get(source, sent_at))
        kept = list(dict.fromkeys(marks))[:MAX_MARKS]

        async def work(tx: Tx) -> None:
            for mark in kept:
                await tx.execute(_NOTE, source, mark, intent_id, sent_at, hops)

        return work

    async def find(
        self, source: str, marks: Sequence[str], happened_at: float | None = None
    ) -> OwnWrite | None:
        """The write that caused an event with these marks, which happened at that time (by default now)."""
        if not marks or not await self._was_busy(source):
            return None
        looked_for = marks[:MAX_MARKS]
        sql = _FIND.format(placeholders(looked_for))
        rows = await self._database.read(sql, source, *looked_for, len(looked_for))
        when = self._now() if happened_at is None else happened_at
        found = [OwnWrite(intent, hops, at) for mark, intent, hops, at in rows if self._fits(mark, at, when)]
        return max(found, key=lambda write: (write.hops, write.at), default=None)

    def is_quiet(self, source: str) -> bool:
        """Whether it is known without a look that we have written nothing there within a day, nor do now."""
        if self._database.is_shared or self._under_way.get(source):
            return False
        newest = self._newest.get(source)
        return newest is not None and newest <= self._now() - KEPT_S

    async def is_writing(self, source: str) -> bool:
        """Whether a write is under way there: an event about it may come before its ids are known."""
        if self._under_way[source]:
            return True
        return self._database.is_shared and bool(await self._database.read(_UNDER_WAY, source))

    @contextmanager
    def under_way(self, source: str) -> Iterator[None]:
        """From before a write is sent until what it made is noted."""
        self._under_way[source] += 1
        try:
            yield
        finally:
            self._under_way[source] -= 1

    async def prune(self) -> None:
        """Forget what is older than a day."""
        await delete_in_slices(self._database, self._clock, _FORGET, self._now() - KEPT_S)

    async def _was_busy(self, source: str) -> bool:
        """Whether anything was written there within a day; other processes may have."""
        newest = self._newest.get(source)
        if newest is None and not self._database.is_shared:
            ((found,),) = await self._database.read(_ANY, source)
            newest = self._newest[source] = max(found or 0.0, self._newest.get(source, 0.0))
        return newest is None or newest > self._now() - KEPT_S

    def _fits(self, mark: str, sent_at: float, happened_at: float) -> bool:
        if mark.startswith(KEY):
            return sent_at > self._now() - KEPT_S
        return sent_at - BEFORE_S <= happened_at <= sent_at + AFTER_S

    def _now(self) -> float:
        return self._clock.now().timestamp()


def ids_in(value: Any) -> Iterator[str]:
    """Ids of objects in the arguments or the result of a tool."""
    return (mark for mark in _ids_in(value, _DEEPEST) if mark and len(mark) <= _LONGEST)


def _ids_in(value: Any, deeper: int) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _ids_in(each, deeper - 1) if deeper else ()
    elif isinstance(value, dict):
        for name, each in value.items():
            if name in _IDS:
                yield from (str(one) for one in _listed(each) if isinstance(one, str | int))
            elif deeper:
                yield from _ids_in(each, deeper - 1)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
