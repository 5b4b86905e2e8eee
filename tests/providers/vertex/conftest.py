"""Vertex AI on its sandbox; each exchange is judged by the published description."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor

UNDESCRIBED = (
    "GET /v1beta1/publishers/google/models",  # the description has the first version only
    r"\w+ /v1/projects/[^/]+/locations/[^/]+/batchPredictionJobs.*",
    r"\w+ (/upload)?/storage/v1/b/.*",
)
"""What the description lacks; of batches and objects test_batches.py says where its values are from."""


@pytest.fixture
async def vendor(clock: ManualClock) -> AsyncIterator[ModelVendor]:
    """Fails a test in which a request or an answer broke the description."""
    found = model_vendor("vertex", clock)
    yield found
    await found.upstream.close()
    assert found.judge.broken == []
    known = [each for each in found.judge.undescribed if any(re.fullmatch(one, each) for one in UNDESCRIBED)]
    assert set(known) == found.judge.undescribed
