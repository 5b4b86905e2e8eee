"""A whole server in this process: webhooks and MCP over HTTP, and what goes on behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx2

from support.running import Running, running
from support.serving import served
from wirepost.core.clock import Clock
from wirepost.server.asgi import build_asgi
from wirepost.server.events import EventSide
from wirepost.server.mcp import build_mcp


@asynccontextmanager
async def whole(
    directory: Path, clock: Clock | None = None, **options: Any
) -> AsyncIterator[tuple[Running, str]]:
    """The app of it, and its address."""
    async with running(directory, clock, **options) as live:
        app = live.app
        side = EventSide(app.hub, app.settings.events)
        mcp = build_mcp(app.calls, secret=app.secret, version="1", clock=app.clock, listen=side.listen)
        side.install(mcp)
        try:
            async with (
                app.hub.at_work(views=side.run),
                served(build_asgi(app, mcp), lifespan="on") as url,
            ):
                yield live, url
        finally:
            side.close()


class Vendor:
    """Sends what the vendor of a connection would send, signed with what its endpoint expects."""

    def __init__(self, live: Running, url: str, source: str) -> None:
        self._endpoint = live.app.hub.endpoints.find(source)
        self._clock, self._path = live.app.clock, f"/webhooks/{source}"
        self._http = httpx2.AsyncClient(base_url=url, timeout=30)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def request(
        self,
        kind: str,
        changed: Mapping[str, Any] | None = None,
        *,
        age_s: float = 0,
        secret: str | None = None,
    ) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a genuine request of a type of ours, unless it is told otherwise."""
        assert self._endpoint is not None
        webhook = self._endpoint.webhook
        assert webhook.sample is not None
        assert webhook.sign is not None
        headers, body = webhook.sample(kind, dict(changed or {}))
        key = secret or (await self._endpoint.terms()).secrets[0].value
        at = self._clock.now().timestamp() - age_s
        url = f"http://127.0.0.1{self._path}"
        return body, dict(webhook.sign(headers, body, url, key, at))

    async def post(self, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """The answer to a request."""
        return await self._http.post(self._path, content=body, headers=dict(headers))

    async def tell(self, kind: str, changed: Mapping[str, Any] | None = None) -> str:
        """Send something new; the id of the event."""
        answer = await self.post(*await self.request(kind, changed))
        said: dict[str, str] = answer.json()
        assert (answer.status_code, said["status"]) == (200, "stored"), said
        return said["id"]
