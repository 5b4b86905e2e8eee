"""Accounts behind connections, from one start to the next."""

from __future__ import annotations

from wirepost.connections.accounts import Account, Accounts
from wirepost.store.database import Database


async def test_what_was_found_last_is_known_after_a_restart(tmp_path, clock) -> None:
    database = await Database.open(tmp_path / "wirepost.db", clock)
    accounts = Accounts(database, clock)
    assert await accounts.known_scopes() == {}
    await accounts.note_checked(Account("slack"), ["chat:write"])
    await accounts.note_checked(Account("slack", account_label="Acme"), ["chat:write", "users:read"])
    await accounts.note_checked(Account("stripe"), None)
    await accounts.note_checked(Account("crm"), [])
    await database.close()
    database = await Database.open(tmp_path / "wirepost.db", clock)
    accounts = Accounts(database, clock)
    assert await accounts.known_scopes() == {
        "slack": frozenset({"chat:write", "users:read"}),
        "stripe": None,
        "crm": frozenset(),
    }
    found = await accounts.find("slack")
    assert found is not None
    assert (found.account_label, found.scopes_granted) == ("Acme", ("chat:write", "users:read"))
    await database.close()
