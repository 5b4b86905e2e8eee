"""`Loops`: what would let programs wake each other without end is stopped before a model is started."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wirepost.notifications.wake import Allowance

if TYPE_CHECKING:
    from collections.abc import Collection

    from wirepost.events.event import Event
    from wirepost.events.subscriptions import Subscription
    from wirepost.settings import EventSettings

RUNS_PERIOD_S = 600.0
TOO_MANY_RUNS = "too many runs about one subject"

log = logging.getLogger(__name__)


class Loops:
    """Breaks chains of events that our own calls have caused."""

    def __init__(self, settings: EventSettings, starting: Collection[str]) -> None:
        """`starting` are the names of the sinks that may start a model."""
        self._settings, self._starting = settings, frozenset(starting)

    def allows(self, subscription: Subscription, sink: str, event: Event) -> str | None:
        """Why an event must not be brought there; `None` where it may. Asked before a delivery is stored."""
        if sink not in self._starting:
            return None
        if event.is_self and subscription.filter.exclude_self:
            return "caused by a call of this server"
        if event.hops > self._settings.max_hops:
            log.warning(
                "a chain of %d events was stopped before %s: %s about %s",
                event.hops,
                sink,
                event.id,
                event.subject,
            )
            return f"the last of a chain of {event.hops} events"
        return None

    def runs(self, subscription: str, sink: str, event: Event) -> Allowance | None:
        """How many runs may be started there about the event's subject; `None` where none is started.

        Each way of each subscription has its own: an event that reaches many is no chain.
        """
        if sink not in self._starting or event.subject is None:
            return None
        name = f"runs {subscription} {sink} {event.source} {event.subject}"
        return Allowance(name, self._settings.max_runs, RUNS_PERIOD_S, TOO_MANY_RUNS)
