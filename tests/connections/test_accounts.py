"""Accounts behind connections, from one start to the next."""

from __future__ import annotations

from wirepost.connections.accounts import USER, Account, Accounts
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


async def test_what_all_parts_of_a_shared_account_may_do_is_known_together(tmp_path, clock) -> None:
    database = await Database.open(tmp_path / "wirepost.db", clock)
    accounts = Accounts(database, clock)
    await accounts.put(Account("chat", scopes_granted=("read",)))
    await accounts.put(Account("chat", part=USER, scopes_granted=("search",)))
    await accounts.put(Account("chat", "anna", scopes_granted=("write",)))
    await accounts.put(Account("crm"))
    await accounts.put(Account("crm", part=USER, scopes_granted=("search",)))
    assert await accounts.known_scopes() == {"chat": frozenset({"read", "search"}), "crm": None}
    await database.close()
