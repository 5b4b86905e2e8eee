"""Permissions of connections, from one start to the next."""

from __future__ import annotations

from wirepost.connections.grants import Grants
from wirepost.store.database import Database


async def test_what_was_found_last_is_known_after_a_restart(tmp_path, clock) -> None:
    database = await Database.open(tmp_path / "wirepost.db", clock)
    grants = Grants(database, clock)
    assert await grants.known() == {}
    await grants.note("slack", ["chat:write"])
    await grants.note("slack", ["chat:write", "users:read"])
    await grants.note("stripe", None)
    await grants.note("crm", [])
    await database.close()
    database = await Database.open(tmp_path / "wirepost.db", clock)
    assert await Grants(database, clock).known() == {
        "slack": frozenset({"chat:write", "users:read"}),
        "stripe": None,
        "crm": frozenset(),
    }
    await database.close()
