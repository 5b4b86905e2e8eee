"""AI tools over models that answer as a test has written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.ai_desk import AiDesk, ai_desk
from support.clock import ManualClock


@pytest.fixture
async def desk(tmp_path: Path, clock: ManualClock) -> AsyncIterator[AiDesk]:
    """The call path with one configured model."""
    async with ai_desk(tmp_path, clock) as opened:
        yield opened
