"""`ChannelDesk`: what the program `wirepost channel` pushes into a running session, few lines at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST, RequestParams
from pydantic import Field

from wirepost.core.text import clean_line, without_tags
from wirepost.events.deliveries import HINT, topic
from wirepost.notifications.wake import rate_of
from wirepost.server.identity import caller_of
from wirepost.store.signals import wait

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from wirepost.calls.caller import Caller
    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Deliveries, Delivery
    from wirepost.events.event import Event
    from wirepost.events.subscriptions import Subscription, Subscriptions

    Context = ServerRequestContext[Any, Any]
    Allows = Callable[[Subscription, str, Event], str | None]
    """Why an event must start no model, or `None`."""
    Note = Callable[[str, Sequence[Event]], Awaitable[None]]

METHOD = "wirepost/channel"
EVERY_S = 10.0
"""What is pushed more often, the client joins into one turn."""
PUSHES = 2
"""So often an event is pushed; after that it waits to be read."""
SHOWN = "pushed, and waits to be read"
AT_ONCE = 50
"""Events that one push can stand for."""
LONGEST_WAIT_S = 40.0
LOOK_EVERY_S = 5.0
MAX_CONTENT = 400
_NO_IDENTIFIER = re.compile(r"\W", re.ASCII)


class ChannelParams(RequestParams):
    """Of one request for something to push."""

    holder: Annotated[str, Field(min_length=1, max_length=100)]
    """Names the session, so that two of one person do not get the same event at the same time."""
    is_first: bool = False
    wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0.0


class ChannelDesk:
    """Serves sessions on this machine; `allows` keeps loops out, `note` is told what a caller gets."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        clock: Clock,
        *,
        allows: Allows,
        note: Note,
    ) -> None:
        self._subscriptions, self._deliveries, self._clock = subscriptions, deliveries, clock
        self._allows, self._note = allows, note
        self._free_at: dict[str, float] = {}
        """Subscription, or '' for all → when the next push may come, on the steady clock."""

    def install(self, server: Server[Any]) -> None:
        """Serve the method, which is none of the protocol and for the program of this package only."""
        server.add_request_handler(METHOD, ChannelParams, self.next)

    async def next(self, ctx: Context, params: ChannelParams) -> dict[str, Any]:
        """What is to be pushed, as soon as there is something: `content` and `meta`; else nothing."""
        caller = caller_of(ctx)
        if ctx.request is not None:
            raise MCPError(INVALID_REQUEST, "Channels are for sessions on this machine")
        if params.is_first:
            return await self._backlog(caller, params.holder)
        deadline = self._clock.monotonic() + params.wait_s
        while True:
            told = self._deliveries.signals.listen(topic(HINT, ""))
            push = await self._push(caller, params.holder)
            left = deadline - self._clock.monotonic()
            if push or left <= 0:
                return push
            await wait(told, self._clock, min(left, await self._pause_s(caller, params.holder)))

    async def _backlog(self, caller: Caller, holder: str) -> dict[str, Any]:
        """At the start: how much waits, and none of it one by one."""
        waiting: dict[str, int] = {}
        for each in await self._mine(caller):
            while await self._claim(each, holder):
                pass
            pending = (await self._deliveries.counts(each.id)).pending
            if pending:
                waiting[each.name] = pending
        if not waiting:
            return {}
        self._pushed(holder, None)
        lines = "; ".join(f"{number} in {name}" for name, number in sorted(waiting.items()))
        content = f"Events are waiting: {lines}. Read them with event_wait."
        return {"content": content[:MAX_CONTENT], "meta": meta(pending=sum(waiting.values()))}

    async def _push(self, caller: Caller, holder: str) -> dict[str, Any]:
        now = self._clock.monotonic()
        for each in await self._mine(caller):
            if max(self._free_at.get(key, 0.0) for key in (holder, each.id)) > now:
                continue
            taken = await self._claim(each, holder)
            if taken:
                self._pushed(holder, each)
                # Only the lines of ours are shown, so nobody is tainted by words of outsiders yet.
                await self._note(caller.id, [replace(one.event, untrusted=[]) for one in taken])
                return await self._told(each, taken)
        return {}

    async def _told(self, subscription: Subscription, taken: list[Delivery]) -> dict[str, Any]:
        first = taken[0]
        more = sum(each.merged + 1 for each in taken) - 1
        pending = (await self._deliveries.counts(subscription.id)).pending
        line = f"{first.event.type}: {first.event.summary}"
        told = f"{line}; {more} more pending" if more else line
        return {
            "content": without_tags(clean_line(told, MAX_CONTENT)),
            "meta": meta(
                event_id=first.event.id,
                type=first.event.type,
                subscription=subscription.name,
                pending=pending,
                attempt=first.attempt,
            ),
        }

    async def _claim(self, subscription: Subscription, holder: str) -> list[Delivery]:
        """What is due, now pushed; after the last push an event waits to be read, which is no failure."""
        lease_s = subscription.options.ack_timeout_s
        claimed = await self._deliveries.claim(
            HINT, holder=holder, lease_s=lease_s, limit=AT_ONCE, subscription=subscription.id
        )
        reasons = {each.key: self._allows(subscription, HINT, each.event) for each in claimed}
        kept = [each for each in claimed if reasons[each.key] is None]
        await asyncio.gather(*(self._deliveries.pushed(each) for each in kept))
        over = [each for each in claimed if reasons[each.key] or each.attempt >= PUSHES]
        await asyncio.gather(
            *(self._deliveries.drop(each, holder, reasons[each.key] or SHOWN) for each in over)
        )
        return kept

    async def _mine(self, caller: Caller) -> list[Subscription]:
        return [each for each in await self._subscriptions.of(caller) if HINT in each.ways]

    def _pushed(self, holder: str, subscription: Subscription | None) -> None:
        now = self._clock.monotonic()
        self._free_at = {key: at for key, at in self._free_at.items() if at > now}
        self._free_at[holder] = now + EVERY_S
        if subscription:
            self._free_at[subscription.id] = now + interval_s(subscription.options.wake_rate)

    async def _pause_s(self, caller: Caller, holder: str) -> float:
        """Until the next push may be due; never so long that another server's events are found late."""
        wall, now = self._clock.now().timestamp(), self._clock.monotonic()
        pauses = [LOOK_EVERY_S]
        for each in await self._mine(caller):
            due_at = await self._deliveries.next_due(HINT, each.id)
            if due_at is not None:
                free_at = max(self._free_at.get(key, 0.0) for key in (holder, each.id))
                pauses.append(max(due_at - wall, free_at - now))
        return max(min(pauses), 0.05)


def meta(**values: str | int) -> dict[str, str]:
    """Texts under names that are identifiers: the client leaves out all others."""
    return {
        _NO_IDENTIFIER.sub("_", name): without_tags(clean_line(str(value), MAX_CONTENT))
        for name, value in values.items()
    }


def interval_s(rate: str) -> float:
    """Seconds between two pushes at a rate such as `6/min`."""
    allowed = rate_of("", rate)
    return allowed.period_s / allowed.most
