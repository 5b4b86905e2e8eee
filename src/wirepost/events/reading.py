"""`LogReader`: the log from a position on, as far as it matches; nothing is kept of who reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog

BATCH = 200
MOST_READ = 2000
"""Events that are looked at for one page, however few of them match."""

_SINCE = (
    "SELECT min(seq) FROM (SELECT seq FROM events WHERE received_at >= ? AND seq > 0 "
    "ORDER BY received_at LIMIT 100) AS earliest LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What was found."""

    events: list[Event]
    position: int
    """Up to it everything was looked at."""
    is_truncated: bool
    """Whether events after the asked position are not there any more, or were left out as too old."""
    has_more: bool


class LogReader:
    """Reads one log, at most `most` events of it for a page and `batch` at once."""

    def __init__(self, log: EventLog, *, batch: int = BATCH, most: int = MOST_READ) -> None:
        self._log, self._batch, self._most = log, batch, most

    async def newest(self) -> int:
        """The position from which only what comes later is read."""
        return await self._log.newest()

    async def page(
        self, position: int, matches: Callable[[Event], bool], *, limit: int, since: float | None = None
    ) -> Page:
        """Up to `limit` events after a position, none received before `since` (seconds since 1970)."""
        at, is_truncated = await self._begin(position, since)
        found: list[Event] = []
        for number in range(self._most // self._batch):
            batch = await self._log.after(at, self._batch)
            if number == 0:
                at, batch, is_gap = await self._mind_gap(at, batch)
                is_truncated = is_truncated or is_gap
            for event in batch:
                if len(found) == limit:
                    return Page(found, at, is_truncated, has_more=True)
                at = event.seq
                if (since is None or event.received_at >= since) and matches(event):
                    found.append(event)
            if len(batch) < self._batch:
                return Page(found, at, is_truncated, has_more=False)
        return Page(found, at, is_truncated, has_more=True)

    async def _begin(self, position: int, since: float | None) -> tuple[int, bool]:
        if since is None:
            return position, False
        rows = await self._log.database.read(_SINCE, since)
        first = rows[0][0]
        floor = await self._log.newest() if first is None else first - 1
        return max(position, floor), floor > position

    async def _mind_gap(self, at: int, batch: list[Event]) -> tuple[int, list[Event], bool]:
        """Positions follow each other without holes, so a hole is what was forgotten."""
        if not batch:
            newest = await self._log.newest()
            if newest == at:
                return at, batch, False
            batch = await self._log.after(at, self._batch)  # what came between the two looks is no hole
            if not batch:
                return newest, batch, True
        return batch[0].seq - 1, batch, batch[0].seq > at + 1
