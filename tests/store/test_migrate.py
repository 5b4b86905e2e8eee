"""Migrations lead to the schema on the one page, whole steps only, and never from the future."""

from __future__ import annotations

import re
from pathlib import Path

import apsw
import pytest

import wirepost.store
from wirepost.core.errors import ConfigError
from wirepost.store.database import Database
from wirepost.store.migrate import MIGRATIONS, find_version, list_migrations, migrate
from wirepost.store.sqlite.session import SqliteSession

MEMORY = Path(":memory:")
SCHEMA = Path(wirepost.store.__file__).parent / "schema.sql"


def shape(connection: apsw.Connection) -> set[tuple[str, ...]]:
    rows = connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema").fetchall()
    return {(*row[:3], " ".join(re.sub(r"--[^\n]*", "", row[3]).split())) for row in rows}


def test_the_migrations_produce_exactly_the_schema_on_the_page(clock):
    migrated, written = apsw.Connection(":memory:"), apsw.Connection(":memory:")
    migrate(SqliteSession(migrated, MEMORY), clock, "")
    written.execute(SCHEMA.read_text()).fetchall()
    assert shape(migrated) == shape(written)
    tables = {name for kind, name, *_ in shape(written) if kind == "table"}
    assert tables == {"schema_version", "intents", "confirmations", "spend", "audit", "keys"} | {
        *("accounts", "flows", "links", "leases", "commits", "caller_tokens"),
        *("events", "raw_bodies", "receipts", "dead_letters", "endpoints", "own_writes", "taints"),
        *("subscriptions", "deliveries", "delivery_attempts", "wakes", "work"),
        *("jobs", "files", "file_parts", "ai_usage", "cached", "unread"),
    }


def test_migrations_are_numbered_without_a_gap():
    assert [number for number, _ in list_migrations()] == list(range(1, len(list(MIGRATIONS.iterdir())) + 1))


async def test_what_was_applied_is_recorded_once(place, clock, database):
    applied = [(number, "2026-11-25T10:00:00+00:00") for number in (1, 2, 3, 4)]
    assert await database.read("SELECT version, applied_at FROM schema_version") == applied
    clock.advance(60)
    again = await Database.open(place, clock)
    assert await again.read("SELECT version, applied_at FROM schema_version") == applied
    await again.close()


def test_a_step_that_fails_leaves_the_step_before_it(tmp_path, clock):
    (tmp_path / "0001.sql").write_text(list_migrations()[0][1])
    (tmp_path / "0002.sql").write_text("CREATE TABLE half (a TEXT); CREATE TABLE half (a TEXT);")
    connection = apsw.Connection(":memory:")
    session = SqliteSession(connection, MEMORY)
    with pytest.raises(apsw.SQLError, match="table half already exists"):
        migrate(session, clock, "", tmp_path)
    assert find_version(session) == 1
    assert not connection.table_exists(None, "half")

    (tmp_path / "0002.sql").write_text("CREATE TABLE whole (a TEXT);")
    migrate(session, clock, "", tmp_path)
    assert find_version(session) == 2
    assert connection.table_exists(None, "whole")


async def test_a_database_of_a_newer_version_is_refused(place, clock, database):
    await database.write(lambda tx: tx.execute("INSERT INTO schema_version VALUES (9, '2031-01-01')"))
    for opening in (Database.open(place, clock), Database.open_reader(place)):
        with pytest.raises(ConfigError, match=r": the database has schema 9, this program knows up to 4 \("):
            await opening


async def test_a_reader_refuses_a_database_that_waits_for_its_migration(path):
    path.parent.mkdir()
    apsw.Connection(str(path)).execute("CREATE TABLE other (a)")
    with pytest.raises(ConfigError, match="the database has schema 0, this program reads 4"):
        await Database.open_reader(path)
