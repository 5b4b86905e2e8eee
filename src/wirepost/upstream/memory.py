"""`InMemoryTransport`: an ASGI application in the place of a provider, faults of the wire included."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import httpx2

from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


class InMemoryTransport(httpx2.AsyncBaseTransport):
    """Calls the application directly.

    It raises `ConnectRefused` to be unreachable and `ConnectionCut` to lose its answer. An application that
    takes longer than the read timeout is given up: measured by the event loop, and by `clock` where one is
    given, because a test's clock may have moved on without the event loop noticing.
    """

    def __init__(self, app: Application, clock: Clock | None = None) -> None:
        self._app, self._clock = app, clock

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        exchange = _Exchange(request.method, await request.aread())
        timeout_s = request.extensions.get("timeout", {}).get("read")
        started = self._clock.monotonic() if self._clock else 0.0
        try:
            async with asyncio.timeout(timeout_s):
                await self._app(_scope(request), exchange.receive, exchange.send)
        except TimeoutError:
            raise httpx2.ReadTimeout("The application took too long", request=request) from None
        except ConnectRefused:
            raise httpx2.ConnectError("Connection refused", request=request) from None
        except ConnectionCut:
            raise httpx2.ReadError("Connection cut", request=request) from None
        if self._clock and timeout_s is not None and self._clock.monotonic() - started > timeout_s:
            raise httpx2.ReadTimeout("The application took too long", request=request)
        if not exchange.is_complete:
            raise httpx2.RemoteProtocolError("The application ended before its answer did", request=request)
        return httpx2.Response(exchange.status, headers=exchange.headers, content=b"".join(exchange.parts))


class _Exchange:
    """The application's side of one request and its answer."""

    def __init__(self, method: str, body: bytes) -> None:
        self._method, self._body = method, body
        self._is_read = False
        self._done = asyncio.Event()
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []

    @property
    def is_complete(self) -> bool:
        """The last part of the body was sent."""
        return self._done.is_set()

    async def receive(self) -> Message:
        """The request body, then silence until the answer is complete."""
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Collect the answer."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            if self._method != "HEAD":
                self.parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                self._done.set()


def _scope(request: httpx2.Request) -> Message:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (url.host, url.port),
        "client": ("127.0.0.1", 0),
    }
