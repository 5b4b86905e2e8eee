"""A vendor that answers as a test says, at the other end of the vendor's own client."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from support.clock import ManualClock
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream


@dataclass
class Answering:
    """Answers by method and path, the client that asks for them, and what it sent."""

    client: Any
    answers: dict[str, tuple[int, dict[str, str], Any]]
    sent: list[httpx2.Request] = field(default_factory=list)

    def put(self, what: str, body: Any, *, status: int = 200, **headers: str) -> None:
        """Answer `GET /path` so from now on; underscores in the names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[what] = (status, named, body)


def answering(provider: str, clock: ManualClock, **settings: Any) -> Answering:
    """A client of a vendor that answers nothing yet."""
    found = Answering(None, {})

    def answer(request: httpx2.Request) -> httpx2.Response:
        found.sent.append(request)
        status, headers, body = found.answers[f"{request.method} {request.url.path}"]
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        return httpx2.Response(status, headers=headers, content=content)

    async def token() -> str:
        return "Bearer a-token-of-the-vendor"

    upstream = Upstream(
        provider,
        base_url=settings.get("base_url") or "https://vendor.example",
        credential=token,
        limits=Limits(1000, 1000, 100),
        clock=clock,
        transport=httpx2.MockTransport(answer),
    )
    chosen = ConnectionSettings.model_validate({"provider": provider, "environment": "test", **settings})
    make: Callable[..., Any] = load_provider(provider).client
    found.client = make(upstream, Scope(clock.monotonic() + 1000), chosen)
    return found
