"""`EventResources`: subscriptions and events as resources, for clients that show such things to people."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from wirepost.calls.external import NOTICE, harmless_json
from wirepost.core.times import from_epoch
from wirepost.events.callback import row_name
from wirepost.events.event import COLUMNS, read
from wirepost.server.identity import caller_of

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from wirepost.calls.caller import Caller
    from wirepost.events.catalogue import Catalogue
    from wirepost.events.cursors import EventCursors
    from wirepost.events.deliveries import Deliveries
    from wirepost.events.event import Event
    from wirepost.events.log import EventLog
    from wirepost.events.subscriptions import Subscription, Subscriptions

    Context = ServerRequestContext[Any, Any]
    Note = Callable[[str, Sequence[Event]], Awaitable[None]]

JSON = "application/json"
NEWEST = 20
LOOKED_AT = 1000
"""Events among which the newest of a subscription are looked for."""
TEMPLATES = [
    ResourceTemplate(
        uri_template="events://{subscription}",
        name="subscription",
        title="Subscription",
        description="How many events wait, and the newest ones in a line each",
        mime_type=JSON,
    ),
    ResourceTemplate(
        uri_template="events://event/{id}",
        name="event",
        title="Event",
        description="One event, such as events://event/evt_01k…",
        mime_type=JSON,
    ),
]
_URI = re.compile(r"events://(event/)?([A-Za-z0-9_.-]{1,100})", re.ASCII)
_HIDDEN = row_name("")
_BACKWARDS = (
    f"SELECT {COLUMNS} FROM events WHERE seq > 0 AND seq <= ? AND content IS NOT NULL "  # noqa: S608 - our own words
    "ORDER BY seq DESC LIMIT ?"
)


class EventResources:
    """What a caller finds under `events://`; `note` is told which events it is about to get."""

    def __init__(
        self,
        events: EventLog,
        subscriptions: Subscriptions,
        deliveries: Deliveries,
        catalogue: Catalogue,
        *,
        cursors: EventCursors,
        note: Note,
    ) -> None:
        self._events, self._subscriptions, self._deliveries = events, subscriptions, deliveries
        self._catalogue, self._cursors, self._note = catalogue, cursors, note

    def install(self, server: Server[Any]) -> None:
        """Serve the methods."""
        server.add_request_handler("resources/list", PaginatedRequestParams, self.list)
        server.add_request_handler("resources/templates/list", PaginatedRequestParams, self.templates)
        server.add_request_handler("resources/read", ReadResourceRequestParams, self.read)

    async def find(self, caller: Caller, uri: str) -> Subscription | None:
        """The subscription that an address means to a caller."""
        found = _URI.fullmatch(uri)
        if found is None or found[1] or found[2].startswith(_HIDDEN) or not self._catalogue.of(caller):
            return None
        return await self._subscriptions.find(caller, found[2])

    async def list(self, ctx: Context, params: PaginatedRequestParams) -> ListResourcesResult:
        """The subscriptions that the caller may read, in one page; of two with one name, its own."""
        _one_page(params)
        caller = caller_of(ctx)
        readable = await self._subscriptions.of(caller) if self._catalogue.of(caller) else []
        named = {each.name: each for each in sorted(readable, key=lambda each: each.owner == caller.id)}
        shown = [
            Resource(
                uri=f"events://{name}",
                name=name,
                title=f"Events: {name}",
                description=_about(each),
                mime_type=JSON,
            )
            for name, each in sorted(named.items())
            if not name.startswith(_HIDDEN)
        ]
        return ListResourcesResult(resources=shown)

    async def templates(
        self,
        ctx: Context,  # noqa: ARG002 - the signature is the SDK's
        params: PaginatedRequestParams,
    ) -> ListResourceTemplatesResult:
        """The two kinds of addresses."""
        _one_page(params)
        return ListResourceTemplatesResult(resource_templates=TEMPLATES)

    async def read(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        """One subscription, or one event."""
        caller, uri = caller_of(ctx), str(params.uri)
        found = _URI.fullmatch(uri)
        if found and found[1]:
            shown = await self._event(caller, found[2])
        else:
            subscription = await self.find(caller, uri)
            shown = await self._subscription(subscription) if subscription else None
        if shown is None:
            raise MCPError(INVALID_PARAMS, "There is no such resource for you")
        text = harmless_json(shown)
        return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=JSON, text=text)])

    async def _event(self, caller: Caller, event_id: str) -> dict[str, Any] | None:
        event = await self._events.get(event_id)
        if event is None or not self._catalogue.may_read(caller, event.source):
            return None
        await self._note(caller.id, [event])
        return {"notice": NOTICE, "event": event.shown()}

    async def _subscription(self, subscription: Subscription) -> dict[str, Any]:
        counts = await self._deliveries.counts(subscription.id)
        rows = await self._events.database.read(_BACKWARDS, subscription.position, LOOKED_AT)
        wanted = subscription.effective
        newest = [event for event in map(read, rows) if wanted.matches(event)][:NEWEST]
        return {
            "subscription": subscription.name,
            "about": _about(subscription),
            "pending": counts.pending,
            "in_flight": counts.in_flight,
            "dead": counts.dead,
            "truncated": subscription.truncated,
            "cursor": self._cursors.mint(subscription, subscription.position),
            "newest": [_line(event) for event in newest],
        }


def _about(subscription: Subscription) -> str:
    wanted = subscription.filter
    types = ", ".join(wanted.types) or "all types"
    return f"{types} from {', '.join(wanted.sources) or 'all sources'}"


def _line(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "type": event.type,
        "summary": event.summary,
        "received_at": from_epoch(int(event.received_at)),
    }


def _one_page(params: PaginatedRequestParams) -> None:
    if params.cursor is not None:
        raise MCPError(INVALID_PARAMS, "Unknown cursor: the list has one page")
