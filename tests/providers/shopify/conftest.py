"""Shopify as its published schema has it, at the other end of our client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from specmock import SpecMock
from support.clock import ManualClock
from support.specmock_fixture import new_mock
from wirepost.providers.shopify.client import PATH, ShopifyClient
from wirepost.settings import ConnectionSettings
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream


@dataclass
class Described:
    """The schema, which judges each document and makes or checks each answer."""

    mock: SpecMock
    clock: ManualClock
    expected: list[str] = field(default_factory=list)

    def client(self, *, may_write: bool = False) -> ShopifyClient:
        """The client of one request."""

        async def token() -> str:
            return "shpat_of_the_tests"

        upstream = Upstream(
            "shop",
            base_url="http://mock/shopify",
            credential=token,
            credential_header="X-Shopify-Access-Token",
            limits=Limits(1000, 1000, 100),
            clock=self.clock,
            transport=httpx2.MockTransport(self._answer),
        )
        scope = Scope(self.clock.monotonic() + 45)
        scope.before_write = _nothing if may_write else None
        given = {"provider": "shopify", "environment": "test", "base_url": "https://acme.myshopify.com"}
        return ShopifyClient(upstream, scope, ConnectionSettings.model_validate(given))

    def put(self, operation: str, **answer: Any) -> None:
        """Answer the next request, which must be `query orders` or such, with this data or these errors."""
        self.expected.append(operation)
        self.mock.add_stub(api="shopify", path=PATH, body=answer, times=1)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The variables of the requests so far."""
        return [entry["body"]["variables"] for entry in self.mock.journal]

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        reply = self.mock.call(
            request.method, request.url.raw_path.decode(), dict(request.headers), request.content
        )
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.payload())


@pytest.fixture
def described_shop(clock: ManualClock) -> Iterator[Described]:
    """One document or variable that breaks the schema fails the test."""
    found = Described(new_mock("shopify"), clock)
    yield found
    assert [entry for entry in found.mock.journal if "violation" in entry] == []
    operations = [entry["operation"] for entry in found.mock.journal]
    assert operations == found.expected[: len(operations)]


async def _nothing() -> None:
    return None
