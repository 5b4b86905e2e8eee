"""The same at a second, independently written authorization server, which can also forgive a repetition."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from support.django_oauth import CLIENT, FIRST, SECRET, django_server
from support.refreshing import SECRET_VARIABLE, connected, processes, results_of, settings_of
from wirepost.connections.accounts import SHARED, Account
from wirepost.connections.removal import remove

pytestmark = [pytest.mark.services("django-oauth"), pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(autouse=True)
def client_secret(monkeypatch):
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)


@asynccontextmanager
async def story(directory, **settings):
    async with django_server(directory, **settings) as server:
        how = settings_of(server.url, CLIENT)
        place = directory / "wirepost.db"
        async with connected(place, how) as one:
            await one.accounts.put(Account("crm", tokens=FIRST, expires_at=1.0, refresh_at=1.0))
            yield server, one, place, how


async def test_many_calls_of_many_processes_renew_an_expired_token_once(tmp_path) -> None:
    async with story(tmp_path) as (server, one, place, how):
        async with processes(4, place, how, path="/me", calls=25) as started:
            assert await results_of(started) == {"ok": 100}
        assert await server.answers("/token", 200) == 1
        assert await server.answers("/token", 400) == 0
        await one.expire()
        assert await one.call("/me") == "ok"


async def test_a_process_killed_before_it_stored_the_new_token_costs_nothing_where_that_is_forgiven(
    tmp_path,
) -> None:
    async with story(tmp_path, grace_s=120) as (server, one, place, how):
        async with processes(1, place, how, path="/me", calls=5, is_killed=True, lease_s=2.0) as started:
            assert await results_of(started) == {"died": 1}
        assert [await one.call("/me") for _ in range(3)] == ["ok"] * 3
        assert await server.answers("/token", 200) == 2


async def test_it_costs_one_consent_where_it_is_not(tmp_path) -> None:
    async with story(tmp_path) as (server, one, place, how):
        async with processes(1, place, how, path="/me", calls=5, is_killed=True, lease_s=2.0) as started:
            assert await results_of(started) == {"died": 1}
        assert [await one.call("/me") for _ in range(3)] == ["auth_expired invalid_grant"] * 3
        assert await server.answers("/token", 400) == 1


async def test_an_account_that_is_removed_is_given_back(tmp_path) -> None:
    async with story(tmp_path) as (server, one, _, _):
        assert await remove(one.connection, SHARED, one.refresher) is None
        assert await server.answers("/token/revocation", 200) >= 1
        assert await one.call("/me") == "not_connected"
