"""A vendor that answers by script: an ASGI application whose next answers a test writes down."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from wirepost.core.clock import Clock
from wirepost.upstream.client import Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

CREDENTIAL = "Bearer opensesame42"


@dataclass
class Said:
    """One answer."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


Step = Said | Exception | Callable[[], Awaitable[Said]]


class Vendor:
    """Plays its script, then answers `{}` for ever; remembers what it was asked."""

    def __init__(self, *script: Step) -> None:
        self.script = list(script)
        self.seen: list[Seen] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode()
        self.seen.append(Seen(scope["method"], scope["raw_path"].decode(), query, headers, message["body"]))
        step = self.script.pop(0) if self.script else Said()
        if isinstance(step, Exception):
            raise step
        said = step if isinstance(step, Said) else await step()
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in said.headers.items()]
        await send({"type": "http.response.start", "status": said.status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})


class Longest(Random):
    """Chance that always takes the longest wait."""

    def uniform(self, a: float, b: float) -> float:
        del a
        return b


async def credential() -> str:
    """The credential of every scripted connection."""
    return CREDENTIAL


def upstream_to(
    app: Any, clock: Clock, limits: Limits | None = None, *, rng: Random | None = None, **options: Any
) -> Upstream:
    """The HTTP side of a connection whose provider is `app`."""
    return Upstream(
        "acme",
        base_url="http://vendor.test/api",
        credential=credential,
        limits=limits or Limits(requests_per_s=1000, burst=1000, concurrency=100),
        clock=clock,
        transport=InMemoryTransport(app, clock),
        rng=rng or Longest(),
        **options,
    )


class PlainClient(Client):
    """A client of a vendor without peculiarities."""


async def may_write() -> None:
    """The ledger agrees."""


def client_of(app: Any, clock: Clock, *, within_s: float = 45.0, **options: Any) -> Client:
    """A client for one call that may read and write."""
    scope = Scope(clock.monotonic() + within_s, before_write=may_write)
    return PlainClient(upstream_to(app, clock, **options), scope, None)
