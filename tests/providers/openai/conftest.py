"""OpenAI on its sandbox, judged by its published description."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor


@pytest.fixture
async def openai(clock: ManualClock) -> AsyncIterator[ModelVendor]:
    """Fails a test in which a request or an answer broke the description."""
    vendor = model_vendor("openai", clock)
    yield vendor
    await vendor.upstream.close()
    assert vendor.judge.broken == []
    assert vendor.judge.undescribed == set()
