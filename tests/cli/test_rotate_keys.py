"""`wirepost connections rotate-keys`: what is stored opens with the newest key afterwards."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

from wirepost.connections.accounts import Account, Accounts, Tokens
from wirepost.core.clock import Clock
from wirepost.secrets.vault import KeyRing, Vault, key_id
from wirepost.store.database import Database
from wirepost.store.owner import DataDirectory

OLD, NEW, LOST = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))


@pytest.fixture
def directory(home: Path) -> DataDirectory:
    """The data directory of this home."""
    directory = DataDirectory(home / ".local" / "share" / "wirepost")
    directory.create()
    return directory


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key and the old one."""
    monkeypatch.setenv("NEW_KEY", base64.b64encode(NEW).decode())
    monkeypatch.setenv("OLD_KEY", base64.b64encode(OLD).decode())
    monkeypatch.setenv("WIREPOST__SECRETS__KEYS", "env:NEW_KEY,env:OLD_KEY")


def stored(directory: DataDirectory, key: bytes, name: str) -> None:
    """An account whose tokens are sealed with this key."""

    async def store() -> None:
        database = await Database.open(directory.database_path, Clock())
        accounts = Accounts(database, Clock(), Vault(KeyRing([key])))
        await accounts.put(Account(name, tokens=Tokens("an access token", "a refresh token")))
        await database.close()

    asyncio.run(store())


def tokens(directory: DataDirectory, key: bytes, name: str) -> Tokens | None:
    async def find() -> Account | None:
        database = await Database.open(directory.database_path, Clock())
        try:
            return await Accounts(database, Clock(), Vault(KeyRing([key]))).find(name)
        finally:
            await database.close()

    found = asyncio.run(find())
    return found.tokens if found else None


@pytest.mark.usefixtures("keys")
def test_what_is_stored_is_sealed_with_the_first_key_and_counted(cli, directory: DataDirectory) -> None:
    stored(directory, OLD, "crm")
    ran = cli("connections", "rotate-keys")
    assert ran.code == 0
    assert ran.out.startswith("1 sealed with the newest key, 0 were already")
    assert ran.err == "accounts: 1 looked at, 1 sealed with the newest key\n"
    assert tokens(directory, NEW, "crm") == Tokens("an access token", "a refresh token")
    again = {"rewrapped": 0, "current": 1, "passed_over": 0, "key_unavailable": []}
    assert cli("connections", "rotate-keys", "--json").json == again


@pytest.mark.usefixtures("keys")
def test_a_lost_key_is_named_for_each_row_and_fails(cli, directory: DataDirectory) -> None:
    stored(directory, LOST, "crm")
    ran = cli("connections", "rotate-keys")
    assert ran.code == 1
    assert "key_unavailable: accounts acc_" in ran.err
    assert f"of crm: What is stored was sealed with the key {key_id(LOST)}" in ran.err
    assert "1 cannot be opened" in ran.out


def test_without_keys_there_is_nothing_to_do(cli) -> None:
    ran = cli("connections", "rotate-keys")
    assert ran.code == 2
    assert "nothing is stored sealed" in ran.err


@pytest.mark.usefixtures("keys")
def test_what_sandboxes_made_up_before_there_was_a_key_is_sealed_with_it(
    cli, directory: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIREPOST__SECRETS__KEYS")
    assert cli("tools", "call", "connection_list").code == 0
    monkeypatch.setenv("WIREPOST__SECRETS__KEYS", "env:NEW_KEY")
    ran = cli("connections", "rotate-keys", "--json")
    assert ran.json["key_unavailable"] == []
    assert ran.json["rewrapped"] > 0
