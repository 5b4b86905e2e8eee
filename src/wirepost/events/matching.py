"""`Matcher`: from the log to the subscriptions: which events each is to be told of, and on which ways."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from wirepost.events import deliveries as rows
from wirepost.events.coalesce import add_merged, group_of
from wirepost.events.event import OWN_SOURCE
from wirepost.events.filters import facts_of
from wirepost.events.log import STORED
from wirepost.events.subscriptions import COLUMNS, Subscription, read, stored_filter
from wirepost.store.signals import wait
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.expressions import Facts
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog
    from wirepost.store.database import Database, Tx

BATCH = 200
"""Events that are matched in one go."""
LOOK_EVERY_S = 1.0
"""The net below the signals."""
AFTER_FAULT_S = 5.0
_TURN_S = 0.005
"""After so long others get their turn."""
_MOST = 5000

_TOP = "SELECT coalesce(max(seq), 0) FROM events WHERE seq >= 0"
_BEHIND = (
    f"SELECT ({_TOP}), {COLUMNS} FROM subscriptions WHERE position < ({_TOP}) "  # noqa: S608 - our own words
    "AND (expires_at IS NULL OR expires_at > ?) ORDER BY position, id LIMIT ?"
)
_MOVE = "UPDATE subscriptions SET position = ? WHERE position = ? AND id IN ({marks}) RETURNING id"
_FOUND = "UPDATE subscriptions SET filter = ? WHERE id = ? AND filter = ?"
_THRESHOLD = (
    "SELECT seq FROM deliveries WHERE subscription = ? AND sink = ? AND state IN ('pending', 'offered') "
    "ORDER BY seq DESC LIMIT 1 OFFSET ?"
)
_DROP = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ?, reason = 'too many were waiting', holder = NULL "
    "WHERE subscription = ? AND sink = ? AND state IN ('pending', 'offered') AND seq <= ? RETURNING seq"
)

Allows = Callable[[Subscription, str, "Event"], str | None]
"""Why an event must not go this way (loops), or `None`."""

log = logging.getLogger(__name__)


@dataclass
class _Told:
    """What one subscription is to be told of a batch."""

    subscription: Subscription
    events: list[Event] = field(default_factory=list)
    environment: str | None = None
    """Found in this batch, where none was asked for."""
    wanted: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    """By way; so is what was left out, with the reason."""
    left_out: dict[str, list[tuple[Event, str]]] = field(default_factory=lambda: defaultdict(list))


class Matcher:
    """Moves subscriptions along the log; any number of processes may do so at the same time.

    A subscription moves in the transaction that stores its deliveries, so neither is there without the other,
    and whoever comes second changes nothing.
    """

    def __init__(
        self,
        events: EventLog,
        deliveries: Deliveries,
        clock: Clock,
        *,
        max_waiting: int,
        allows: Allows = lambda *_: None,
    ) -> None:
        self._log, self._deliveries, self._clock = events, deliveries, clock
        self._max_waiting, self._allows = max_waiting, allows

    async def run(self) -> None:
        """Match what is stored, as soon as it is; ends when it is cancelled."""
        while True:
            stored = self._log.signals.listen(STORED)
            try:
                while await self.step():
                    pass
            except Exception:
                log.exception("events could not be matched; next try in %g s", AFTER_FAULT_S)
                await self._clock.sleep(AFTER_FAULT_S)
                continue
            await wait(stored, self._clock, LOOK_EVERY_S)

    async def step(self) -> int:
        """One batch for each that is behind; returns how many were."""
        # Events are bounded by the look at the subscriptions: each is matched by a filter as young as itself.
        found = await self._database.read(_BEHIND, self._clock.now().timestamp(), _MOST)
        for start, group in groupby((read(row[1:]) for row in found), lambda each: each.position):
            await self._step_together(start, found[0][0], list(group))
        return len(found)

    async def _step_together(self, start: int, top: int, together: Sequence[Subscription]) -> None:
        batch = [event for event in await self._log.after(start, BATCH) if event.seq <= top]
        end = batch[-1].seq if len(batch) == BATCH else top
        told = await self._match(together, batch)
        await self._store(start, end, together, told)

    @property
    def _database(self) -> Database:
        return self._log.database

    async def _match(self, together: Sequence[Subscription], batch: Sequence[Event]) -> list[_Told]:
        told = [_Told(each, environment=each.environment) for each in together]
        turn_ends = self._clock.monotonic() + _TURN_S
        for event in batch:
            facts: Facts | None = None
            for each in told:
                if each.subscription.filter.where is not None:
                    facts = facts or facts_of(event)
                if _is_wanted(each, event, facts):
                    each.events.append(event)
            if self._clock.monotonic() > turn_ends:
                await self._clock.sleep(0)
                turn_ends = self._clock.monotonic() + _TURN_S
        concerned = [each for each in told if each.events]
        for each in concerned:
            self._choose_ways(each)
        return concerned

    def _choose_ways(self, told: _Told) -> None:
        for way in told.subscription.ways:
            for event in told.events:
                reason = self._allows(told.subscription, way, event)
                if reason is None:
                    told.wanted[way].append(event)
                else:
                    told.left_out[way].append((event, reason))

    async def _store(
        self, start: int, end: int, together: Sequence[Subscription], told: Sequence[_Told]
    ) -> None:
        now = self._clock.now().timestamp()
        places: set[tuple[str, str]] = set()
        sql = _MOVE.format(marks=placeholders(together))

        async def work(tx: Tx) -> None:
            places.clear()
            moved = {row[0] for row in await tx.execute(sql, end, start, *(each.id for each in together))}
            for each in told:
                if each.subscription.id in moved:
                    places.update(await self._add(tx, each, now))

        # What a loss of power takes, it takes with the position: it is matched again.
        await self._database.write(work, is_relaxed=True)
        self._deliveries.told(places)

    async def _add(self, tx: Tx, told: _Told, now: float) -> set[tuple[str, str]]:
        subscription, coalesce = told.subscription, told.subscription.options.coalesce
        if told.environment != subscription.environment:
            before = stored_filter(subscription.filter, subscription.environment)
            after = stored_filter(subscription.filter, told.environment)
            await tx.execute(_FOUND, after, subscription.id, before)
        for way in subscription.ways:
            place = (subscription.id, way)
            for event, reason in told.left_out[way]:
                await rows.add(tx, place, event.seq, now=now, left_out=reason)
            if coalesce is None:
                await rows.add_all(tx, place, told.wanted[way], now)
            else:
                for event in told.wanted[way]:
                    group = group_of(event, coalesce)
                    await add_merged(tx, place, event, group, now=now, window_s=coalesce.window_s)
            await self._bound(tx, place, now)
        return {(subscription.id, way) for way in subscription.ways}

    async def _bound(self, tx: Tx, place: tuple[str, str], now: float) -> None:
        """The oldest are left out where more wait than may."""
        beyond = await tx.execute(_THRESHOLD, *place, self._max_waiting)
        if not beyond:
            return
        dropped = await tx.execute(_DROP, now, *place, beyond[0][0])
        await tx.execute("UPDATE subscriptions SET truncated = 1 WHERE id = ?", place[0])
        log.warning("%d events were left out for subscription %s: too many wait for %s", len(dropped), *place)


def _is_wanted(told: _Told, event: Event, facts: Facts | None) -> bool:
    """Whether it is; where no environment was asked for, the first one that comes is the one."""
    subscription = told.subscription
    if not subscription.filter.matches(event, facts):
        return False
    if subscription.filter.environments or event.source == OWN_SOURCE:
        return True
    told.environment = told.environment or event.environment
    return told.environment == event.environment
