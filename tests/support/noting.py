"""What was really sent."""

from __future__ import annotations

import httpx2


class Noting(httpx2.AsyncBaseTransport):
    """Keeps the requests that pass."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        return await self._inner.handle_async_request(request)
