"""`Watching`: news as short lines for programs that read a terminal; what comes in bursts is one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.text import cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.core.clock import Clock
    from wirepost.events.event import Event
    from wirepost.events.reading import LogReader

LONGEST = 400
"""Characters of a line: those who watch terminals cut longer ones."""
CATCH_UP_S = 86_400.0
"""What is older than this is not told after a pause."""
AT_ONCE = 1000
"""Events that are looked at together."""
MOST_LINES = 20
"""Of more lines at once, those of the same type become one."""
_SHORTEST = 20


@dataclass(frozen=True)
class News:
    """What one look has found."""

    lines: list[str]
    position: int
    """Up to it everything was told."""
    has_more: bool


class Watching:
    """Reads a log from a position on; `matches` says what is wanted."""

    def __init__(self, reader: LogReader, matches: Callable[[Event], bool], clock: Clock) -> None:
        self._reader, self._matches, self._clock = reader, matches, clock

    async def begin(self) -> int:
        """The position of somebody who wants to know what comes from now on."""
        return await self._reader.newest()

    async def look(self, position: int) -> News:
        """What came after a position; raises `Unavailable`."""
        since = self._clock.now().timestamp() - CATCH_UP_S
        page = await self._reader.page(position, self._matches, limit=AT_ONCE, since=since)
        lines = [_line(event, count) for event, count in merged(page.events)]
        if page.is_truncated:
            told = {"truncated": True, "summary": "Events before these were left out, as they are too old"}
            lines.insert(0, orjson.dumps(told).decode())
        return News(lines, page.position, page.has_more)


def merged(events: Sequence[Event]) -> list[tuple[Event, int]]:
    """The newest of those about the same thing, with how many they are; of many, of the same type."""
    found = _merged(events, lambda each: (each.source, each.type, each.subject or each.id))
    return found if len(found) <= MOST_LINES else _merged(events, lambda each: (each.source, each.type))


def _merged(events: Sequence[Event], key: Callable[[Event], tuple[str, ...]]) -> list[tuple[Event, int]]:
    newest: dict[tuple[str, ...], tuple[Event, int]] = {}
    for each in events:
        _, count = newest.pop(key(each), (each, 0))
        newest[key(each)] = (each, count + 1)
    return list(newest.values())


def _line(event: Event, count: int) -> str:
    told: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "source": event.source,
        "subject": event.subject,
        "environment": event.environment,
        "summary": event.summary,
    }
    if count > 1:
        told["merged"] = count
    for name in ("summary", "subject", "type", "source"):
        too_long = len(orjson.dumps(told).decode()) - LONGEST
        if too_long > 0 and told[name]:
            told[name] = cut(told[name], max(len(told[name]) - too_long, _SHORTEST))
    return orjson.dumps(told).decode()
