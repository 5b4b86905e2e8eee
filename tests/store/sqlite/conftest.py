"""What is about SQLite is tested on SQLite alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from wirepost.store.database import Database


@pytest.fixture
async def database(path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    """An empty file with the present schema."""
    database = await Database.open(path, clock)
    yield database
    await database.close()
