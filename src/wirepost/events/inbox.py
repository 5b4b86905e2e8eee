"""`Inbox`: a reader takes what waits for it, or waits until something does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import CallError
from wirepost.events.cursors import holder_of, new_reader
from wirepost.events.deliveries import NEVER, PULL, Delivery, topic
from wirepost.store.signals import wait

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.cursors import EventCursors
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.subscriptions import Subscription, Subscriptions
    from wirepost.store.database import Database

REPORT_EVERY_S = 10.0
"""A client that sees progress does not give up."""
FULL_S = 1.0
"""After so long it is looked again where something is due that cannot be given out yet."""
LOOK_EVERY_S = 5.0
"""The net below the signals: commands and other servers use the database too."""
ROOM = 18_000
"""Characters of events in JSON; what exceeds them stays for the next call, as a result has a budget."""

_AFTER = "SELECT seq, content IS NOT NULL FROM events WHERE seq > ? ORDER BY seq LIMIT 1"

Progress = Callable[[float, float | None, str | None], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """What a reader was given."""

    deliveries: list[Delivery]
    next_cursor: str
    has_more: bool
    """More can be had at once."""
    pending: int
    """Not acknowledged yet, these included."""
    truncated: bool
    """Events were left out or are not there any more."""
    timed_out: bool
    holder: str
    """Who has them until they are acknowledged: the caller, in this session."""


class Inbox:
    """The pull side of all subscriptions of one database."""

    def __init__(
        self,
        database: Database,
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        cursors: EventCursors,
        clock: Clock,
        *,
        ceiling_s: float,
    ) -> None:
        self._database, self._deliveries, self._subscriptions = database, deliveries, subscriptions
        self._cursors, self._clock, self._ceiling_s = cursors, clock, ceiling_s
        self._giving_back: set[asyncio.Task[None]] = set()

    async def wait(
        self,
        subscription: Subscription,
        caller: str,
        report: Progress,
        *,
        cursor: str | None = None,
        limit: int = 10,
        wait_s: float = 25,
    ) -> Batch:
        """Up to `limit` events as soon as there is one; none when `wait_s` seconds or the ceiling are over.

        With a cursor, what the same reader was given behind it comes again: it may not have arrived.
        Raises `InvalidCall` for a cursor that is not one of this subscription.
        """
        after, reader = None, new_reader()
        if cursor is not None:
            after, reader = self._cursors.resume(cursor, subscription)
        holder = holder_of(caller, reader)
        again_after = NEVER if after is None else after
        began = self._clock.monotonic()
        deadline = began + max(0.0, min(wait_s, self._ceiling_s))
        while True:
            told = self._deliveries.signals.listen(topic(PULL, subscription.id))
            due = await self._next_due(subscription, holder, again_after)
            taken: list[Delivery] = []
            if due is not None and due <= self._now:
                taken = await self._take(subscription, holder, again_after, limit)
                due = self._now + FULL_S
            if taken or self._clock.monotonic() >= deadline:
                break
            await self._pause(told, due, began, deadline, report)
        return await self._batch(subscription, holder, reader, taken, after)

    async def _pause(
        self, told: asyncio.Event, due: float | None, began: float, deadline: float, report: Progress
    ) -> None:
        """Until something is told or due, or it is time to look again or to give up."""
        until = deadline
        if due is not None:
            until = min(until, self._clock.monotonic() + max(due - self._now, 0.0))
        until = min(until, self._clock.monotonic() + LOOK_EVERY_S)
        while not told.is_set() and (left := until - self._clock.monotonic()) > 0:
            passed = self._clock.monotonic() - began
            to_report = REPORT_EVERY_S - passed % REPORT_EVERY_S
            await wait(told, self._clock, min(left, to_report))
            now = self._clock.monotonic()
            if passed + to_report <= now - began < deadline - began and not told.is_set():
                await report(now - began, deadline - began, "Waiting for events")

    async def _take(
        self, subscription: Subscription, holder: str, again_after: int, limit: int
    ) -> list[Delivery]:
        """Claim what is due and has room in one answer; when the reader has gone, all of it is given back."""
        options = subscription.options
        claim = asyncio.ensure_future(
            self._deliveries.claim(
                PULL,
                holder=holder,
                lease_s=options.ack_timeout_s,
                limit=limit,
                subscription=subscription.id,
                max_attempts=options.max_attempts,
                max_in_flight=options.max_in_flight if options.ack == "explicit" else None,
                is_final=options.ack == "on_fetch",
                again_after=again_after,
            )
        )
        try:
            taken = await asyncio.shield(claim)
        except asyncio.CancelledError:
            task = asyncio.ensure_future(self._give_back(claim, holder))
            self._giving_back.add(task)
            task.add_done_callback(self._giving_back.discard)
            raise
        fitting = _fitting(taken)
        if len(fitting) < len(taken):
            await self._deliveries.give_back(taken[len(fitting) :], holder)
        return fitting

    async def _give_back(self, claim: asyncio.Future[list[Delivery]], holder: str) -> None:
        try:
            await self._deliveries.give_back(await claim, holder)
        except CallError:
            log.warning(
                "events of a reader that has gone were not given back; they come when their time is over"
            )

    async def _batch(
        self, subscription: Subscription, holder: str, reader: str, taken: list[Delivery], after: int | None
    ) -> Batch:
        start = after if after is not None else 0 if taken else subscription.position
        end = max(start, *(each.seq for each in taken), 0)
        due = await self._next_due(subscription, holder, end)
        counts = await self._deliveries.counts(subscription.id)
        is_truncated = after is not None and await self._has_gap(after)
        left_out = await self._subscriptions.take_truncated(subscription)
        return Batch(
            taken,
            self._cursors.mint(subscription, end, reader),
            has_more=bool(taken) and due is not None and due <= self._now,
            pending=counts.pending,
            truncated=is_truncated or left_out,
            timed_out=not taken,
            holder=holder,
        )

    async def _has_gap(self, after: int) -> bool:
        """Whether what came next was forgotten: positions follow each other without holes."""
        rows = await self._database.read(_AFTER, after)
        return bool(rows) and not (rows[0][0] == after + 1 and rows[0][1])

    async def _next_due(self, subscription: Subscription, holder: str, again_after: int) -> float | None:
        return await self._deliveries.next_due(PULL, subscription.id, holder=holder, again_after=again_after)

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


def _fitting(taken: list[Delivery]) -> list[Delivery]:
    """The first ones that have room in one answer, at least one."""
    room = ROOM
    for number, each in enumerate(taken):
        room -= len(orjson.dumps(each.event.shown()).decode())
        if room < 0:
            return taken[: max(number, 1)]
    return taken
