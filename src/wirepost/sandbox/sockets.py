"""Connections that end without an answer, for which ASGI has no message; without a wire, as exceptions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TRANSPORT = "wirepost.transport"
"""The extension of a scope that holds the connection's transport."""


class ConnectionCut(Exception):
    """The connection ended without an answer: whoever asked cannot know what happened."""


class ConnectRefused(Exception):
    """Nobody listens: the request was certainly not sent."""


def knowing_transport(app: App) -> App:
    """`app`, with the transport of the connection in each scope, where uvicorn is what serves it.

    uvicorn's `send` belongs to an object that has the transport. Whatever stands in between passes another
    `send` on, but the same scope; so this must be outermost, and inside another of its kind it does nothing.
    """

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope["extensions"] = {**scope.get("extensions", {}), TRANSPORT: transport}
        await app(scope, receive, send)

    return served


async def hang_up(scope: Scope, receive: Receive, send: Send) -> None:
    """Close the connection without an answer.

    Behind a server whose transport is not known, less is sent than was announced, and it closes the
    connection for that.
    """
    transport = scope.get("extensions", {}).get(TRANSPORT)
    if transport is None:
        headers = [(b"content-length", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return
    transport.abort()
    # The server must have noticed before this returns, or it would complain about the missing answer.
    while (await receive())["type"] != "http.disconnect":
        continue
