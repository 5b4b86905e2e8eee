"""`Sandbox`: what every in-memory vendor shares: the ASGI app, the request log, faults, rate limits."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from wirepost.core.clock import Clock
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.sockets import (
    App,
    ConnectionCut,
    ConnectRefused,
    Receive,
    Scope,
    Send,
    hang_up,
    knowing_transport,
)
from wirepost.sandbox.world import SEED, World

__all__ = [
    "Bucket",
    "Fault",
    "Logged",
    "Request",
    "Response",
    "Sandbox",
    "SandboxEvent",
]

Pairs = tuple[tuple[str, str], ...]

FORM = "application/x-www-form-urlencoded"
_BOUNDARY = re.compile(r'^multipart/form-data;.*boundary="?([^";]+)')
_NAMED = re.compile(r'\b(name|filename)="([^"]*)"')
LOG_SIZE = 2000
OUTBOX_SIZE = 2000
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"})
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"
)


@dataclass(slots=True)
class Request:
    """One request as the vendor sees it."""

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes

    @property
    def form(self) -> Pairs:
        """The fields of a form body; empty for any other body."""
        if not self.headers.get("content-type", FORM).startswith(FORM):
            return ()
        return tuple(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def parts(self) -> dict[str, tuple[str, bytes]]:
        """Field → (name of the file, content) of a form with files (RFC 7578); empty for any other body."""
        boundary = _BOUNDARY.search(self.headers.get("content-type", ""))
        if boundary is None:
            return {}
        found = {}
        for part in self.body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            named = dict(_NAMED.findall(head.decode("utf-8", "replace")))
            found[named.get("name", "")] = (named.get("filename", ""), content.removesuffix(b"\r\n"))
        return found


@dataclass(slots=True)
class Response:
    """What the vendor answers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(slots=True)
class Logged:
    """One line of the request log, without credentials."""

    method: str
    path: str
    query: Pairs
    form: Pairs
    headers: dict[str, str]
    status: int | None
    """`None` when no answer was sent."""
    fault: str | None

    def shown(self) -> dict[str, Any]:
        """The line as JSON."""
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "form": dict(self.form),
            "headers": self.headers,
            "status": self.status,
            "fault": self.fault,
        }


@dataclass(frozen=True, slots=True)
class SandboxEvent:
    """What the vendor would tell a webhook about a change: the request, apart from its signature."""

    type: str
    """In the vendor's words."""
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Bucket:
    """A token bucket on the clock: how a vendor limits the rate of requests."""

    def __init__(self, clock: Clock, per_s: float, burst: float) -> None:
        self._clock, self.per_s, self.burst = clock, per_s, burst
        self._level, self._at = burst, clock.monotonic()

    @property
    def level(self) -> float:
        """How many requests are left at this moment."""
        return min(self.burst, self._level + (self._clock.monotonic() - self._at) * self.per_s)

    def take(self) -> bool:
        """Count one request; false when there were too many."""
        self._level, self._at = self.level, self._clock.monotonic()
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Sandbox(ABC):
    """An in-memory vendor that speaks the vendor's HTTP API; its state starts from the world."""

    vendor: ClassVar[str]
    key: ClassVar[str]
    """A credential that is always accepted; it opens nothing but the sandbox."""
    user_key: ClassVar[str] = ""
    """The same for requests that act as a user, where the vendor tells them apart."""

    def __init__(
        self, world: World, clock: Clock, seed: int = SEED, *, accounts: Collection[str] = ()
    ) -> None:
        self.world, self.clock, self.seed = world, clock, seed
        self.accounts = accounts
        """Connected accounts that requests may act for."""
        self.requests: deque[Logged] = deque(maxlen=LOG_SIZE)
        self.faults: list[Fault] = []
        self.buckets: dict[str, Bucket] = {}
        """Rate limits by a vendor's own scope (`*` is all requests); there is none unless one is set."""
        self.outbox: deque[SandboxEvent] = deque(maxlen=OUTBOX_SIZE)
        """What the vendor would have told its webhooks, oldest first."""
        self.emit: Callable[[SandboxEvent], None] | None = None
        """Is told of each event at once; whoever sends them sets it, and it must not wait."""

    @property
    def app(self) -> App:
        """The ASGI app; raises `ConnectionCut` and `ConnectRefused` where no answer is sent."""
        return self._serve

    @property
    def socket_app(self) -> App:
        """The same for a real server, which must close the socket in those cases."""
        return knowing_transport(self._serve_sockets)

    def inject(self, fault: Fault) -> None:
        """Let something go wrong with the next fitting requests."""
        self.faults.append(fault)

    def limit(self, per_s: float, burst: float | None = None, scope: str = "*") -> None:
        """Answer with the vendor's rate limit error above this rate."""
        self.buckets[scope] = Bucket(self.clock, per_s, per_s if burst is None else burst)

    def announce(self, event: SandboxEvent) -> None:
        """Tell of a change; a vendor calls it once the change is made."""
        self.outbox.append(event)
        if self.emit is not None:
            self.emit(event)

    def reset(self) -> None:
        """Back to the start: no faults, no limits, no log, and the state as the world describes it."""
        self.requests.clear()
        self.outbox.clear()
        self.faults.clear()
        self.buckets.clear()
        self.forget()

    @abstractmethod
    def forget(self) -> None:
        """Drop the vendor's state."""

    @abstractmethod
    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Process a request; a `slow` or `status` fault takes effect where the vendor's own order puts it."""

    @abstractmethod
    def summary(self) -> dict[str, Any]:
        """What the state holds, for people: kind → how many, by account where there are several."""

    def acts(self) -> Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """What people at the vendor can do, by name; each takes JSON and raises `ValueError`."""
        return {}

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        request = await _read(scope, receive)
        if request.path.startswith("/__sandbox"):
            from wirepost.sandbox.control import control  # needs this module, and few processes need it

            response = control(self, request)
        else:
            response = await self._exchange(request)
        await _write(response, send)

    async def _serve_sockets(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._serve(scope, receive, send)
        except (ConnectionCut, ConnectRefused):
            await hang_up(scope, receive, send)

    async def _exchange(self, request: Request) -> Response:
        fault = self._due(request)
        line = Logged(
            request.method,
            request.path,
            request.query,
            request.form,
            {name: value for name, value in request.headers.items() if name not in _SECRET_HEADERS},
            status=None,
            fault=fault.kind if fault else None,
        )
        self.requests.append(line)
        response = (
            await self.respond(request, fault) if fault is None else await self._disturbed(request, fault)
        )
        line.status = response.status
        return response

    async def _disturbed(self, request: Request, fault: Fault) -> Response:
        page = Response(fault.status, _PAGE, content_type="text/html")
        match fault.kind:
            case "refused":
                raise ConnectRefused
            case "cut":
                raise ConnectionCut
            case "html" if not fault.is_applied:
                return page
        response = await self.respond(request, fault)
        match fault.kind:
            case "lost_answer":
                raise ConnectionCut
            case "malformed":
                response.body = response.body[: len(response.body) // 2]
            case "html":
                return page
        return response

    def _due(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.hits(request.method, request.path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None


async def _read(scope: Scope, receive: Receive) -> Request:
    body = b""
    is_more = True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionCut
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"").decode("ascii", "replace")
    return Request(
        scope["method"], path, tuple(parse_qsl(query, keep_blank_values=True)) if query else (), headers, body
    )


async def _write(response: Response, send: Send) -> None:
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *(
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in response.headers.items()
        ),
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
