"""Gemini as its published description has it; batches, which it leaves out, are answered as written down."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.judged import DescribedTransport
from support.model_vendor import ModelVendor, model_vendor
from support.specmock_fixture import new_mock
from wirepost.providers.gemini.client import GeminiClient
from wirepost.providers.gemini.models import GeminiModels
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

UNCOVERED = Path(__file__).with_name("uncovered.txt")


@dataclass(eq=False)
class DescribedGemini:
    """One connection whose other end is the description."""

    transport: DescribedTransport
    upstream: Upstream
    clock: ManualClock

    @property
    def client(self) -> GeminiClient:
        """For one call that may write."""

        async def announced() -> None:
            """The ledger knows."""

        return GeminiClient(self.upstream, Scope(self.clock.monotonic() + 45, before_write=announced), None)

    @property
    def models(self) -> GeminiModels:
        """Its models."""
        return GeminiModels(self.client)

    def stub(self, method: str, path: str, body: Any, status: int = 200) -> None:
        """Answer a described operation; refused if the description does not allow the answer."""
        self.transport.mock.add_stub(api="gemini", method=method, path=path, body=body, status=status)

    def tell(self, method: str, path: str, body: Any, status: int = 200) -> None:
        """Answer one that is not described."""
        self.transport.plain[f"{method} {path}"] = (status, body, {})

    @property
    def sent(self) -> Any:
        """The last body."""
        return orjson.loads(self.transport.requests[-1].content)

    @property
    def broken(self) -> list[str]:
        """What broke the description."""
        return [seen["violation"] for seen in self.transport.mock.journal if "violation" in seen]


@pytest.fixture
def gemini(clock: ManualClock) -> DescribedGemini:
    """A fresh one."""

    async def credential() -> str:
        return "AIzaSy0123456789abcdef0123456789abcdef0"

    transport = DescribedTransport(new_mock("gemini"), lambda path: f"/gemini{path}")
    upstream = Upstream(
        "gemini",
        base_url="https://generativelanguage.googleapis.com",
        limits=Limits(1000, 1000, 100),
        clock=clock,
        credential=credential,
        credential_header="x-goog-api-key",
        transport=transport,
    )
    return DescribedGemini(transport, upstream, clock)


def is_listed(operation: str) -> bool:
    """Whether an operation is known to have no description."""
    lines = [line for line in UNCOVERED.read_text().splitlines() if not line.startswith("#")]
    templates = [re.escape(line.partition(": ")[0]) for line in lines]
    return any(re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/:]+", each), operation) for each in templates)


@pytest.fixture
async def vendor(clock: ManualClock) -> AsyncIterator[ModelVendor]:
    """Gemini on its sandbox; fails a test in which a request or an answer broke the description."""
    found = model_vendor("gemini", clock)
    yield found
    await found.upstream.close()
    assert found.judge.broken == []
    assert [each for each in found.judge.undescribed if not is_listed(each)] == []
