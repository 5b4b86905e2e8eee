"""A vendor's API under its published description: the sandbox, judged by it, and the description itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import httpx2

from specmock import SpecMock
from support.clock import ManualClock
from wirepost.sandbox.vendor import Sandbox
from wirepost.upstream.memory import InMemoryTransport


class Judging(Protocol):
    """Compares exchanges with a description."""

    def exchange(self, request: httpx2.Request, status: int, body: Any) -> None:
        """One request and what was answered."""


class JudgedTransport(httpx2.AsyncBaseTransport):
    """The sandbox as the other end of a client, judged."""

    def __init__(
        self, sandbox: Sandbox, clock: ManualClock, judge: Judging, *, judges_tables: bool = False
    ) -> None:
        self._inner, self._judge = InMemoryTransport(sandbox.app, clock), judge
        self._judges_tables = judges_tables

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        try:
            body = None if not content or self._is_table(response) else json.loads(content)
        except ValueError:  # a fault that was asked for
            return response
        self._judge.exchange(request, response.status_code, body)
        return response

    def _is_table(self, response: httpx2.Response) -> bool:
        """Descriptions say no more of a table than that there is one; downloads from elsewhere have none."""
        media = response.headers.get("content-type", "")
        return self._judges_tables and media.startswith("text/csv")


class DescribedTransport(httpx2.AsyncBaseTransport):
    """The description as the other end of a client: answers are stubs, or made from their schema."""

    def __init__(self, mock: SpecMock, target_of: Callable[[str], str]) -> None:
        self.mock, self._target_of = mock, target_of
        self.plain: dict[str, tuple[int, Any, Mapping[str, str]]] = {}
        """Answers that the description does not know, by method and path."""
        self.requests: list[httpx2.Request] = []

    @property
    def paths(self) -> list[str]:
        """Where requests went."""
        return [request.url.path for request in self.requests]

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        self.requests.append(request)
        path, _, query = request.url.raw_path.decode().partition("?")
        operation = f"{request.method} {path}"
        if operation in self.plain:
            status, body, headers = self.plain[operation]
            return httpx2.Response(status, json=body, headers=dict(headers))
        target = self._target_of(path) + (f"?{query}" if query else "")
        reply = self.mock.call(request.method, target, dict(request.headers), request.content)
        if reply.fault == "reset":
            raise httpx2.ReadError("reset", request=request)
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.payload())
