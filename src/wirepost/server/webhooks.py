"""Where webhooks come in: raw bytes from the socket, within limits, and an answer when they are stored.

In front of everything else that is served: senders show who they are by signatures, not by tokens of callers,
they come under whatever name the proxy has, and nothing may touch a body before it is verified.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from wirepost.core.deadline import within
from wirepost.events.admit import TOO_LARGE, UNKNOWN, answer
from wirepost.events.endpoints import DEFAULT
from wirepost.webhooks.incoming import Headers, Incoming, Reply

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from wirepost.core.clock import Clock
    from wirepost.events.admit import Peer
    from wirepost.events.endpoints import Endpoint
    from wirepost.events.receive import Receiver
    from wirepost.server.peers import Peers

PREFIX = "/webhooks/"
BODY_S = 30.0
"""Seconds a body may take to arrive."""
TOO_SLOW = answer(408, {"status": "refused", "check": "too_slow"}, Connection="close")
CUT_OFF = answer(400, {"status": "refused", "check": "cut_off"})


class Webhooks:
    """Takes requests under `/webhooks/`; all others go on to `app`."""

    def __init__(
        self,
        app: ASGIApp,
        receiver: Receiver,
        peers: Peers,
        clock: Clock,
        visit: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._app, self._receiver, self._peers, self._clock, self._visit = app, receiver, peers, clock, visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a webhook, or let the request pass."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        with self._visit():
            reply = await self._answer(scope, receive)
            await _send(send, reply, has_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        connection, _, name = scope["path"][len(PREFIX) :].rstrip("/").partition("/")
        endpoint = self._receiver.find(connection, name or DEFAULT)
        if endpoint is None:
            return UNKNOWN
        headers, length = _headers_of(scope)
        peer, admission = self._peers.of(scope), self._receiver.admission
        refused = admission.refuse(endpoint, scope["method"], length, peer)
        if refused is None and endpoint.settings.fingerprints:
            wanted = (endpoint.settings.client_certificate or "").lower()
            named = [value for name, value in headers if name == wanted]
            refused = admission.refuse_certificate(endpoint, named[0] if len(named) == 1 else None, peer)
        if refused is not None:
            return refused
        body = await self._read(receive, endpoint.settings.max_bytes)
        if isinstance(body, Reply):
            return body
        request = Incoming(
            method=scope["method"],
            url=self._url(endpoint, scope, peer),
            headers=headers,
            body=body,
            now=self._clock.now().timestamp(),
            peer=peer.address,
        )
        return await self._receiver.receive(endpoint, request)

    async def _read(self, receive: Receive, limit: int) -> bytes | Reply:
        """The whole body, or the answer to one that is too long, too slow or cut off."""
        try:
            return await within(BODY_S, _read(receive, limit))
        except TimeoutError:
            return TOO_SLOW

    def _url(self, endpoint: Endpoint, scope: Scope, peer: Peer) -> str:
        """The address as the sender wrote it: as it is configured, or else as the request tells."""
        query = scope["query_string"].decode("latin-1")
        address = endpoint.url or self._peers.origin_of(scope, peer) + scope["raw_path"].decode("latin-1")
        return f"{address}?{query}" if query else address


def _headers_of(scope: Scope) -> tuple[Headers, str | None]:
    """All headers, and the length of the body if it is told."""
    headers, length = [], None
    for name, value in scope["headers"]:
        header = (name.decode("latin-1"), value.decode("latin-1"))
        headers.append(header)
        if name == b"content-length" and length is None:
            length = header[1]
    return tuple(headers), length


async def _read(receive: Receive, limit: int) -> bytes | Reply:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body if len(body) <= limit else TOO_LARGE
    parts, size = [], 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            return TOO_LARGE
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    return CUT_OFF


async def _send(send: Send, reply: Reply, *, has_body: bool) -> None:
    headers = [
        (b"content-type", reply.content_type.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body if has_body else b""})
