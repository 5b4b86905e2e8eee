"""Hugging Face on its sandbox; the router is judged by its published description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor
from support.sources import listed_exceptions

UNDESCRIBED = listed_exceptions(Path(__file__).with_name("undescribed.txt"))


@pytest.fixture
async def hub(clock: ManualClock) -> AsyncIterator[ModelVendor]:
    """Fails a test in which a request or an answer broke the description."""
    vendor = model_vendor("huggingface", clock)
    yield vendor
    await vendor.upstream.close()
    assert vendor.judge.broken == []
    left = {each for each in vendor.judge.undescribed if not any(map(each.startswith, UNDESCRIBED))}
    assert left == set()
