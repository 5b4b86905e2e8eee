"""GitHub as its published description has it, at the other end of our client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from specmock import SpecMock
from support.clock import ManualClock
from support.specmock_fixture import new_mock
from wirepost.providers.github.client import GitHubClient
from wirepost.settings import ConnectionSettings
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream


@dataclass
class Described:
    """The description, and a client of a connection called `github`."""

    mock: SpecMock
    clock: ManualClock
    settings: dict[str, Any]

    def client(self, *, may_write: bool = False) -> GitHubClient:
        """The client of one request."""

        async def token() -> str:
            return "Bearer ghp_of_the_tests"

        upstream = Upstream(
            "github",
            base_url="http://mock/github",
            credential=token,
            limits=Limits(1000, 1000, 100),
            clock=self.clock,
            transport=httpx2.MockTransport(self._answer),
        )
        scope = Scope(self.clock.monotonic() + 45)
        scope.before_write = _nothing if may_write else None
        given = {"provider": "github", "environment": "test", **self.settings}
        return GitHubClient(upstream, scope, ConnectionSettings.model_validate(given))

    def stub(self, method: str, path: str, body: Any, **more: Any) -> None:
        """Answer an operation so; refused if the description does not allow it."""
        self.mock.add_stub(api="github", method=method, path=path, body=body, **more)

    def sent(self, method: str | None = None) -> list[dict[str, Any]]:
        """The requests so far."""
        return [entry for entry in self.mock.journal if method in {None, entry["method"]}]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        reply = self.mock.call(
            request.method, request.url.raw_path.decode(), dict(request.headers), request.content
        )
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.payload())


@pytest.fixture
def github(clock: ManualClock) -> Iterator[Described]:
    """One request that breaks the description fails the test."""
    found = Described(new_mock("github"), clock, {})
    yield found
    assert [entry for entry in found.mock.journal if "violation" in entry] == []


async def _nothing() -> None:
    return None
