"""Anthropic on its sandbox, judged by its published description."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor

UNCOVERED = Path(__file__).with_name("uncovered.txt")


def is_listed(operation: str) -> bool:
    """Whether an operation is known to have no description."""
    lines = [line for line in UNCOVERED.read_text().splitlines() if not line.startswith("#")]
    templates = [line.partition(": ")[0] for line in lines]
    return any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), operation) for each in templates)


@pytest.fixture
async def anthropic(clock: ManualClock) -> AsyncIterator[ModelVendor]:
    """Fails a test in which a request or an answer broke the description."""
    vendor = model_vendor("anthropic", clock)
    yield vendor
    await vendor.upstream.close()
    assert vendor.judge.broken == []
    assert [each for each in vendor.judge.undescribed if not is_listed(each)] == []
