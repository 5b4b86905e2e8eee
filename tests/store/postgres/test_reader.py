"""Reading from PostgreSQL: beside the loop, at the newest state, and never writing."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from support.postgres import ask
from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.database import Database, Tx

pytestmark = pytest.mark.services("postgres")


async def test_many_readers_at_once_each_get_their_rows(database):
    rows = await asyncio.gather(*(database.read("SELECT ?, ?", number, "x") for number in range(100)))
    assert rows == [[(number, "x")] for number in range(100)]


async def test_a_read_sees_every_write_that_has_returned(database, other):
    async def work(tx: Tx) -> None:
        await tx.execute("INSERT INTO keys (name, value) VALUES (?, ?)", "a", b"1")

    await database.write(work)
    assert await other.read("SELECT value FROM keys WHERE name = ?", "a") == [(b"1",)]


async def test_reading_writes_nothing(database):
    with pytest.raises(Unavailable, match="it takes no writes"):
        await database.read("INSERT INTO keys (name, value) VALUES ('a', ?)", b"")
    assert await database.read("SELECT name FROM keys") == []


async def test_a_statement_that_takes_too_long_is_ended_and_its_connection_is_kept(database):
    await database.read("SELECT set_config('statement_timeout', '20', false)")
    with pytest.raises(Unavailable, match="a statement took too long"):
        await database.read("SELECT pg_sleep(5)")
    assert await database.read("SELECT current_setting('statement_timeout')") == [("20ms",)]


async def test_connections_that_broke_while_idle_are_not_noticed(gate, through_gate):
    database = await Database.open(through_gate, ManualClock())
    await asyncio.gather(*(database.read("SELECT pg_sleep(0.01)") for _ in range(8)))
    gate.cut()
    assert await asyncio.gather(*(database.read("SELECT 1") for _ in range(8))) == [[(1,)]] * 8
    await database.close()


async def test_a_program_beside_the_servers_refuses_tables_of_another_version(place, clock, schema):
    with pytest.raises(ConfigError, match=r"has schema 0, this program reads 4 \(Start the server"):
        await Database.open_reader(place)
    await (await Database.open(place, clock)).close()
    reader = await Database.open_reader(place)
    assert await reader.read("SELECT count(*) FROM audit") == [(0,)]
    await reader.close()
    ask("INSERT INTO schema_version VALUES (9, '2031-01-01')", schema)
    with pytest.raises(ConfigError, match="the database has schema 9, this program knows up to 4"):
        await Database.open_reader(place)


async def test_a_program_beside_a_server_that_is_away_says_so(gate, through_gate):
    gate.is_open = False
    with pytest.raises(ConfigError, match=r"the database cannot be opened: .* it cannot be reached"):
        await Database.open_reader(through_gate)
