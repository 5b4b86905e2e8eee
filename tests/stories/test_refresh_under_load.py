"""A token ends under load, at a server that ends a grant when a refresh token is used twice."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.issuer import Browser, Issuer, issuer, query_of
from support.refreshing import SECRET_VARIABLE, Connected, connected, processes, results_of, settings_of
from support.serving import served
from wirepost.connections.accounts import SHARED, Account
from wirepost.connections.removal import remove
from wirepost.core.clock import Clock

pytestmark = [pytest.mark.services("node"), pytest.mark.slow, pytest.mark.timeout(240)]

BACK = "http://127.0.0.1:8000/oauth/callback"
SECRET = "s%c+r:e&t/="
CLIENT = {
    "client_id": "web",
    "client_secret": SECRET,
    "redirect_uris": [BACK],
    "response_types": ["code"],
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "client_secret_post",
    "scope": "openid offline_access",
}
VERIFIER = "v" * 43


@pytest.fixture(autouse=True)
def client_secret(monkeypatch):
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)


async def consent(url: str) -> str:
    """A person agrees; the code."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": "web",
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid offline_access",
        "prompt": "consent",
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    person = Browser()
    try:
        return query_of(await person.go(str(httpx2.URL(f"{url}/auth", params=query)), stop_at=BACK))["code"]
    finally:
        await person.close()


async def connect(one: Connected, server: Issuer) -> None:
    """A person connects the account."""
    endpoint = one.connection.endpoint()
    granted = (await endpoint.exchange_code(await consent(server.url), BACK, VERIFIER))["main"]
    assert granted.tokens.refresh
    await one.accounts.put(
        Account(
            "crm",
            tokens=granted.tokens,
            expires_at=granted.expires_at,
            refresh_at=granted.refresh_at,
            scopes_granted=granted.scopes,
        )
    )
    assert await one.call("/me") == "ok"


@asynccontextmanager
async def story(place, clock: Clock | None = None, **settings) -> AsyncIterator[tuple[Issuer, Connected]]:
    async with issuer(clients=[CLIENT], **settings) as server:
        how = settings_of(server.url, "web")
        async with connected(place, how, clock) as one:
            await connect(one, server)
            yield server, one


async def test_many_calls_of_many_processes_renew_an_expired_token_once(place) -> None:
    async with story(place) as (server, one):
        await one.expire()
        how = settings_of(server.url, "web")
        async with processes(4, place, how, path="/me", calls=25) as started:
            assert await results_of(started) == {"ok": 100}
        assert await server.events("grant.success refresh_token") == 1
        assert await server.events("grant.error refresh_token") == 0
        assert await server.events("grant.revoked") == 0
        await one.expire()
        assert await one.call("/me") == "ok"  # the grant is alive


async def test_many_calls_of_many_processes_learn_of_a_dead_grant_by_one_question(place) -> None:
    async with story(place) as (server, one):
        await one.connection.endpoint().revoke((await one.stored()).tokens)
        await one.expire()
        how = settings_of(server.url, "web")
        async with processes(4, place, how, path="/me", calls=25) as started:
            assert await results_of(started) == {"auth_expired invalid_grant": 100}
        assert await server.events("grant.error refresh_token") == 1
        assert (await one.stored()).state == "needs_reauth"


async def test_a_refused_token_is_renewed_once_by_many_processes(place) -> None:
    async with story(place) as (server, one):
        stored = await one.stored()
        await one.accounts.put(Account("crm", tokens=stored.tokens))  # when it ends is not known to us
        async with served(api_that_refuses(stored.access_token)) as address:
            how = {**settings_of(server.url, "web"), "base_url": address}
            async with processes(4, place, how, path="/me", calls=25) as started:
                assert await results_of(started) == {"ok": 100}
        assert await server.events("grant.success refresh_token") == 1
        assert await server.events("grant.error refresh_token") == 0


def api_that_refuses(token: str) -> Starlette:
    """An API for which one token has ended."""

    async def me(request: Request) -> Response:
        given = request.headers["authorization"].removeprefix("Bearer ")
        return JSONResponse({}, 401 if given == token else 200)

    return Starlette(routes=[Route("/me", me)])


async def status(server: Issuer, token: str) -> int:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{server.url}/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_a_process_killed_before_it_stored_the_new_token_costs_one_consent(place) -> None:
    async with story(place) as (server, one):
        await one.expire()
        how = settings_of(server.url, "web")
        async with processes(1, place, how, path="/me", calls=5, is_killed=True, lease_s=2.0) as started:
            assert await results_of(started) == {"died": 1}
        assert await server.events("grant.success refresh_token") == 1
        assert [await one.call("/me") for _ in range(3)] == ["auth_expired invalid_grant"] * 3
        assert await server.events("grant.error refresh_token") == 1
        await connect(one, server)  # the person consents again, and all is well
        assert (await one.stored()).state == "active"


async def test_an_answer_that_is_lost_costs_one_consent_where_the_server_is_strict(tmp_path) -> None:
    async with story(tmp_path / "wirepost.db") as (server, one):
        await one.expire()
        await server.cut("/token")
        assert [await one.call("/me") for _ in range(3)] == ["auth_expired rotation_lost"] * 3
        assert await server.requests("/token") == 3  # the code, the one that was lost, and its repetition
        assert (await one.stored()).reason == "rotation_lost"


async def test_an_outage_costs_nothing(tmp_path) -> None:
    async with story(tmp_path / "wirepost.db") as (server, one):
        await one.expire()
        await server.fail("/token", times=2, status=502, body="<html>Bad gateway</html>")
        assert (await one.call("/me")).startswith("upstream_unavailable")
        await server.fail("/token", times=0)
        assert (await one.stored()).state == "degraded"
        await connected_long_ago(one)
        assert await one.call("/me") == "ok"


async def connected_long_ago(one: Connected) -> None:
    """The token has ended, and the time to cool down has passed."""
    tokens = (await one.stored()).tokens
    await one.accounts.put(Account("crm", tokens=tokens, refresh_at=1.0, expires_at=1.0))


class Wrong(Clock):
    """A clock that is minutes off."""

    def __init__(self, minutes: float) -> None:
        self._off = timedelta(minutes=minutes)

    def now(self) -> datetime:
        """What it shows."""
        return super().now() + self._off


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_a_wrong_clock_changes_nothing(tmp_path, minutes) -> None:
    async with story(tmp_path / "wirepost.db", Wrong(minutes)) as (server, one):
        for _ in range(3):
            assert await one.call("/me") == "ok"
        assert await server.events("grant.success refresh_token") == 0
        await one.expire()
        assert await one.call("/me") == "ok"
        assert await one.call("/me") == "ok"
        assert await server.events("grant.success refresh_token") == 1


async def test_an_account_that_is_removed_is_given_back(tmp_path) -> None:
    async with story(tmp_path / "wirepost.db") as (server, one):
        stored = await one.stored()
        assert await remove(one.connection, SHARED, one.refresher) is None
        assert await one.accounts.find("crm") is None
        assert await status(server, stored.access_token) == 401
        assert await server.events("grant.revoked") == 1
        assert await one.call("/me") == "not_connected"


def test_the_secret_of_the_client_is_one_that_must_be_encoded() -> None:
    assert os.environ[SECRET_VARIABLE] == SECRET
