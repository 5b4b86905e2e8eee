"""A server with the Events extension, and a client that speaks both generations of the protocol by hand."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager

from support.raw import MODERN_META, Raw, connected
from support.serving import served
from support.stand_in import StandInCalls, serve
from wirepost.calls.caller import Caller
from wirepost.core.clock import Clock
from wirepost.core.signing import Signer
from wirepost.events.catalogue import Catalogue
from wirepost.events.event import Event
from wirepost.events.log import EventLog
from wirepost.events.log_cursors import LogCursors
from wirepost.events.reading import LogReader
from wirepost.server.identity import CALLER
from wirepost.server.local import LocalSocket
from wirepost.server.mcp_events.asked import Asking
from wirepost.server.mcp_events.extension import EventsExtension
from wirepost.server.mcp_events.streams import Streams
from wirepost.server.presence import Presence
from wirepost.webhooks.webhook import Webhook

ERAS = ("2026-07-28", "2025-11-25")
PAY = Webhook(
    "pay",
    "Pay",
    None,  # type: ignore[arg-type]
    None,  # type: ignore[arg-type]
    {"charge.refunded": "payment.refunded", "invoice.paid": "invoice.paid"},
)
SOMEBODY = Caller("token:1")
SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"


@dataclass(frozen=True)
class Sender:
    """An endpoint, as far as the catalogue looks at it."""

    source: str = "stripe-live"
    environment: str = "production"
    webhook: Webhook = PAY


@dataclass(eq=False)
class Extended:
    """A server whose events can be read; what is `hidden` or who is `withdrawn` may change at any time."""

    log: EventLog
    clock: Clock
    hidden: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    handed_over: list[tuple[str, str]] = field(default_factory=list)
    """Callers, and the events that they were about to get."""
    most: int = 16
    reader: LogReader | None = None
    callbacks: Any = None
    """Makes what clients are called back with, from `Asking`."""

    def __post_init__(self) -> None:
        catalogue = Catalogue([Sender()], lambda caller, source: source not in self.hidden)
        cursors = LogCursors(Signer(b"s" * 32))
        self.asking = Asking(catalogue, cursors, self.clock, is_current=self._is_current, note=self._note)
        self.reader = reader = self.reader or LogReader(self.log)
        self.streams = Streams(self.asking, reader, self.log.signals, self.clock, most=self.most)
        make: Callable[..., Any] = self.callbacks or (lambda *_: None)
        self.server: Server[Any] = serve(StandInCalls())
        EventsExtension(self.asking, reader, self.streams, make(self)).install(self.server)

    async def _note(self, caller: str, events: Sequence[Event]) -> None:
        self.handed_over += [(caller, each.id) for each in events]

    async def _is_current(self, caller: Caller) -> bool:
        return caller.id not in self.withdrawn


class Speaker:
    """One client; notifications that come while it waits for an answer are kept."""

    def __init__(self, raw: Raw, era: str, name: str) -> None:
        self.raw, self._era, self._name = raw, era, name
        self._number = 0
        self.said: dict[str, Any] = {}
        """What the server says of itself."""
        self.told: list[dict[str, Any]] = []

    async def greet(self) -> None:
        """Open the connection as the era does."""
        if self._era == ERAS[0]:
            self.said = await self.ask("server/discover")
            return
        client = {"name": self._name, "version": "1"}
        self.said = await self.ask(
            "initialize", protocolVersion=self._era, capabilities={}, clientInfo=client
        )
        await self.raw.send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def begin(self, method: str, **params: Any) -> int:
        """Send a request and wait for nothing; its id."""
        self._number += 1
        if self._era == ERAS[0]:
            client = {"name": self._name, "version": "1"}
            params["_meta"] = {**MODERN_META, "io.modelcontextprotocol/clientInfo": client}
        await self.raw.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return self._number

    async def answer(self, number: int) -> dict[str, Any]:
        """The message that answers a request."""
        while (message := await self.raw.receive()).get("id") != number:
            self.told.append(message)
        return message

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a request."""
        message = await self.answer(await self.begin(method, **params))
        assert "result" in message, message
        result: dict[str, Any] = message["result"]
        return result

    async def refusal(self, method: str, **params: Any) -> dict[str, Any]:
        """The error of a request."""
        message = await self.answer(await self.begin(method, **params))
        assert "error" in message, message
        refused: dict[str, Any] = message["error"]
        return refused

    async def hear(self) -> tuple[str, dict[str, Any]]:
        """The next notification: what it is, and what it says."""
        message = self.told.pop(0) if self.told else await self.raw.receive()
        assert "method" in message, message
        return message["method"].removeprefix("notifications/events/"), message["params"]


@asynccontextmanager
async def speaking(
    server: Server[Any], directory: Path, era: str, name: str = "raw"
) -> AsyncIterator[Speaker]:
    """A client over the local socket, past its greeting."""
    path = directory / "s"
    local = LocalSocket(server, Presence(Clock()))
    await local.listen(str(path))
    try:
        async with connected(path) as raw:
            speaker = Speaker(raw, era, name)
            await speaker.greet()
            yield speaker
    finally:
        await local.close()


@asynccontextmanager
async def over_http(server: Server[Any], caller: Caller = SOMEBODY) -> AsyncIterator[str]:
    """The server's address for a caller who has shown who it is."""
    sessions = StreamableHTTPSessionManager(server, stateless=True)
    endpoint = StreamableHTTPASGIApp(sessions)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope[CALLER] = caller
        await endpoint(scope, receive, send)

    async with sessions.run(), served(app, lifespan="off") as base:
        yield f"{base}/mcp"


def posted(era: str, method: str, **params: Any) -> dict[str, Any]:
    """What a client sends to begin a request with the id 7."""
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": era}
    if era == ERAS[0]:
        params, headers["Mcp-Method"] = {**params, "_meta": MODERN_META}, method
        if "name" in params:
            headers["Mcp-Name"] = params["name"]
    return {"json": {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}, "headers": headers}


async def heard_on(response: Any) -> AsyncIterator[dict[str, Any]]:
    """The messages of a stream of server-sent events."""
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])
