"""A database for each test; whoever asks for `database` is tested on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.clock import ManualClock
from support.postgres import address_in, ask
from wirepost.core.ids import new_id
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server

if TYPE_CHECKING:
    from wirepost.store.place import Place


@pytest.fixture
def schema() -> Iterator[str]:
    """An empty schema of PostgreSQL for this test alone."""
    name = new_id("test")
    ask(f"CREATE SCHEMA {name}")
    yield name
    ask(f"SET lock_timeout = 5000; SET client_min_messages = warning; DROP SCHEMA {name} CASCADE")


@pytest.fixture
def shared_place(schema: str) -> Server:
    """The place of a database that several servers may use, with nothing in it yet."""
    return Server.at(address_in(schema))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services("postgres"))])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where the database of this test is, with nothing in it yet."""
    if request.param == "postgres":
        shared: Server = request.getfixturevalue("shared_place")
        return shared
    return tmp_path / "directory" / "wirepost.db"


@pytest.fixture
async def database(place: Place, clock: ManualClock) -> AsyncIterator[Database]:
    """An empty database with the present schema."""
    database = await Database.open(place, clock)
    yield database
    await database.close()


@pytest.fixture
async def other(place: Place, database: Database, clock: ManualClock) -> AsyncIterator[Database]:
    """The same database, opened once more, as another process would."""
    other = await Database.open(place, clock)
    yield other
    await other.close()
