"""`DeadLetters`: genuine requests that could not be read; looked at, read once more, or given up for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from wirepost.store.tx import placeholders
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.arrival import Arrival, NewEvent
    from wirepost.events.log import EventLog
    from wirepost.events.raw import RawRequests
    from wirepost.events.receive import Receiver
    from wirepost.store.database import Tx

MOST = 200
"""Letters in one go."""

_COLUMNS = "id, source, endpoint, received_at, body_key, reason, settled_at"
_OPEN = (
    f"SELECT {_COLUMNS} FROM dead_letters WHERE settled_at IS NULL{{which}} "  # noqa: S608 - our own words
    "ORDER BY received_at, id LIMIT ?"
)
_ONE = f"SELECT {_COLUMNS} FROM dead_letters WHERE id = ? LIMIT 1"  # noqa: S608 - our own words
_SEALED = (
    "SELECT raw_bodies.id, raw_bodies.received_at, sealed, verified FROM dead_letters "
    "JOIN raw_bodies ON raw_bodies.id = dead_letters.raw_id WHERE dead_letters.id = ? LIMIT 1"
)
_KNOWN = "SELECT id FROM events WHERE source = ? AND (dedupe_key = ? OR body_key = ?) LIMIT 1"
_SETTLE = "UPDATE dead_letters SET settled_at = ? WHERE id = ? AND settled_at IS NULL RETURNING id"
_EXPLAIN = "UPDATE dead_letters SET reason = ? WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Letter:
    """One of them."""

    id: str
    source: str
    endpoint: str
    received_at: float
    body_key: str
    reason: str
    settled_at: float | None
    """When it was read after all, or given up."""


@dataclass(frozen=True)
class LetterFilter:
    """Which of those that are open; what is empty does not matter."""

    source: str | None = None
    endpoint: str | None = None
    ids: Sequence[str] = ()
    """At most `MOST`."""
    after: Letter | None = None
    """Only those behind it."""

    def where(self) -> tuple[str, list[str | float]]:
        """The conditions, and their parameters."""
        named = [("source", self.source), ("endpoint", self.endpoint)]
        given = [(column, value) for column, value in named if value is not None]
        text = "".join(f" AND {column} = ?" for column, _ in given)
        ids = list(self.ids[:MOST])
        if ids:
            text += f" AND id IN ({placeholders(ids)})"
        params: list[str | float] = [*(value for _, value in given), *ids]
        if self.after is not None:
            text += " AND (received_at, id) > (?, ?)"
            params += [self.after.received_at, self.after.id]
        return text, params


@dataclass(frozen=True)
class Redriven:
    """What became of one."""

    letter: Letter
    events: Sequence[str] = ()
    """Ids of events that were in it."""
    problem: str | None = None
    """Why it still cannot be read."""


class DeadLetters:
    """The letters of one database."""

    def __init__(self, log: EventLog, raw: RawRequests, receiver: Receiver, clock: Clock) -> None:
        self._log, self._raw, self._receiver, self._clock = log, raw, receiver, clock
        self._database = log.database

    async def open(self, which: LetterFilter, limit: int = MOST) -> list[Letter]:
        """Those that nobody has dealt with, the oldest first."""
        text, params = which.where()
        rows = await self._database.read(_OPEN.format(which=text), *params, limit)
        return [Letter(*row) for row in rows]

    async def get(self, letter_id: str) -> Letter | None:
        """One of them, settled or not."""
        rows = await self._database.read(_ONE, letter_id)
        return Letter(*rows[0]) if rows else None

    async def redrive(self, letter: Letter) -> Redriven:
        """Read it with today's code and store what is new in it; it stays where it still cannot be read.

        Doing it twice stores nothing twice. Raises `CallError`.
        """
        arrival = await self._reread(letter)
        if isinstance(arrival, str):
            return Redriven(letter, problem=arrival)
        still = next((each for each in arrival.dead if each.body_key == letter.body_key), None)
        arrival.dead = ()  # those of the same request have letters of their own
        new = [each for each in arrival.events if not await self._is_known(arrival, each)]
        arrival.events = new
        recorded = await self._log.record(arrival) if new or arrival.tasks else []
        if still is not None:
            await self._database.write(lambda tx: tx.execute(_EXPLAIN, still.reason, letter.id))
            return Redriven(letter, [each.id for each in recorded], still.reason)
        await self.settle([letter])
        return Redriven(letter, [each.id for each in recorded])

    async def settle(self, letters: Sequence[Letter]) -> int:
        """Be done with them; returns how many were open."""
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> int:
            return sum([len(await tx.execute(_SETTLE, now, each.id)) for each in letters])

        return await self._database.write(work)

    async def _reread(self, letter: Letter) -> Arrival | str:
        rows = await self._database.read(_SEALED, letter.id)
        if not rows:
            return "the request is not kept any more"
        raw_id, received_at, sealed, proof = str(rows[0][0]), float(rows[0][1]), bytes(rows[0][2]), rows[0][3]
        raw = self._raw.opened(raw_id, received_at, sealed)
        request = Incoming(raw.method, raw.url, tuple(raw.headers), raw.body, received_at)
        place, verified = (letter.source, letter.endpoint), Verified(**orjson.loads(proof))
        return await self._receiver.reread(*place, request, verified, (raw_id, sealed))

    async def _is_known(self, arrival: Arrival, new: NewEvent) -> bool:
        """Whether it came in another request, or was readable in this one."""
        return bool(await self._database.read(_KNOWN, arrival.source, new.dedupe_key, new.body_key))
