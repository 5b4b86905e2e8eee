"""The shelf in the store: shared by servers, deleted by the daily housekeeping once it is too old."""

from __future__ import annotations

from datetime import timedelta

from support.clock import ManualClock
from wirepost.store.cache.table import TableShelf
from wirepost.store.database import Database
from wirepost.store.retention import prune


async def test_another_server_finds_what_one_has_kept(
    database: Database, other: Database, clock: ManualClock
) -> None:
    await TableShelf(database, clock).put("a", b"\x00\xff", 60)
    assert await TableShelf(other, clock).get("a") == b"\x00\xff"


async def test_what_is_too_old_is_gone_and_later_deleted(database: Database, clock: ManualClock) -> None:
    shelf = TableShelf(database, clock)
    await shelf.put("old", b"1", 60)
    await shelf.put("new", b"1", 600)
    clock.advance(60)
    assert await shelf.get("old") is None
    await prune(database, clock, timedelta(days=3))
    assert await database.read("SELECT key FROM cached LIMIT 9") == [("new",)]
