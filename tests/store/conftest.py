"""A database in a directory of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from wirepost.store.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database of this test is, in a directory that does not exist yet."""
    return tmp_path / "directory" / "wirepost.db"


@pytest.fixture
async def database(path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    """An empty database with the present schema."""
    database = await Database.open(path, clock)
    yield database
    await database.close()


@pytest.fixture
async def other(path: Path, database: Database, clock: ManualClock) -> AsyncIterator[Database]:
    """The same database, opened once more, as another process would."""
    other = await Database.open(path, clock)
    yield other
    await other.close()
