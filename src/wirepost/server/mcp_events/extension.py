"""`EventsExtension`: the methods of the extension on one MCP server, for both protocol generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol

from mcp_types import RequestParams
from pydantic import Field

from wirepost.events.occurrence import PAYLOAD, occurrence
from wirepost.server.identity import caller_of
from wirepost.server.mcp_events.asked import IDENTIFIER, Asked, Asking
from wirepost.server.mcp_events.errors import invalid
from wirepost.server.mcp_events.streams import METHOD, Streams

if TYPE_CHECKING:
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
    from mcp.server.lowlevel import Server

    from wirepost.events.reading import LogReader

    Context = ServerRequestContext[Any, Any]

POLL_AGAIN_MS = 30_000
PAGE, LARGEST_PAGE = 50, 200
_GREETINGS = frozenset({"initialize", "server/discover"})


class ListParams(RequestParams):
    """Of `events/list`."""

    cursor: str | None = None


class PollParams(Asked):
    """Of `events/poll`."""

    max_events: Annotated[int, Field(ge=1)] | None = None


class Installed(Protocol):
    """What adds methods to a server."""

    def install(self, server: Server[Any]) -> None:
        """Add them."""
        ...


class EventsExtension:
    """What the extension serves; without `callbacks`, clients are not called back."""

    def __init__(
        self,
        asking: Asking,
        reader: LogReader,
        streams: Streams,
        callbacks: Installed | None = None,
    ) -> None:
        self._asking, self._reader, self._streams, self._callbacks = asking, reader, streams, callbacks

    def install(self, server: Server[Any]) -> None:
        """Serve the methods and say so."""
        server.extensions[IDENTIFIER] = {}
        server.middleware.append(_advertise)
        server.add_request_handler("events/list", ListParams, self.list)
        server.add_request_handler("events/poll", PollParams, self.poll)
        server.add_request_handler(METHOD, Asked, self._streams.serve)
        if self._callbacks:
            self._callbacks.install(server)

    async def list(self, ctx: Context, params: ListParams) -> dict[str, Any]:
        """All types that the caller can get, in one page."""
        if params.cursor is not None:
            raise invalid("Unknown cursor: the list has one page")
        ways = ["poll", "push", *(["webhook"] if self._callbacks else [])]
        types = self._asking.catalogue.of(caller_of(ctx)).values()
        events = [
            {
                "name": each.name,
                "description": each.description,
                "delivery": ways,
                "inputSchema": each.input_schema,
                "payloadSchema": PAYLOAD,
            }
            for each in types
        ]
        return {"events": events}

    async def poll(self, ctx: Context, params: PollParams) -> dict[str, Any]:
        """What has happened since a cursor; nothing is kept of who asks."""
        wanted = self._asking.read(ctx, params)
        position, since = await self._asking.start(wanted, params, self._reader)
        limit = min(params.max_events or PAGE, LARGEST_PAGE)
        page = await self._reader.page(position, wanted.filter.matches, limit=limit, since=since)
        await self._asking.note(wanted.caller.id, page.events)
        return {
            "events": [occurrence(wanted.type.name, each) for each in page.events],
            "cursor": self._asking.cursor(wanted, page.position),
            "truncated": page.is_truncated,
            "hasMore": page.has_more,
            "nextPollMs": POLL_AGAIN_MS,
        }


async def _advertise(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Server middleware: says what the SDK leaves out.

    `extensions` is no part of the older generation, which the SDK keeps to, and `events` is what clients look
    for that were built on the draft.
    """
    result = await call_next(ctx)
    if ctx.method in _GREETINGS and isinstance(result, dict) and "capabilities" in result:
        capabilities = result["capabilities"]
        capabilities["events"] = {"listChanged": False}
        capabilities["extensions"] = {**(capabilities.get("extensions") or {}), IDENTIFIER: {}}
    return result
