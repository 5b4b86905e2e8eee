"""`Views`: open views of a subscription are told that it has changed, and of many changes at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    UnsubscribeRequestParams,
)

from wirepost.core.errors import CallError
from wirepost.events.log import STORED
from wirepost.server.identity import caller_of
from wirepost.store.signals import Pace

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server
    from mcp.server.session import ServerSession
    from mcp.server.subscriptions import ServerEvent
    from mcp_types import SubscriptionsListenResult

    from wirepost.calls.caller import Caller
    from wirepost.core.clock import Clock
    from wirepost.events.log import EventLog
    from wirepost.events.subscriptions import Subscription, Subscriptions

    Context = ServerRequestContext[Any, Any]
    Find = Callable[[Caller, str], Awaitable[Subscription | None]]
    """Caller and address → the subscription that it means to this caller."""

PAUSE_S = 0.02
"""Between two updates while much comes: who looks sees it at once, and is not told of each event."""
LOOK_EVERY_S = 5.0
SEND_WITHIN_S = 2.0
BATCH = 200

log = logging.getLogger(__name__)

_opening: ContextVar[Mapping[str, str]] = ContextVar("opening")
"""Of the stream that is being opened: subscription → the address by which its client knows it."""


class EventBus(InMemorySubscriptionBus):
    """The SDK's bus, on which what concerns one subscription reaches only those who may read it.

    An address means another subscription to each caller, so it is no name that all could share.
    """

    def __init__(self) -> None:
        super().__init__()
        self._views: dict[object, tuple[Callable[[ServerEvent], None], Mapping[str, str]]] = {}

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register a stream, for what is sent to all and for the subscriptions it was opened with."""
        token, leave = object(), super().subscribe(listener)
        self._views[token] = (listener, _opening.get({}))

        def unsubscribe() -> None:
            self._views.pop(token, None)
            leave()

        return unsubscribe

    @property
    def watched(self) -> set[str]:
        """Subscriptions that somebody looks at."""
        return {each for _, names in self._views.values() for each in names}

    def updated(self, subscription: str) -> None:
        """Tell those who look at it."""
        for listener, names in list(self._views.values()):
            if subscription in names:
                listener(ResourceUpdated(names[subscription]))


class Listening(ListenHandler):
    """The SDK's `subscriptions/listen`, for addresses that its caller may look at; others are left out."""

    def __init__(self, bus: EventBus, find: Find, **bounds: Any) -> None:
        super().__init__(bus, **bounds)
        self._find = find

    async def __call__(
        self, ctx: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve one stream."""
        wanted = params.notifications.resource_subscriptions or []
        found = {uri: await self._find(caller_of(ctx), uri) for uri in wanted}
        names = {subscription.id: uri for uri, subscription in found.items() if subscription}
        kept = params.notifications.model_copy(
            update={"resource_subscriptions": list(names.values()) or None}
        )
        token = _opening.set(names)
        try:
            return await super().__call__(ctx, params.model_copy(update={"notifications": kept}))
        finally:
            _opening.reset(token)


@dataclass(eq=False)
class _Session:
    """One connection of the older generation, and what it looks at."""

    session: ServerSession
    names: dict[str, str] = field(default_factory=dict)
    """Address → subscription."""


class Views:
    """Looks what has changed, and tells both generations of clients."""

    def __init__(
        self, bus: EventBus, find: Find, events: EventLog, subscriptions: Subscriptions, clock: Clock
    ) -> None:
        self._bus, self._find, self._events = bus, find, events
        self._subscriptions, self._clock = subscriptions, clock
        self._sessions: dict[int, _Session] = {}

    def install(self, server: Server[Any]) -> None:
        """Serve the methods of the older generation; the SDK refuses them to the other."""
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self.subscribe)
        server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self.unsubscribe)

    async def subscribe(self, ctx: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Tell this connection, as long as it lives; where it has no way back, nothing is told."""
        uri = str(params.uri)
        found = await self._find(caller_of(ctx), uri)
        if found is None:
            raise MCPError(INVALID_PARAMS, "There is no such resource for you")
        connection = ctx.session._connection  # noqa: SLF001 - the SDK has no other name for what outlives a request
        if not connection.has_standalone_channel:
            return EmptyResult()
        key = id(connection)
        if key not in self._sessions:
            self._sessions[key] = _Session(ctx.session)
            connection.exit_stack.callback(self._sessions.pop, key, None)
        self._sessions[key].names[uri] = found.id
        return EmptyResult()

    async def unsubscribe(self, ctx: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell it no more."""
        known = self._sessions.get(id(ctx.session._connection))  # noqa: SLF001 - the same
        if known:
            known.names.pop(str(params.uri), None)
        return EmptyResult()

    async def run(self) -> None:
        """Until it is cancelled."""
        pace = Pace(self._clock, shortest_s=PAUSE_S, longest_s=LOOK_EVERY_S)
        position = await self._events.newest()
        while True:
            stored = self._events.signals.listen(STORED)
            try:
                position, changed = await self._look(position)
            except CallError as error:
                log.warning("open views are not told of changes: %s", error)
                await self._clock.sleep(LOOK_EVERY_S)
                continue
            await self._tell(changed)
            await pace.next(stored)

    async def _look(self, position: int) -> tuple[int, set[str]]:
        """The position up to which was looked, and subscriptions with something new before it."""
        looked_at = self._bus.watched | {
            each for known in self._sessions.values() for each in known.names.values()
        }
        if not looked_at:
            return await self._events.newest(), set()
        found = [await self._subscriptions.get(each) for each in looked_at]
        left = {each.id: each.effective for each in found if each}
        changed: set[str] = set()
        while batch := await self._events.after(position, BATCH):
            position = batch[-1].seq
            hit = {name for name, wanted in left.items() if any(wanted.matches(event) for event in batch)}
            changed |= hit
            left = {name: wanted for name, wanted in left.items() if name not in hit}
            if len(batch) < BATCH or not left:
                break
        return position if left else await self._events.newest(), changed

    async def _tell(self, changed: set[str]) -> None:
        for each in changed:
            self._bus.updated(each)
        due = [
            self._send(key, known.session, uri)
            for key, known in self._sessions.items()
            for uri, subscription in known.names.items()
            if subscription in changed
        ]
        await asyncio.gather(*due)

    async def _send(self, key: int, session: ServerSession, uri: str) -> None:
        """A client that does not read is left out from then on, so that it holds nobody up again."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await session.send_resource_updated(uri)
        except TimeoutError:
            log.warning("a client does not read, and is not told of changes any more")
            self._sessions.pop(key, None)
