"""`Deliveries`: events on their way, each given to one at a time until it is said to have arrived."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.events.event import COLUMNS, Event, read
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Row, Tx, Value
    from wirepost.store.signals import Signals

PULL = "pull"
"""The way on which a reader comes and takes."""
HINT = "channel"
"""A way that only says what can be taken, and ends with it."""
NEVER = (1 << 63) - 1
"""After this event nothing comes."""
COUNTED = 10_000
"""More are not counted, as nobody needs the exact number."""

_END = (
    "UPDATE deliveries SET state = ?, ended_at = ?, reason = ?, holder = NULL WHERE subscription = ? "
    "AND sink = ? AND seq = ? AND copy = ? AND state = 'offered' AND holder = ? AND attempt = ? RETURNING seq"
)
_RETRY = (
    "UPDATE deliveries SET state = 'pending', due_at = ?, reason = ?, holder = NULL WHERE subscription = ? "
    "AND sink = ? AND seq = ? AND copy = ? AND state = 'offered' AND holder = ? AND attempt = ? RETURNING seq"
)
_GIVE_BACK = (
    "UPDATE deliveries SET state = 'pending', due_at = ?, attempt = attempt - 1, holder = NULL, "
    "ended_at = NULL WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ? "
    "AND state IN ('offered', 'done') AND holder = ? AND attempt = ?"
)
_BURY = (
    "UPDATE deliveries SET state = 'dead', ended_at = ?, holder = NULL, "
    "reason = coalesce(reason, 'not acknowledged') WHERE (subscription, sink, seq, copy) IN "
    "(SELECT subscription, sink, seq, copy FROM deliveries WHERE subscription = ? AND sink = ? "
    "AND state IN ('pending', 'offered') AND due_at <= ? AND attempt >= ? ORDER BY seq LIMIT ?)"
)
_IN_FLIGHT = (
    "SELECT count(*) FROM deliveries WHERE subscription = ? AND sink = ? "
    "AND state IN ('pending', 'offered') AND state = 'offered' AND due_at > ? "
    "AND NOT (holder = ? AND seq > ?)"
)
_CLAIM = (
    "UPDATE deliveries SET state = ?, holder = ?, due_at = ?, ended_at = ?, "
    "attempt = attempt + CASE WHEN state = 'offered' AND due_at > ? THEN 0 ELSE 1 END, "
    "fetched_at = CASE WHEN sink = 'pull' THEN ? ELSE fetched_at END "
    "WHERE (subscription, sink, seq, copy) IN (SELECT subscription, sink, seq, copy FROM deliveries "
    "WHERE {place} AND state IN ('pending', 'offered') AND {due} ORDER BY {order} LIMIT ?) "
    "RETURNING subscription, sink, seq, copy, attempt, merged, created_at"
)
_DUE_OR_MINE = "(due_at <= ? OR (state = 'offered' AND holder = ? AND seq > ?))"
_CLAIM_OF_ONE = _CLAIM.format(place="subscription = ? AND sink = ?", due=_DUE_OR_MINE, order="seq, copy")
_CLAIM_OF_ALL = _CLAIM.format(place="sink = ?", due="due_at <= ?", order="due_at")
_NEXT = "SELECT min({due}) FROM deliveries WHERE {place} AND state IN ('pending', 'offered') LIMIT 1"
_NEXT_OF_ONE = _NEXT.format(
    due="CASE WHEN state = 'offered' AND holder = ? AND seq > ? THEN 0.0 ELSE due_at END",
    place="subscription = ? AND sink = ?",
)
_NEXT_OF_ALL = _NEXT.format(due="due_at", place="sink = ?")
_FORGOTTEN = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ?, reason = 'forgotten', holder = NULL "
    "WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ?"
)
_COUNT = "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE subscription = ? AND {which} LIMIT ?) AS part"
_ADD = (
    "INSERT INTO deliveries (subscription, sink, seq, copy, state, attempt, due_at, group_key, merged, "
    "created_at, ended_at, reason) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_ADD_ALL = (
    "INSERT INTO deliveries (subscription, sink, seq, copy, state, attempt, due_at, merged, created_at) "
    "VALUES {values} ON CONFLICT DO NOTHING"
)
_VALUES = "(?, ?, ?, 0, 'pending', 0, ?, 0, ?)"
_ADDED = 50
_PUSHED = "UPDATE deliveries SET pushed_at = ? WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ?"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event that was given to somebody, for a while."""

    subscription: str
    sink: str
    seq: int
    copy: int
    """0, or the number of the replay."""
    attempt: int
    merged: int
    """How many events stand behind this one."""
    event: Event
    created_at: float

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What tells it from others."""
        return self.subscription, self.sink, self.seq, self.copy


@dataclass(frozen=True, slots=True)
class Counts:
    """How a subscription stands; counted up to `COUNTED`."""

    pending: int
    """Not acknowledged yet, whether or not they were read."""
    in_flight: int
    """Of these, read and not acknowledged within the time for it."""
    dead: int
    """Given up, on all ways."""


class Deliveries:
    """The deliveries of one database."""

    def __init__(self, database: Database, signals: Signals, clock: Clock) -> None:
        self._database, self.signals, self._clock = database, signals, clock

    async def claim(
        self,
        sink: str,
        *,
        holder: str,
        lease_s: float,
        limit: int,
        subscription: str | None = None,
        max_attempts: int | None = None,
        max_in_flight: int | None = None,
        is_final: bool = False,
        again_after: int = NEVER,
    ) -> list[Delivery]:
        """Take up to `limit` deliveries that are due; nobody else gets them for `lease_s` seconds.

        Of one subscription they come in its order. There, what was not acknowledged in `max_attempts` times
        is put aside as dead, not more than `max_in_flight` are out at once, and what the same holder was
        given after the event `again_after` comes again, as the same attempt. A final claim ends them.
        """
        now = self._now
        end: tuple[Value, ...] = ("offered", holder, now + lease_s, None, now, now)
        if is_final:
            end = ("done", holder, now, now, now, now)

        async def of_all(tx: Tx) -> list[Delivery]:
            return await _with_events(tx, await tx.execute(_CLAIM_OF_ALL, *end, sink, now, limit), now)

        async def of_one(tx: Tx) -> list[Delivery]:
            place, mine = (subscription, sink), (holder, again_after)
            if max_attempts is not None:
                await tx.execute(_BURY, now, *place, now, max_attempts, COUNTED)
            room = limit
            if max_in_flight is not None:
                rows = await tx.execute(_IN_FLIGHT, *place, now, *mine)
                room = min(limit, max_in_flight - rows[0][0])
            if room <= 0:
                return []
            return await _with_events(
                tx, await tx.execute(_CLAIM_OF_ONE, *end, *place, now, *mine, room), now
            )

        return await self._database.write(of_all if subscription is None else of_one)

    async def next_due(
        self,
        sink: str,
        subscription: str | None = None,
        *,
        holder: str = "",
        again_after: int = NEVER,
    ) -> float | None:
        """When the next delivery can be claimed, in seconds since 1970; `None` where none waits.

        Of one subscription, what the same holder would be given again counts as due since ever.
        """
        if subscription is None:
            rows = await self._database.read(_NEXT_OF_ALL, sink)
        else:
            rows = await self._database.read(_NEXT_OF_ONE, holder, again_after, subscription, sink)
        due: float | None = rows[0][0]
        return due

    async def done(self, delivery: Delivery, holder: str) -> bool:
        """It has arrived; false where somebody else has it by now, which changes nothing."""
        return await self._end(delivery, holder, "done", None)

    async def dead(self, delivery: Delivery, holder: str, reason: str) -> bool:
        """Give it up, so that a person can look at it; false where somebody else has it by now."""
        return await self._end(delivery, holder, "dead", reason)

    async def drop(self, delivery: Delivery, holder: str, reason: str) -> bool:
        """Leave it out for good; false where somebody else has it by now."""
        return await self._end(delivery, holder, "dropped", reason)

    async def retry(self, delivery: Delivery, holder: str, at: float, reason: str) -> bool:
        """Let it be claimed again from `at` on; false where somebody else has it by now."""
        mine = (*delivery.key, holder, delivery.attempt)
        return bool(await self._database.write(lambda tx: tx.execute(_RETRY, at, reason, *mine)))

    async def give_back(self, deliveries: Sequence[Delivery], holder: str) -> None:
        """As if they had not been claimed: for what was claimed and could not be handed on."""

        async def work(tx: Tx) -> None:
            for each in deliveries:
                await tx.execute(_GIVE_BACK, self._now, *each.key, holder, each.attempt)

        await self._database.write(work)
        self.told((each.subscription, each.sink) for each in deliveries)

    async def pushed(self, delivery: Delivery) -> None:
        """Note that it was pushed, which does not say that it has arrived."""
        now = self._now
        await self._database.write(lambda tx: tx.execute(_PUSHED, now, *delivery.key))

    async def counts(self, subscription: str) -> Counts:
        """How a subscription stands."""
        waiting = await self._count(subscription, "sink = 'pull' AND state IN ('pending', 'offered')")
        in_flight = await self._database.read(_IN_FLIGHT, subscription, PULL, self._now, "", NEVER)
        return Counts(waiting, in_flight[0][0], await self._count(subscription, "state = 'dead'"))

    def told(self, places: Iterable[tuple[str, str]]) -> None:
        """Wake those who wait for deliveries of (subscription, sink)."""
        for each in {topic(sink, subscription) for subscription, sink in places}:
            self.signals.tell(each)

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _end(self, delivery: Delivery, holder: str, state: str, reason: str | None) -> bool:
        mine = (*delivery.key, holder, delivery.attempt)
        now = self._now
        return bool(await self._database.write(lambda tx: tx.execute(_END, state, now, reason, *mine)))

    async def _count(self, subscription: str, which: str) -> int:
        rows = await self._database.read(_COUNT.format(which=which), subscription, COUNTED)
        return int(rows[0][0])


def topic(sink: str, subscription: str) -> str:
    """What is told when a delivery can be claimed: readers wait for one subscription, sinks for all."""
    return f"inbox/{subscription}" if sink == PULL else f"sink/{sink}"


async def add(
    tx: Tx,
    place: tuple[str, str],
    seq: int,
    *,
    now: float,
    due_at: float | None = None,
    copy: int = 0,
    group_key: str | None = None,
    merged: int = 0,
    left_out: str | None = None,
) -> None:
    """Have an event delivered to (subscription, sink) from `due_at` on, once in each copy.

    `left_out` says why it is not, so that it can be found out later.
    """
    due, state = now if due_at is None else due_at, "pending" if left_out is None else "dropped"
    ended_at = None if left_out is None else now
    await tx.execute(_ADD, *place, seq, copy, state, due, group_key, merged, now, ended_at, left_out)


async def add_all(tx: Tx, place: tuple[str, str], events: Sequence[Event], now: float) -> None:
    """Have events delivered to (subscription, sink) now, with few statements."""
    for start in range(0, len(events), _ADDED):
        some = events[start : start + _ADDED]
        values = ", ".join([_VALUES] * len(some))
        params = [each for event in some for each in (*place, event.seq, now, now)]
        await tx.execute(_ADD_ALL.format(values=values), *params)


async def _with_events(tx: Tx, rows: list[Row], now: float) -> list[Delivery]:
    """The claimed deliveries in order; those whose event was forgotten meanwhile end."""
    sql = f"SELECT {COLUMNS} FROM events WHERE seq IN ({placeholders(rows)}) AND content IS NOT NULL"  # noqa: S608 - our own words
    found = await tx.execute(sql, *(row[2] for row in rows)) if rows else []
    events = {row[0]: read(row) for row in found}
    deliveries: list[Delivery] = []
    for row in sorted(rows, key=lambda row: (row[2], row[3])):
        subscription, sink, seq, copy, attempt, merged, created_at = row
        event = events.get(seq)
        if event is None:
            await tx.execute(_FORGOTTEN, now, subscription, sink, seq, copy)
            continue
        deliveries.append(Delivery(subscription, sink, seq, copy, attempt, merged, event, created_at))
    return deliveries
