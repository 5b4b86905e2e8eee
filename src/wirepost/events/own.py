"""`OwnEvents`: what happens here and concerns agents, as events of the source `wirepost`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirepost.core.ids import new_id
from wirepost.events.event import OWN_SOURCE, Event
from wirepost.events.log import Arrival, NewEvent

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.log import EventLog

OWN_TYPES = {
    "connection.needs_reauth": "An account has to be connected again by a person",
    "source.silent": "A source that is usually busy has sent nothing for unusually long",
    "backfill.found": "Events were fetched whose webhook had not arrived",
    "approval.requested": "A call waits for the approval of a person",
    "approval.decided": "A person has approved or denied a call",
}
"""Type → what it says."""


class OwnEvents:
    """Stores events about this server and its connections."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log, self._clock = log, clock

    async def record(
        self, kind: str, subject: str, summary: str, *, key: str, environment: str, data: dict[str, Any]
    ) -> bool:
        """Store one, unless one with the same type and `key` is there; false where it is.

        Raises `Unavailable`.
        """
        now = self._clock.now().timestamp()
        event = Event(
            id=new_id("evt"),
            source=OWN_SOURCE,
            type=kind,
            environment=environment,
            received_at=now,
            summary=summary,
            provider_type=kind,
            subject=subject,
            time=now,
            verified="self",
            actor={"kind": "automation", "id": OWN_SOURCE},
            data=data,
        )
        new = NewEvent(event, f"{kind}:{key}", None, {"scheme": "own"})
        recorded = await self._log.record(Arrival(OWN_SOURCE, "", now, [new]))
        return recorded[0].is_new
