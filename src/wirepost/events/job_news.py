"""Events about jobs: what a provider tells of one lets it be looked at now."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from wirepost.contracts.jobs import Report
from wirepost.events.log import STORED
from wirepost.events.search import Query, search
from wirepost.store.signals import Pace

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog
    from wirepost.jobs.jobs import Jobs

BATCH = 200
PAUSE_S = 0.2
"""Between two looks while much comes: nobody waits for a job by the millisecond."""
LOOK_EVERY_S = 5.0
"""The net below the signals."""
AFTER_FAULT_S = 5.0
REPORTS = 200
"""The newest events that a job is told of."""

log = logging.getLogger(__name__)


class JobNews:
    """Hastens jobs; that an event is passed over does no harm, as they are looked at anyway."""

    def __init__(self, events: EventLog, jobs: Jobs, clock: Clock) -> None:
        self._events, self._jobs, self._clock = events, jobs, clock

    async def run(self) -> None:
        """Hasten jobs of which events tell, from now on; ends when it is cancelled."""
        pace = Pace(self._clock, shortest_s=PAUSE_S, longest_s=LOOK_EVERY_S)
        position = await self._events.newest()
        while True:
            stored = self._events.signals.listen(STORED)
            try:
                position = await self.step(position)
            except Exception:
                log.exception("events about jobs could not be read; next try in %g s", AFTER_FAULT_S)
                await self._clock.sleep(AFTER_FAULT_S)
            await pace.next(stored)

    async def step(self, position: int) -> int:
        """Read what came after a position; returns the next one. Without open jobs no event is read."""
        followed = await self._jobs.followed()
        if not followed:
            return await self._events.newest()
        while batch := await self._events.after(position, BATCH):
            named = {(event.source, event.object_id) for event in batch if event.object_id}
            for source, name in sorted(named & followed):
                await self._jobs.hasten(source, name)
            position = batch[-1].seq
        return position


async def reports(events: EventLog, connection: str, subject: str) -> Sequence[Report]:
    """What was received about a subject from a connection, oldest first."""
    object_id = subject.partition("/")[2]
    found = await search(events.database, Query(sources=[connection], object_id=object_id, limit=REPORTS))
    return [_report(event) for event in reversed(found.events) if event.subject == subject]


def _report(event: Event) -> Report:
    at = event.received_at if event.time is None else event.time
    return Report(
        type=event.type,
        time=datetime.fromtimestamp(at, UTC),
        data=event.data,
        actor=event.actor,
        is_verified=event.verified != "none",
    )
