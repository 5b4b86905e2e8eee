"""`search()`: events of the past, newest first; a look costs the same however many there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from wirepost.events.event import COLUMNS, Event, read
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.store.database import Database, Row, Value

WINDOW = 500
MOST_LOOKED_AT = 5000
"""Rows that are looked at for one page, however few of them fit; `Found.next` goes on from there."""
MOST_TYPES = 20
"""Of more types that a pattern stands for, all rows are looked at instead of those of each type."""
LATEST = 2**62

_ROW = "events.seq, events.source, events.environment, events.type, events.object_id, events.received_at"
READ_BY = {
    "object_id": f"SELECT {_ROW} FROM events WHERE object_id = ? AND seq < ? AND seq >= ?",  # noqa: S608 - our own words
    "type": f"SELECT {_ROW} FROM events WHERE type = ? AND seq < ? AND seq >= ?",  # noqa: S608 - our own words
    "source": f"SELECT {_ROW} FROM events WHERE source = ? AND seq < ? AND seq >= ?",  # noqa: S608 - our own words
    "seq": f"SELECT {_ROW} FROM events WHERE seq < ? AND seq >= ?",  # noqa: S608 - our own words
    "subscription": f"SELECT {_ROW} FROM deliveries JOIN events ON events.seq = deliveries.seq "  # noqa: S608 - our own words
    "WHERE subscription = ? AND sink = 'pull' AND state IN ('pending', 'offered') "
    "AND deliveries.seq < ? AND deliveries.seq >= ?",
}
"""What a page is read by → its rows; each has an index that ends with `seq`."""
_TYPES = (
    "WITH RECURSIVE known(type) AS (SELECT min(type) FROM events UNION ALL "
    "SELECT (SELECT min(type) FROM events WHERE events.type > known.type) FROM known "
    "WHERE known.type IS NOT NULL) SELECT type FROM known WHERE type IS NOT NULL LIMIT 2000"
)
"""Each type once, by leaps along its index."""
_SINCE = (
    "SELECT min(seq) FROM (SELECT seq FROM events WHERE received_at >= ? AND seq > 0 "
    "ORDER BY received_at LIMIT 100) AS earliest LIMIT 1"
)


@dataclass(frozen=True)
class Query:
    """What is looked for; what is not given does not matter."""

    types: Sequence[str] = ()
    """With * for any text."""
    sources: Sequence[str] = ()
    """With * for any text."""
    environments: Sequence[str] = ()
    object_id: str | None = None
    since: float | None = None
    """Received then or later, in seconds since 1970."""
    unacknowledged_by: str | None = None
    """Id of a subscription to which it is still open."""
    before: int | None = None
    """Only older ones: `Found.next` of the page before."""
    limit: int = 20
    most_looked_at: int = MOST_LOOKED_AT


@dataclass(frozen=True)
class Found:
    """One page."""

    events: list[Event]
    next: int | None
    """Where the next page begins; `None` where there is none."""


async def search(database: Database, query: Query) -> Found:
    """The newest events that fit."""
    fits, kept = _Fits(query), list[int]()
    looked_at, last = 0, query.before or LATEST
    async for row in _rows(database, query):
        looked_at += 1
        if row[0] == last:
            continue  # it is offered once more to the subscription
        last = int(row[0])
        if fits(row):
            kept.append(last)
        if len(kept) == query.limit or looked_at == query.most_looked_at:
            return Found(await _events(database, kept), last)
    return Found(await _events(database, kept), None)


async def known_types(database: Database) -> list[str]:
    """Every type of which there is an event."""
    return [str(row[0]) for row in await database.read(_TYPES)]


async def _rows(database: Database, query: Query) -> AsyncIterator[Row]:
    """The rows by what tells most of them apart, newest first."""
    floor = 1 if query.since is None else await first_since(database, query.since)
    if floor is None:
        return
    if query.unacknowledged_by is not None:
        ways = [("subscription", query.unacknowledged_by)]
    elif query.object_id is not None:
        ways = [("object_id", query.object_id)]
    else:
        ways = await _ways(database, query)
    runs = [_Run(database, by, value, query.before or LATEST, floor) for by, value in ways]
    heads = {run: row for run in runs if (row := await run.next()) is not None}
    while heads:
        newest = max(heads, key=lambda run: int(heads[run][0]))
        yield heads.pop(newest)
        row = await newest.next()
        if row is not None:
            heads[newest] = row


async def _ways(database: Database, query: Query) -> list[tuple[str, str]]:
    if query.types:
        types = list(query.types)
        if any("*" in each for each in types):
            types = [each for each in await known_types(database) if _is_like(each, query.types)]
        if len(types) <= MOST_TYPES:
            return [("type", each) for each in dict.fromkeys(types)]
    if query.sources and not any("*" in each for each in query.sources):
        return [("source", each) for each in dict.fromkeys(query.sources)]
    return [("seq", "")]


class _Run:
    """The rows of one value, window by window."""

    def __init__(self, database: Database, by: str, value: str, before: int, floor: int) -> None:
        self._database, self._before, self._floor = database, before, floor
        self._sql = f"{READ_BY[by]} ORDER BY {'deliveries.' if by == 'subscription' else ''}seq DESC LIMIT ?"
        self._value: tuple[Value, ...] = () if by == "seq" else (value,)
        self._rows: list[Row] = []
        self._is_over = False

    async def next(self) -> Row | None:
        """The next older row."""
        if not self._rows and not self._is_over:
            window = (*self._value, self._before, self._floor, WINDOW)
            self._rows = (await self._database.read(self._sql, *window))[::-1]
            self._is_over = len(self._rows) < WINDOW
            if self._rows:
                self._before = int(self._rows[0][0])
        return self._rows.pop() if self._rows else None


class _Fits:
    """Whether a row is what was asked for."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def __call__(self, row: Row) -> bool:
        _, source, environment, kind, object_id, received_at = row
        query = self._query
        return (
            (not query.types or _is_like(kind, query.types))
            and (not query.sources or _is_like(source, query.sources))
            and (not query.environments or environment in query.environments)
            and query.object_id in {None, object_id}
            and (query.since is None or received_at >= query.since)
        )


def _is_like(text: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(text, each) for each in patterns)


async def first_since(database: Database, since: float) -> int | None:
    """The position of the first event that was received then or later, if there is one."""
    first: int | None = (await database.read(_SINCE, since))[0][0]
    return first


async def _events(database: Database, numbers: Sequence[int]) -> list[Event]:
    if not numbers:
        return []
    rows = await database.read(
        f"SELECT {COLUMNS} FROM events WHERE seq IN ({placeholders(numbers)}) AND content IS NOT NULL "  # noqa: S608 - our own words
        "ORDER BY seq DESC LIMIT ?",
        *numbers,
        len(numbers),
    )
    return [read(row) for row in rows]
