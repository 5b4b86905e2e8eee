"""`Taints`: who has lately read what outsiders wrote, and so may act on what they want."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from wirepost.core.times import from_epoch
from wirepost.tools.results import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.core.clock import Clock
    from wirepost.settings import EventSettings
    from wirepost.store.database import Database, Row

SLACK_S = 300.0
"""So much longer a taint may hold, so that of a caller who reads all the time little has to be stored."""
EVENT_TOOLS = "event"
"""The toolset whose results are events."""

_PUT = (
    "INSERT INTO taints (caller, origin, until_at, hops, read_at) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (caller) DO UPDATE SET "
    "origin = CASE WHEN taints.until_at > excluded.until_at THEN taints.origin ELSE excluded.origin END, "
    "until_at = CASE WHEN taints.until_at > excluded.until_at THEN taints.until_at "
    "ELSE excluded.until_at END, "
    "hops = CASE WHEN taints.hops > excluded.hops AND (taints.read_at > ? OR taints.until_at > ?) "
    "THEN taints.hops ELSE excluded.hops END, "
    "read_at = excluded.read_at RETURNING origin, until_at, hops, read_at"
)
"""What a call beside this one has noted meanwhile is not taken back."""
_FIND = "SELECT origin, until_at, hops, read_at FROM taints WHERE caller = ? LIMIT 1"
_FORGET = "DELETE FROM taints WHERE until_at < ? AND read_at < ?"


class Readable(Protocol):
    """An event, as far as those who read it are concerned."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def hops(self) -> int:
        """Events that led to it."""
        ...

    @property
    def untrusted(self) -> Sequence[str]:
        """Where outsiders' words stand in it."""
        ...


@dataclass(frozen=True)
class Taint:
    """What a caller has read."""

    origin: str
    """Id of an event, or name of the tool whose result it was."""
    until_at: float
    """Until then what outsiders wrote may have led to what the caller does; 0: nothing of that kind."""
    hops: int
    """Events that led to what the caller does now: those before one that was read, and that one."""
    read_at: float

    def reason(self) -> str:
        """What the caller is told."""
        until = from_epoch(self.until_at)
        return (
            f"the caller has read what outsiders wrote ({self.origin}) and may act on their words; "
            f"this holds until {until}"
        )


@dataclass(frozen=True)
class _Seen:
    """An event as a result shows it."""

    id: str
    hops: int
    untrusted: Sequence[str]


class Taints:
    """The callers of one database."""

    def __init__(self, database: Database, clock: Clock, settings: EventSettings) -> None:
        self._database, self._clock, self._settings = database, clock, settings
        self._known: dict[str, Taint | None] = {}

    async def find(self, caller: str) -> Taint | None:
        """What a caller has read within the time that counts; `None` where that is nothing."""
        taint = await self._find(caller)
        now = self._now()
        if taint is None or max(taint.until_at, taint.read_at + self._settings.taint_s) <= now:
            return None
        return taint

    async def reason(self, caller: str) -> str | None:
        """Why what is visible, moves money or cannot be undone needs approval; `None` where it does not."""
        taint = await self.find(caller) if self._settings.taint != "off" else None
        return taint.reason() if taint is not None and taint.until_at > self._now() else None

    async def hops(self, caller: str) -> int:
        """Events that led to what a caller does now."""
        taint = await self.find(caller)
        return taint.hops if taint is not None else 0

    async def read(self, caller: str, events: Iterable[Readable]) -> None:
        """A caller is about to get events; raises `Unavailable` where that cannot be stored."""
        given = list(events)
        if given:
            strange = next((event for event in given if event.untrusted), None)
            hops = max(event.hops for event in given) + 1
            await self._note(caller, (strange or given[0]).id, hops, is_strange=strange is not None)

    async def returned(self, caller: str, toolset: str, tool: str, value: Any, untrusted: object) -> None:
        """A caller is about to get a tool's result; `untrusted` are the paths in it of outsiders' words."""
        if toolset == EVENT_TOOLS:
            await self.read(caller, _events_in(value))
        elif untrusted and self._settings.taint == "all":
            await self._note(caller, tool, await self.hops(caller), is_strange=True)

    async def prune(self) -> None:
        """Forget what does not count any more."""
        now = self._now()
        self._known.clear()
        await self._database.write(lambda tx: tx.execute(_FORGET, now, now - self._settings.taint_s))

    async def _note(self, caller: str, origin: str, hops: int, *, is_strange: bool) -> None:
        now = self._now()
        old = await self.find(caller) or Taint(origin, 0.0, 0, 0.0)
        is_long_enough = not is_strange or old.until_at >= now + self._settings.taint_s
        if is_long_enough and old.hops >= hops and old.read_at > now - SLACK_S:
            return
        until = now + self._settings.taint_s + SLACK_S if is_strange else old.until_at
        new = Taint(origin if is_strange else old.origin, until, max(hops, old.hops), now)
        row = (caller, new.origin, new.until_at, new.hops, new.read_at, now - self._settings.taint_s, now)
        self._known[caller] = _taint(await self._database.write(lambda tx: tx.execute(_PUT, *row)))

    async def _find(self, caller: str) -> Taint | None:
        if caller not in self._known or self._database.is_shared:  # another process may have noted more
            self._known[caller] = _taint(await self._database.read(_FIND, caller))
        return self._known[caller]

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _taint(rows: Sequence[Row]) -> Taint | None:
    return Taint(*rows[0]) if rows else None


def _events_in(value: Any) -> Iterator[_Seen]:
    """The events that a result of the tools for events holds, wherever it has them."""
    if isinstance(value, Page):
        value = value.records
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, list):
        for each in value:
            yield from _events_in(each)
    elif isinstance(value, dict):
        if isinstance(value.get("id"), str) and isinstance(value.get("untrusted"), list):
            untrusted = ["payload"] if value.get("payload") else value["untrusted"]
            yield _Seen(value["id"], int(value.get("hops") or 0), untrusted)
            return
        for each in value.values():
            if isinstance(each, list | dict | BaseModel):
                yield from _events_in(each)
