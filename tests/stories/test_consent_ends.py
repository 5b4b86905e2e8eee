"""A running server looks after the accounts that people connected, and notes when a consent ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from support.disk import fill_disk, free_disk
from support.running import running
from support.serving import served
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from wirepost.calls.audit import records, verify
from wirepost.connections.accounts import Account, Tokens
from wirepost.core.errors import NotConnected
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope


@pytest.fixture
def server():
    return TokenServer()


@asynccontextmanager
async def wirepost_with(server, directory, clock, monkeypatch):
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    async with served(server.app) as address:
        crm = {
            "provider": "http",
            "environment": "test",
            "auth": "oauth",
            "client_id": CLIENT,
            "client_secret": "env:CLIENT_SECRET",
            "base_url": address,
            "check": "/notes",
            "oauth": {
                "authorize_url": f"{address}/authorize",
                "token_url": f"{address}/token",
                "revoke_url": f"{address}/revoke",
                "rotates": True,
            },
        }
        async with running(directory, clock, connections={"crm": crm}) as wirepost:
            yield wirepost.app


async def read(app) -> None:
    access = await app.connections.by_name["crm"].access("local")
    await access.client(Scope(app.clock.monotonic() + 60)).send(Ask("GET", "/notes"))


async def put(app, **changes) -> None:
    await app.accounts.put(Account("crm", **{"tokens": Tokens(*FIRST), "account_key": "62515", **changes}))


async def test_the_end_of_a_consent_is_in_the_audit_once(server, tmp_path, clock, monkeypatch) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await put(app, expires_at=1.0, refresh_at=1.0)
        server.end()
        ended = await asyncio.gather(*(read(app) for _ in range(5)), return_exceptions=True)
        assert {error.code for error in ended if isinstance(error, NotConnected)} == {"auth_expired"}
        noted = [json.loads(record) async for _, _, record, _, _ in records(app.database)]
        assert noted == [
            {
                "at": "2026-11-25T10:00:00Z",
                "event": "connection.needs_reauth",
                "connection": "crm",
                "owner": "shared",
                "part": "main",
                "account": "62515",
                "reason": "invalid_grant",
            }
        ]
        assert (await verify(app.database)).is_whole
        (told,) = await app.hub.events.after(0, 10)
        assert (told.type, told.subject, told.source) == (
            "connection.needs_reauth",
            "connection/crm",
            "wirepost",
        )
        assert told.data == {"connection": "crm", "account": "62515"}


async def test_tokens_survive_a_restart_and_are_readable_nowhere(
    server, tmp_path, clock, monkeypatch
) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await put(app, expires_at=1.0, refresh_at=1.0)
        await read(app)
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await read(app)
    assert server.used == ["access-token-1"] * 2
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert b"access-token-1" not in file.read_bytes()
            assert b"refresh-token-1" not in file.read_bytes()


async def test_once_a_day_idle_ends_are_prevented_and_removed_accounts_given_back(
    server, tmp_path, clock, monkeypatch
) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await put(app, state="revoking")
        await app.keep_accounts()
        assert [each["token"] for each in server.revoked] == [FIRST[1], FIRST[0]]
        assert await app.accounts.everyone() == []


async def test_a_check_leaves_what_the_consent_told(server, tmp_path, clock, monkeypatch) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await app.check_connections()  # nobody has connected it: nothing to ask
        assert not server.used
        await put(app, scopes_granted=("a", "b"), account_label="Acme")
        await app.check_connections()
        found = await app.accounts.find("crm")
        assert found is not None
        assert (found.scopes_granted, found.account_key) == (("a", "b"), "62515")
        assert (found.tokens, found.checked_at) == (Tokens(*FIRST), clock.now().timestamp())


async def test_new_tokens_wait_for_a_disk_that_is_full(server, tmp_path, clock, monkeypatch, caplog) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await put(app, expires_at=1.0, refresh_at=1.0)

        async def fill() -> None:
            await fill_disk(app.database, "accounts")

        server.before = fill
        await read(app)
        await free_disk(app.database)
        assert server.used == ["access-token-1"]
        await read(app)
        found = await app.accounts.find("crm")
        assert found is not None
        assert found.access_token == "access-token-1"
        assert "kept outside the database" in caplog.text


async def test_what_cannot_be_noted_at_once_is_noted_later(
    server, tmp_path, clock, monkeypatch, caplog
) -> None:
    async with wirepost_with(server, tmp_path, clock, monkeypatch) as app:
        await put(app, expires_at=1.0, refresh_at=1.0)
        server.end()
        await fill_disk(app.database, "audit")
        with pytest.raises(NotConnected):
            await read(app)
        await free_disk(app.database)
        await app.audit.flush()
        assert len([one async for one in records(app.database)]) == 1
        assert "connection.needs_reauth of crm is recorded later" in caplog.text
