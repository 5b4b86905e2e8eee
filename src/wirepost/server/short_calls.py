"""`ShortCalls`: tool calls of the current protocol that are answered once, and tell nothing before that.

Of every request the SDK expects that something is told before its answer, for which it keeps two tasks and a
queue: a tenth of the time of a call. Where nobody has asked to be told, it can do without.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mcp_types.version import MODERN_PROTOCOL_VERSIONS

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

WATCH_AFTER_S = 0.25
"""A call that takes longer is ended when its client leaves; a shorter one ends by itself."""
_METHOD = b"mcp-method"
_VERSION = b"mcp-protocol-version"
_VERSIONS = frozenset(version.encode() for version in MODERN_PROTOCOL_VERSIONS)
_ASKS_TO_BE_TOLD = (b"progressToken", b"logLevel")
"""In a request whose client wants to hear more than the answer."""


class ShortCalls:
    """Gives such calls to `plain`, and all other requests to `streamed`; both answer alike."""

    def __init__(self, streamed: ASGIApp, plain: ASGIApp) -> None:
        self._streamed, self._plain = streamed, plain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _is_call(scope):
            await self._streamed(scope, receive, send)
            return
        received = _Received(await receive(), receive)
        if not received.is_short:
            await self._streamed(scope, received, send)
            return
        call = asyncio.timeout(None)
        try:
            async with call:
                watch = _Watch(call, receive)
                try:
                    await self._plain(scope, received, send)
                finally:
                    watch.end()
        except TimeoutError:
            if not call.expired():
                raise


class _Received:
    """`receive` of a request of which one message was taken already."""

    def __init__(self, first: Message, receive: Receive) -> None:
        self._first: Message | None = first
        self._receive = receive
        body = first.get("body", b"")
        is_whole = first["type"] == "http.request" and not first.get("more_body", False)
        self.is_short = is_whole and not any(each in body for each in _ASKS_TO_BE_TOLD)
        """Whether it is here as a whole, and asks for nothing but an answer."""

    async def __call__(self) -> Message:
        first, self._first = self._first, None
        return await self._receive() if first is None else first


class _Watch:
    """Cancels a call that takes long when its client leaves."""

    def __init__(self, call: asyncio.Timeout, receive: Receive) -> None:
        self._call, self._receive = call, receive
        self._watching: asyncio.Task[None] | None = None
        self._begins = asyncio.get_running_loop().call_later(WATCH_AFTER_S, self._begin)

    def end(self) -> None:
        """Look no more."""
        self._begins.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _begin(self) -> None:
        self._watching = asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._call.reschedule(asyncio.get_running_loop().time())


def _is_call(scope: Scope) -> bool:
    headers = scope["headers"]
    return (_METHOD, b"tools/call") in headers and any(
        name == _VERSION and value in _VERSIONS for name, value in headers
    )
