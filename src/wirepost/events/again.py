"""`Again`: what was given up is tried once more, and what is stored is offered once more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.events.deliveries import add
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.subscriptions import Subscription
    from wirepost.store.database import Database, Tx, Value

MOST = 200
"""Events in one go."""

_DEAD = (
    "SELECT events.id, events.type, events.source, deliveries.subscription, deliveries.sink, "
    "deliveries.copy, deliveries.attempt, deliveries.ended_at, deliveries.reason, deliveries.seq "
    "FROM deliveries JOIN events ON events.seq = deliveries.seq WHERE deliveries.state = 'dead'{which} "
    "ORDER BY deliveries.subscription, deliveries.seq, deliveries.sink, deliveries.copy LIMIT ?"
)
_REDRIVE = (
    "UPDATE deliveries SET state = 'pending', attempt = 0, due_at = ?, ended_at = NULL, reason = NULL "
    "WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ? AND state = 'dead' RETURNING seq"
)
_DROP = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ? "
    "WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ? AND state = 'dead'"
)
_SLICE = (
    "SELECT received_at, seq, id FROM events WHERE (received_at, seq) > (?, ?) AND received_at < ? "
    "AND seq > 0 AND content IS NOT NULL ORDER BY received_at, seq LIMIT ?"
)
_NAMED = (
    "SELECT seq FROM events WHERE id IN ({marks}) AND seq > 0 AND content IS NOT NULL ORDER BY seq LIMIT ?"
)
_REPLAYED = (
    "SELECT count(*) FROM deliveries WHERE subscription = ? AND sink = 'pull' AND copy > 0 "
    "AND created_at >= ? LIMIT 1"
)
_COPY = "SELECT coalesce(max(copy), -1) + 1 FROM deliveries WHERE subscription = ? AND sink = ? AND seq = ?"


@dataclass(frozen=True, slots=True)
class Dead:
    """One delivery that was given up."""

    event: str
    """Its id."""
    type: str
    source: str
    subscription: str
    sink: str
    copy: int
    attempts: int
    at: float
    reason: str | None
    seq: int


@dataclass(frozen=True)
class DeadFilter:
    """Which of them; what is empty does not matter."""

    subscription: str | None = None
    sink: str | None = None
    type: str | None = None
    source: str | None = None
    events: Sequence[str] = ()
    """Ids, at most `MOST`."""

    def where(self) -> tuple[str, list[Value]]:
        """The conditions, and their parameters."""
        named: list[tuple[str, Value]] = [
            ("deliveries.subscription", self.subscription),
            ("deliveries.sink", self.sink),
            ("events.type", self.type),
            ("events.source", self.source),
        ]
        given = [(column, value) for column, value in named if value is not None]
        text = "".join(f" AND {column} = ?" for column, _ in given)
        if self.events:
            text += f" AND events.id IN ({placeholders(self.events[:MOST])})"
        return text, [*(value for _, value in given), *self.events[:MOST]]


class Again:
    """Gives deliveries of one database another chance."""

    def __init__(self, database: Database, deliveries: Deliveries, clock: Clock) -> None:
        self._database, self._deliveries, self._clock = database, deliveries, clock

    async def dead(self, which: DeadFilter, limit: int = MOST) -> list[Dead]:
        """What was given up, up to `limit`."""
        text, params = which.where()
        return [Dead(*row) for row in await self._database.read(_DEAD.format(which=text), *params, limit)]

    async def redrive(self, which: DeadFilter, limit: int = MOST) -> list[Dead]:
        """Try it anew, as if it had never been tried; returns what was given up until now."""
        revived = await self._change(_REDRIVE, which, limit)
        self._deliveries.told((each.subscription, each.sink) for each in revived)
        return revived

    async def drop(self, which: DeadFilter, limit: int = MOST) -> list[Dead]:
        """Be done with it; returns what was given up until now."""
        return await self._change(_DROP, which, limit)

    async def _change(self, sql: str, which: DeadFilter, limit: int) -> list[Dead]:
        text, params = which.where()
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> list[Dead]:
            found = [Dead(*row) for row in await tx.execute(_DEAD.format(which=text), *params, limit)]
            for each in found:
                await tx.execute(sql, now, each.subscription, each.sink, each.seq, each.copy)
            return found

        return await self._database.write(work)

    async def replay(self, subscription: Subscription, ids: Sequence[str]) -> int:
        """Offer these events once more on all ways of the subscription, marked as a replay; returns how many.

        Whether its filter lets them through does not matter: somebody has chosen them.
        """
        asked = tuple(dict.fromkeys(ids))[:MOST]
        now = self._clock.now().timestamp()
        places = [(subscription.id, way) for way in subscription.ways]

        async def work(tx: Tx) -> int:
            rows = await tx.execute(_NAMED.format(marks=placeholders(asked)), *asked, MOST)
            for (seq,) in rows:
                for place in places:
                    ((copy,),) = await tx.execute(_COPY, *place, seq)
                    await add(tx, place, seq, now=now, copy=max(copy, 1))
            return len(rows)

        count = await self._database.write(work) if asked else 0
        self._deliveries.told(places)
        return count

    async def received(self, since: float, until: float) -> AsyncIterator[list[str]]:
        """Ids of what was received in a time, the oldest first, at most `MOST` at once."""
        place: tuple[float, int] = (since, 0)
        while rows := await self._database.read(_SLICE, *place, until, MOST):
            yield [str(row[2]) for row in rows]
            place = (float(rows[-1][0]), int(rows[-1][1]))

    async def replay_between(self, subscription: Subscription, since: float, until: float) -> int:
        """The same for all that was received in a time; `until` is not included."""
        return sum([await self.replay(subscription, ids) async for ids in self.received(since, until)])

    async def replayed_since(self, subscription: Subscription, since: float) -> int:
        """How many events were offered to it once more since then."""
        ((count,),) = await self._database.read(_REPLAYED, subscription.id, since)
        return int(count)
