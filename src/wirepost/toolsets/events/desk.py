"""What the tools about events look at, for one caller."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wirepost.calls.caller import Caller
from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.events.filters import Filter
from wirepost.events.subscriptions import Subscription
from wirepost.settings.events import SubscriptionSettings
from wirepost.tools.scopes import ADMIN

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.acknowledge import Acknowledgements
    from wirepost.events.again import Again
    from wirepost.events.cursors import EventCursors
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.inbox import Batch, Inbox, Progress
    from wirepost.events.log import EventLog
    from wirepost.events.raw import RawRequests
    from wirepost.events.standing import Standing
    from wirepost.events.subscriptions import Subscriptions
    from wirepost.notifications.hub import Hub

DEFAULT = "default"
"""The subscription of a caller that names none, with an ending for what it narrows."""
LIFETIME_S = 7 * 86_400.0
"""So long a default subscription lives after it was used last."""


@dataclass(frozen=True, eq=False)
class EventDesk:
    """Events, as far as one caller may see them."""

    caller: Caller
    log: EventLog
    raw: RawRequests
    subscriptions: Subscriptions
    deliveries: Deliveries
    inbox: Inbox
    standing: Standing
    acknowledgements: Acknowledgements
    again: Again
    cursors: EventCursors
    clock: Clock
    sinks: Collection[str] = ()
    """Names of those of the configuration."""
    key: bytes = field(default=b"", repr=False)
    """For lasting hashes of personal data."""

    def require(self, scope: str) -> None:
        """Refuse callers without a scope (`NotConnected`)."""
        scopes = self.caller.scopes
        if scopes is not None and scope not in scopes and ADMIN not in scopes:
            raise NotConnected(
                "missing_scope",
                f"This needs the scope {scope}",
                hint="Ask an operator for a token with it",
                detail={"needed": [scope], "granted": sorted(scopes)},
            )

    async def wait(
        self, subscription: Subscription, report: Progress, *, cursor: str | None, limit: int, wait_s: float
    ) -> Batch:
        """What comes for the caller while its token holds; raises `NotConnected` where it ended meanwhile."""
        batch = await self.inbox.wait(
            subscription, self.caller.id, report, cursor=cursor, limit=limit, wait_s=wait_s
        )
        if batch.deliveries and not await self.standing.is_current(self.caller):
            await self.deliveries.give_back(batch.deliveries, batch.holder)
            raise NotConnected(
                "missing_scope",
                "Your token was withdrawn, or is over, while you waited",
                hint="Ask an operator for a new one; what came is kept",
            )
        return batch

    async def subscription(self, name: str | None) -> Subscription:
        """The caller's subscription of that name, or its default one; raises `InvalidCall`."""
        if name is None:
            return (await self.default(Filter()))[0]
        found = await self.subscriptions.find(self.caller, name)
        if found is None:
            known = [each.name for each in await self.subscriptions.of(self.caller)]
            raise InvalidCall(
                "invalid_arguments",
                f"There is no subscription {name[:60]!r}",
                hint="event_subscribe makes one",
                fields=[{"path": "subscription", "problem": "is unknown", "allowed": known}],
            )
        return found

    async def given(self, name: str | None) -> list[Subscription]:
        """That subscription; without a name all default ones of the caller, as an event may be of any."""
        if name is not None:
            return [await self.subscription(name)]
        mine = await self.subscriptions.of(self.caller)
        defaults = [each for each in mine if each.owner == self.caller.id and each.name.startswith(DEFAULT)]
        return defaults or [(await self.default(Filter()))[0]]

    async def default(self, wanted: Filter) -> tuple[Subscription, bool]:
        """What a caller that names no subscription waits for, and whether it begins only now."""
        name = DEFAULT if wanted == Filter() else f"{DEFAULT} {_words(wanted)}"
        now = self.clock.now().timestamp()
        found = await self.subscriptions.find(self.caller, name)
        begins = found is None or found.owner != self.caller.id
        if found is None or begins or found.filter != wanted:
            made = await self.subscriptions.put(
                self.caller.id, name, wanted, SubscriptionSettings(), expires_at=now + LIFETIME_S
            )
            return made, begins
        if found.expires_at is not None and found.expires_at < now + LIFETIME_S / 2:
            await self.subscriptions.extend(found, now + LIFETIME_S)
        return found, False


def event_desk(hub: Hub, caller: Caller, sinks: Collection[str]) -> EventDesk:
    """The desk of one caller; `sinks` are the names of those of the configuration."""
    return EventDesk(
        caller=caller,
        log=hub.events,
        raw=hub.raw,
        subscriptions=hub.subscriptions,
        deliveries=hub.deliveries,
        inbox=hub.inbox,
        standing=hub.standing,
        acknowledgements=hub.acknowledgements,
        again=hub.again,
        cursors=hub.cursors,
        clock=hub.clock,
        sinks=sinks,
        key=hub.hash_key,
    )


def _words(wanted: Filter) -> str:
    named = [*wanted.sources, *wanted.types, *([wanted.object_id] if wanted.object_id else [])]
    return " ".join(named)[:200]
