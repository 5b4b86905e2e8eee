"""A service with jobs, and a whole Wirepost in front of it."""

from __future__ import annotations

import pytest

from support.warehouse import office_at


@pytest.fixture
async def office(tmp_path):
    """The two together."""
    async with office_at(tmp_path) as office:
        yield office
