"""`Deliverer`: brings what is due to its sinks; none waits for another, and nothing is lost if one fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

from wirepost.core.ids import new_id
from wirepost.events.deliveries import topic
from wirepost.events.subscriptions import OPERATOR
from wirepost.notifications.history import DONE
from wirepost.notifications.loops import TOO_MANY_RUNS
from wirepost.notifications.outgoing import Outgoing
from wirepost.notifications.sinks.http import BACK_OFF_S
from wirepost.notifications.sinks.sink import Gone, Refused, Sent, SinkTrouble, TryAgain
from wirepost.notifications.wake import DAY_S, Admitted, Allowance, Stopped, rate_of
from wirepost.store.signals import wait

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Deliveries, Delivery
    from wirepost.events.subscriptions import Subscription, Subscriptions
    from wirepost.notifications.history import History
    from wirepost.notifications.loops import Loops
    from wirepost.notifications.sinks.sink import Sink
    from wirepost.notifications.wake import Wakes

SPREAD = 0.2
"""Waits differ by so much, so that what failed together does not come back together."""
LONGEST_WAIT_S = DAY_S
LEASE_MARGIN_S = 30.0
"""So long after the last moment of an attempt somebody else takes the delivery for abandoned."""
LOOK_EVERY_S = 5.0
"""The net below the signals."""
AFTER_FAULT_S = 5.0

log = logging.getLogger(__name__)


class Deliverer:
    """All sinks of one process; other processes may serve the same ones."""

    def __init__(
        self,
        sinks: Mapping[str, Sink],
        deliveries: Deliveries,
        subscriptions: Subscriptions,
        *,
        wakes: Wakes,
        loops: Loops,
        history: History,
        hash_key: bytes,
        clock: Clock,
        rng: Random | None = None,
        lease_margin_s: float = LEASE_MARGIN_S,
    ) -> None:
        self.sinks = dict(sinks)
        self._deliveries, self._subscriptions = deliveries, subscriptions
        self._wakes, self._loops, self._history, self._hash_key = wakes, loops, history, hash_key
        self._clock, self._rng = clock, rng or SystemRandom()
        self._holder, self._lease_margin_s = new_id("own"), lease_margin_s

    async def run(self) -> None:
        """Serve all sinks until it is cancelled; what was being sent then is sent again after its lease."""
        async with asyncio.TaskGroup() as group:
            for sink in self.sinks.values():
                group.create_task(self._serve(sink))

    async def turn(self, name: str) -> int:
        """Deliver what is due for one sink now, and return when that is over: how many were tried."""
        sink = self.sinks[name]
        claimed = await self._claim(sink, sink.concurrency)
        await asyncio.gather(*(self._deliver(sink, each) for each in claimed))
        return len(claimed)

    async def close(self) -> None:
        """Close the sinks."""
        for sink in self.sinks.values():
            await sink.close()

    async def _serve(self, sink: Sink) -> None:
        where = topic(sink.name, "")
        under_way: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            self._deliveries.signals.tell(where)

        def begin(work: Coroutine[Any, Any, None]) -> None:
            task = asyncio.create_task(work)
            under_way.add(task)
            task.add_done_callback(ended)

        try:
            while True:
                woken = self._deliveries.signals.listen(where)
                try:
                    free = sink.concurrency - len(under_way)
                    claimed = await self._claim(sink, free) if free else []
                    for delivery in claimed:
                        begin(self._deliver(sink, delivery))
                    if len(claimed) < free or not free:
                        idle_s = await self._idle_s(sink) if free else LOOK_EVERY_S
                        await wait(woken, self._clock, idle_s)
                except Exception:
                    log.exception("%s cannot be served; next try in %g s", sink.name, AFTER_FAULT_S)
                    await self._clock.sleep(AFTER_FAULT_S)
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _claim(self, sink: Sink, limit: int) -> list[Delivery]:
        lease_s = sink.timeout_s + self._lease_margin_s
        return await self._deliveries.claim(sink.name, holder=self._holder, lease_s=lease_s, limit=limit)

    async def _idle_s(self, sink: Sink) -> float:
        due_at = await self._deliveries.next_due(sink.name)
        return LOOK_EVERY_S if due_at is None else min(LOOK_EVERY_S, max(0.0, due_at - self._now()))

    async def _deliver(self, sink: Sink, delivery: Delivery) -> None:
        """See one delivery to an end, or to the next time; what goes wrong here leaves it to its lease."""
        try:
            await self._see_through(sink, delivery)
        except Exception:
            log.exception("delivery of %s to %s could not be settled", delivery.event.id, sink.name)

    async def _see_through(self, sink: Sink, delivery: Delivery) -> None:
        subscription = await self._subscriptions.get(delivery.subscription)
        if subscription is None:
            await self._deliveries.drop(delivery, self._holder, "the subscription has ended")
            return
        # Asked again: the options may have changed since it was matched, and a replay was not matched.
        reason = self._loops.allows(subscription, sink.name, delivery.event)
        if reason is not None:
            await self._deliveries.drop(delivery, self._holder, reason)
            return
        runs = self._loops.runs(subscription.id, sink.name, delivery.event)
        admission = await self._wakes.admit(
            delivery,
            self._holder,
            _allowances(sink, subscription),
            final=runs if delivery.attempt == 1 else None,
            counts=sink.surplus == "counted",
        )
        if isinstance(admission, Admitted):
            await self._attempt(sink, delivery, subscription, admission.waiting)
        elif isinstance(admission, Stopped):
            log.warning("%s did not get %s: %s", sink.name, delivery.event.id, TOO_MANY_RUNS)
            await self._deliveries.drop(delivery, self._holder, TOO_MANY_RUNS)

    async def _attempt(
        self, sink: Sink, delivery: Delivery, subscription: Subscription, waiting: int
    ) -> None:
        at, started = self._now(), self._clock.monotonic()
        told = await self._told(sink, self._outgoing(delivery, subscription, waiting))
        took_s = self._clock.monotonic() - started
        outcome, details = (DONE, told.details) if isinstance(told, Sent) else (told.reason, told.details)
        await self._history.record(delivery, at=at, took_s=took_s, outcome=outcome, details=details)
        if isinstance(told, Sent):
            await self._deliveries.pushed(delivery)
            await self._deliveries.done(delivery, self._holder)
        else:
            await self._failed(sink, delivery, subscription, told)

    async def _told(self, sink: Sink, outgoing: Outgoing) -> Sent | SinkTrouble:
        try:
            async with asyncio.timeout(sink.timeout_s):
                return await sink.send(outgoing)
        except SinkTrouble as trouble:
            return trouble
        except TimeoutError:
            return TryAgain("timeout", is_silent=True)
        except Exception:
            log.exception("unexpected fault while %s was sent to %s", outgoing.event.id, sink.name)
            return TryAgain("internal fault")

    async def _failed(
        self, sink: Sink, delivery: Delivery, subscription: Subscription, trouble: SinkTrouble
    ) -> None:
        if isinstance(trouble, TryAgain) and delivery.attempt < _most(sink, subscription):
            wait_s = self._wait_s(delivery.attempt, trouble.after_s)
            await self._deliveries.retry(delivery, self._holder, self._now() + wait_s, trouble.reason)
            if trouble.is_silent:
                await self._wakes.hold(delivery, self._now() + BACK_OFF_S[0])
            return
        log.warning("%s was not brought to %s: %s", delivery.event.id, sink.name, trouble.reason)
        if isinstance(trouble, Refused) and trouble.is_dropped:
            await self._deliveries.drop(delivery, self._holder, trouble.reason)
            return
        await self._deliveries.dead(delivery, self._holder, trouble.reason)
        if isinstance(trouble, Gone) and subscription.owner != OPERATOR:
            await self._subscriptions.remove(subscription)

    def _wait_s(self, attempt: int, demanded_s: float | None) -> float:
        usual_s = BACK_OFF_S[min(attempt, len(BACK_OFF_S)) - 1]
        spread_s = usual_s * self._rng.uniform(1 - SPREAD, 1 + SPREAD)
        return min(max(spread_s, demanded_s or 0.0), LONGEST_WAIT_S)

    def _outgoing(self, delivery: Delivery, subscription: Subscription, waiting: int) -> Outgoing:
        return Outgoing(
            subscription.redacted(delivery.event, self._hash_key),
            subscription.id,
            subscription.name,
            attempt=delivery.attempt,
            merged=delivery.merged,
            waiting=waiting,
            copy=delivery.copy,
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _most(sink: Sink, subscription: Subscription) -> int:
    return subscription.options.max_attempts if sink.attempts is None else sink.attempts


def _allowances(sink: Sink, subscription: Subscription) -> list[Allowance]:
    per_day = sink.most_per_day()
    rate = rate_of(f"wake {subscription.id} {sink.name}", subscription.options.wake_rate)
    return [
        *([] if sink.surplus == "sent" else [rate]),
        *([] if per_day is None else [Allowance(f"day {sink.name}", per_day, DAY_S)]),
    ]
