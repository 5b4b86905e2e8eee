"""Accounts behind connections, from one start to the next."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from wirepost.connections.accounts import USER, Account, Accounts, Tokens
from wirepost.core.errors import NotConnected
from wirepost.secrets.vault import KeyRing, Vault
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


@pytest.fixture
def accounts(database, clock):
    return Accounts(database, clock, Vault(KeyRing([b"k" * 32])))


def account(**changes) -> Account:
    given = {"tokens": Tokens("access-1", "refresh-1"), "scopes_granted": ("b", "a"), "connected_at": 5.0}
    return Account("crm", **{**given, **changes})


async def test_an_account_comes_back_as_it_was_stored(accounts) -> None:
    full = account(
        owner="anna",
        part="user",
        state="degraded",
        reason="why",
        account_key="1",
        account_label="Acme",
        address="https://acme.example",
        scopes_requested=("a",),
        checked_at=1.5,
        expires_at=2.5,
        refresh_at=3.5,
        refresh_expires_at=4.5,
        refreshed_at=6.5,
        failed_at=7.5,
        failures=2,
    )
    stored = await accounts.put(full)
    assert stored == dataclasses.replace(full, id=stored.id, generation=1)
    assert await accounts.find("crm", "anna", "user") == dataclasses.replace(
        stored, scopes_granted=("a", "b")
    )
    assert "access-1" not in repr(stored)
    assert await accounts.find("crm") is None


async def test_who_connects_again_takes_the_place_of_before(accounts) -> None:
    first = await accounts.put(account())
    second = await accounts.put(account(tokens=Tokens("access-2")))
    assert (second.id, second.generation) == (first.id, 2)
    found = await accounts.find("crm")
    assert found is not None
    assert (found.access_token, found.refresh_token) == ("access-2", None)


async def test_a_generation_follows_the_one_before_it_or_none(accounts) -> None:
    first = await accounts.put(account(state="degraded", reason="x", failures=3, failed_at=1.0))
    second = dataclasses.replace(first, generation=2, tokens=Tokens("access-2", "refresh-2"), expires_at=9.0)
    assert await accounts.renew(second) is True
    assert await accounts.renew(second) is False
    assert await accounts.renew(dataclasses.replace(second, id="acc_other", generation=3)) is False
    found = await accounts.find("crm")
    assert found is not None
    assert (found.generation, found.tokens, found.expires_at) == (2, second.tokens, 9.0)
    assert (found.state, found.reason, found.failures, found.failed_at) == ("active", None, 0, None)


async def test_of_many_who_renew_at_once_one_wins(accounts) -> None:
    first = await accounts.put(account())
    tries = (
        accounts.renew(dataclasses.replace(first, generation=2, tokens=Tokens(f"access-{number}")))
        for number in range(20)
    )
    assert sum(await asyncio.gather(*tries)) == 1


async def test_a_failure_is_counted_and_its_first_change_of_state_told(accounts, clock) -> None:
    stored = await accounts.put(account())
    assert await accounts.mark(stored, "degraded", "http_503") is True
    assert await accounts.mark(stored, "degraded", "http_502") is False
    found = await accounts.find("crm")
    assert found is not None
    assert (found.state, found.reason, found.failures) == ("degraded", "http_502", 2)
    assert found.failed_at == clock.now().timestamp()
    assert await accounts.mark(stored, "needs_reauth", "invalid_grant") is True
    for state in ("needs_reauth", "degraded"):
        assert await accounts.mark(stored, state, "later") is False
    ended = await accounts.find("crm")
    assert ended is not None
    assert (ended.state, ended.reason, ended.failures) == ("needs_reauth", "invalid_grant", 3)


async def test_what_failed_with_old_tokens_says_nothing_about_new_ones(accounts) -> None:
    old = await accounts.put(account())
    await accounts.put(account())
    assert await accounts.mark(old, "needs_reauth", "invalid_grant") is False
    found = await accounts.find("crm")
    assert found is not None
    assert found.state == "active"


async def test_a_retired_account_is_forgotten_unless_somebody_connects_anew(accounts) -> None:
    await accounts.put(account(owner="berta"))
    stored = await accounts.put(account(owner="anna"))
    await accounts.put(account(owner="anna", part="user"))
    await accounts.retire("crm", "anna")
    assert [(each.owner, each.part, each.state) for each in await accounts.everyone()] == [
        ("anna", "main", "revoking"),
        ("anna", "user", "revoking"),
        ("berta", "main", "active"),
    ]
    assert await accounts.mark(stored, "degraded", "x") is False
    await accounts.put(account(owner="anna"))
    await accounts.delete(stored)
    assert await accounts.find("crm", "anna") is not None
    await accounts.retire("crm", "anna")
    await accounts.delete(stored)
    assert await accounts.find("crm", "anna") is None
    assert len(await accounts.everyone("crm")) == 2
    assert await accounts.everyone("other") == []


async def test_a_check_adds_to_what_is_known_of_an_account(accounts) -> None:
    await accounts.put(account(account_key="1", account_label="Acme"))
    await accounts.note_checked(Account("crm"), None)
    found = await accounts.find("crm")
    assert found is not None
    assert (found.account_key, found.account_label, found.scopes_granted) == ("1", "Acme", ("a", "b"))
    await accounts.note_checked(Account("crm", account_label="Acme Ltd"), ["c"])
    again = await accounts.find("crm")
    assert again is not None
    assert (again.account_label, again.scopes_granted, again.access_token) == ("Acme Ltd", ("c",), "access-1")


async def test_tokens_that_were_moved_to_another_row_are_not_opened(accounts, database) -> None:
    await accounts.put(account(owner="anna", tokens=Tokens("annas")))
    await accounts.put(account(owner="berta", tokens=Tokens("bertas")))

    async def swap(tx) -> None:
        await tx.execute(
            "UPDATE accounts SET tokens = (SELECT tokens FROM accounts WHERE owner = 'anna') "
            "WHERE owner = 'berta'"
        )

    await database.write(swap)
    with pytest.raises(NotConnected):
        await accounts.find("crm", "berta")
