"""Accounts that go: nobody uses them, and their newest tokens are given back."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest
from starlette.responses import JSONResponse, Response

from support.sample_vendor import SAMPLE, connection_settings
from support.serving import served
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from support.worlds import world_at
from wirepost.connections.accounts import MAIN, SHARED, USER, Account, Accounts, Tokens
from wirepost.connections.connections import Connection, Connections
from wirepost.connections.oauth.refresh import Refresher
from wirepost.connections.removal import give_back, keep_accounts, remove
from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.core.errors import NotConnected
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.store.database import Database
from wirepost.store.leases import Leases

PLACE = ("crm", SHARED, MAIN)


@pytest.fixture
def server():
    return TokenServer()


@pytest.fixture
async def database(tmp_path, clock):
    database = await Database.open(tmp_path / "wirepost.db", clock)
    yield database
    await database.close()


@pytest.fixture
async def refresher(database, clock):
    accounts = Accounts(database, clock, Vault(KeyRing([b"k" * 32])))
    refresher = Refresher(accounts, Leases(database, clock), clock)
    yield refresher
    await refresher.close()


@pytest.fixture
async def connection(server, refresher, clock, monkeypatch):
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    async with served(server.app) as address:
        method = OAuth2(
            f"{address}/authorize",
            f"{address}/token",
            "Ask.",
            revocation=Revocation(f"{address}/revoke"),
            rotates=True,
            idle_days=30,
        )
        provider = dataclasses.replace(SAMPLE, auth=(method, *SAMPLE.auth))
        settings = connection_settings(
            "test", client_id=CLIENT, client_secret="env:CLIENT_SECRET", base_url=address
        )
        made = Connection("crm", provider, settings, clock, lambda: world_at(clock.now()))
        made.refresher = refresher
        yield made
        await made.close()


async def put(refresher, **changes) -> Account:
    return await refresher.accounts.put(Account("crm", **{"tokens": Tokens(*FIRST), **changes}))


async def test_an_account_is_given_back_with_all_its_parts(connection, refresher, server) -> None:
    await put(refresher)
    await put(refresher, part=USER, tokens=Tokens("the-users-token"))
    await put(refresher, owner="anna", tokens=Tokens("annas-token"))
    before = connection.shared
    assert await remove(connection, SHARED, refresher) is None
    assert [each["token"] for each in server.revoked] == [FIRST[1], FIRST[0], "the-users-token"]
    assert [each.owner for each in await refresher.accounts.everyone("crm")] == ["anna"]
    assert connection.shared is not before  # answers that were remembered go with the account


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Response(status_code=503), "failing at the moment"),
        (JSONResponse({"error": "invalid_client", "error_description": "Who?"}, 401), "Who?"),
    ],
)
async def test_what_cannot_be_given_back_now_is_given_back_later(
    connection, refresher, server, answer, says
) -> None:
    await put(refresher)
    server.answers = [answer] * 3
    assert says in (await remove(connection, SHARED, refresher) or "")
    with pytest.raises(NotConnected, match="No account"):
        await refresher.usable(*PLACE, connection.endpoint())
    server.answers.clear()
    server.revoked.clear()
    await keep_accounts(Connections({"crm": connection}), refresher)
    assert [each["token"] for each in server.revoked] == [FIRST[1], FIRST[0]]
    assert await refresher.accounts.everyone() == []


async def test_later_may_be_later_still(connection, refresher, server, caplog) -> None:
    await put(refresher, state="revoking")
    server.answers = [Response(status_code=503)] * 3
    await keep_accounts(Connections({"crm": connection}), refresher)
    assert "could not be given back yet" in caplog.text
    assert len(await refresher.accounts.everyone()) == 1


async def test_a_client_that_is_gone_leaves_the_account_waiting(connection, refresher, server) -> None:
    await put(refresher)
    connection.settings = connection.settings.model_copy(update={"client_id": None})
    assert await remove(connection, SHARED, refresher) == "no client_id is configured"
    assert len(await refresher.accounts.everyone()) == 1


async def test_the_tokens_of_a_refresh_under_way_are_those_that_are_given_back(
    connection, refresher, server
) -> None:
    await put(refresher, expires_at=1.0, refresh_at=1.0)
    started, answered = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        started.set()
        await answered.wait()

    server.before = slowly
    using = asyncio.ensure_future(refresher.usable(*PLACE, connection.endpoint()))
    await started.wait()
    removing = asyncio.ensure_future(remove(connection, SHARED, refresher))
    answered.set()
    assert await removing is None
    await asyncio.gather(using, return_exceptions=True)
    assert [each["token"] for each in server.revoked] == ["refresh-token-1", "access-token-1"]
    assert await refresher.accounts.everyone() == []


async def test_an_account_that_was_connected_anew_stays(connection, refresher, server) -> None:
    retired = await put(refresher, state="revoking")
    await put(refresher)
    assert await give_back(connection, retired, refresher) is None
    assert not server.revoked
    assert len(await refresher.accounts.everyone()) == 1


async def test_tokens_that_nobody_can_open_are_forgotten(
    connection, refresher, database, clock, caplog
) -> None:
    await put(refresher)
    other_key = Accounts(database, clock, Vault(KeyRing([b"x" * 32])))
    stranger = Refresher(other_key, Leases(database, clock), clock)
    assert await remove(connection, SHARED, stranger) is None
    assert "cannot be given back" in caplog.text
    assert await refresher.accounts.everyone() == []


async def test_an_account_without_tokens_is_only_forgotten(connection, refresher, server) -> None:
    await put(refresher, tokens=None)
    assert await remove(connection, SHARED, refresher) is None
    assert not server.revoked
    assert await refresher.accounts.everyone() == []


async def test_idle_grants_are_kept_alive_and_troubles_stay_apart(
    connection, refresher, server, clock, caplog
) -> None:
    await put(refresher, connected_at=clock.now().timestamp())
    await refresher.accounts.put(Account("gone-from-the-configuration", tokens=Tokens("a", "b")))
    clock.advance(11 * 86_400)
    server.answers = [Response(status_code=503)] * 2
    everything = Connections({"crm": connection})
    await keep_accounts(everything, refresher)
    assert "could not be looked after" in caplog.text
    clock.advance(86_400)
    await keep_accounts(everything, refresher)
    assert (await refresher.usable(*PLACE, connection.endpoint())).access_token == "access-token-1"


async def test_connections_by_key_have_nothing_to_keep_alive(connection, refresher, server, clock) -> None:
    await put(refresher, connected_at=1.0)
    connection.settings = connection.settings.model_copy(update={"auth": "key"})
    await keep_accounts(Connections({"crm": connection}), refresher)
    assert not server.asked


async def test_only_one_process_has_the_turn(connection, refresher, server, database, clock) -> None:
    await put(refresher, state="revoking")
    async with Leases(database, clock).hold("accounts", ttl_s=60, wait_s=1):
        await keep_accounts(Connections({"crm": connection}), refresher)
    assert not server.revoked
