"""Tokens of an app's installation: what the app shows, how long a token is kept, and who is to blame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.desktop import desktop
from support.keys import pem, rsa_key
from support.recordings import recordings
from support.serving import served
from wirepost.connections.connections import Connection
from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

KEY = rsa_key()
PEM = pem(KEY, PrivateFormat.TraditionalOpenSSL)
"""In the form in which GitHub hands keys out."""
(PUBLISHED,) = recordings("installation", "github")


class GitHub:
    """Gives tokens to whoever shows the app's key, as GitHub publishes them."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.versions: list[str | None] = []
        self.asked: list[str] = []
        self.refusal: Response | None = None
        self.changes: dict[str, Any] = {}
        self.app = Starlette(
            routes=[
                Route("/app/installations/{number}/access_tokens", self.token, methods=["POST"]),
                Route("/installation/repositories", self.repositories),
            ]
        )

    async def token(self, request: Request) -> Response:
        self.asked.append(request.path_params["number"])
        self.shown.append(request.headers["authorization"].removeprefix("Bearer "))
        self.versions.append(request.headers.get("x-github-api-version"))
        if self.refusal:
            return self.refusal
        number = len(self.shown)
        body = {**PUBLISHED.told["body"], "token": f"ghs_number{number}", **self.changes}
        return JSONResponse(body, status_code=PUBLISHED.status)

    async def repositories(self, request: Request) -> Response:
        if request.headers["authorization"] != f"Bearer ghs_number{len(self.shown)}":
            return JSONResponse({"message": "Bad credentials"}, status_code=401)
        return JSONResponse({"repositories": [{"owner": {"login": "octocat"}}]})


@asynccontextmanager
async def connected(
    github: GitHub, directory: Path, clock: ManualClock, **options: Any
) -> AsyncIterator[Connection]:
    (directory / "app.pem").write_text(PEM)
    (directory / "app.pem").chmod(0o600)
    async with served(github.app) as address:
        given = {
            "provider": "github",
            "environment": "test",
            "auth": "installation",
            "base_url": address,
            "client_id": "Iv23liExample",
            "installation": "42",
            "private_key": f"file:{directory}/app.pem",
        }
        settings = ConnectionSettings.model_validate({**given, **options})
        connection = Connection("acme", load_provider("github"), settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]
        try:
            yield connection
        finally:
            await connection.close()


async def test_the_app_shows_a_short_token_that_its_key_signed(tmp_path: Path, clock: ManualClock) -> None:
    # https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
    github = GitHub()
    async with connected(github, tmp_path, clock) as connection:
        assert await connection.shared.credential.header() == "Bearer ghs_number1"
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(github.shown[0], KEY.public_key(), algorithms=["RS256"], options=options)
    now = int(clock.now().timestamp())
    assert claims["iss"] == "Iv23liExample"
    assert claims["iat"] == now - 60
    assert now < claims["exp"] <= now + 600
    assert (github.asked, github.versions) == (["42"], ["2022-11-28"])
    assert "number1" not in SECRETS.text("the token ghs_number1")
    assert repr(connection.shared.credential) == "InstallationCredential(acme)"


async def test_a_token_is_kept_for_fifty_minutes_and_fetched_once_for_many(
    tmp_path: Path, clock: ManualClock
) -> None:
    github = GitHub()
    async with connected(github, tmp_path, clock) as connection:
        headers = await asyncio.gather(*(connection.shared.credential.header() for _ in range(10)))
        assert set(headers) == {"Bearer ghs_number1"}
        clock.advance(49 * 60)
        assert await connection.shared.credential.header() == "Bearer ghs_number1"
        clock.advance(2 * 60)
        assert await connection.shared.credential.header() == "Bearer ghs_number2"


@pytest.mark.parametrize(
    ("told", "kept_s"),
    [
        (lambda now: (now + timedelta(minutes=12)).isoformat(), 600),
        (lambda now: (now + timedelta(days=2)).isoformat(), 3000),
        (lambda now: (now - timedelta(days=2)).isoformat(), 3000),
        (lambda now: now.replace(tzinfo=None).isoformat(), 3000),
        (lambda _: "soon", 3000),
        (lambda _: None, 3000),
    ],
)
async def test_a_token_that_ends_earlier_is_renewed_earlier_and_a_wrong_clock_does_not_matter(
    tmp_path: Path, clock: ManualClock, told: Any, kept_s: float
) -> None:
    github = GitHub()
    github.changes = {"expires_at": told(clock.now())}
    async with connected(github, tmp_path, clock) as connection:
        await connection.shared.credential.header()
        clock.advance(kept_s - 5)
        await connection.shared.credential.header()
        assert len(github.shown) == 1
        clock.advance(10)
        await connection.shared.credential.header()
        assert len(github.shown) == 2


async def test_a_refused_token_is_replaced_once_and_the_request_repeated(
    tmp_path: Path, clock: ManualClock
) -> None:
    github = GitHub()
    async with connected(github, tmp_path, clock) as connection:
        client = connection.shared.client(Scope(clock.monotonic() + 45))
        first = await connection.shared.credential.header()
        github.shown.append("somebody else's")  # the vendor has ended the first
        assert (await client.send(Ask("GET", "/installation/repositories"))).status == 200
        connection.shared.credential.forget(first)
        assert await connection.shared.credential.header() == "Bearer ghs_number3"


@pytest.mark.parametrize(
    ("status", "headers", "code"),
    [
        (401, {}, "not_connected"),
        (404, {}, "auth_expired"),
        (403, {}, "auth_expired"),
        (403, {"retry-after": "30"}, "rate_limited"),
        (422, {}, "upstream_rejected"),
        (503, {}, "upstream_unavailable"),
    ],
)
async def test_a_refusal_says_whose_fault_it_is(
    tmp_path: Path, clock: ManualClock, status: int, headers: dict[str, str], code: str
) -> None:
    github = GitHub()
    github.refusal = JSONResponse({"message": "no"}, status_code=status, headers=headers)
    async with connected(github, tmp_path, clock) as connection:
        with pytest.raises(CallError) as refused:
            await connection.shared.credential.header()
    assert refused.value.code == code


@pytest.mark.parametrize("body", [{"token": ""}, {"token": 1}, ["token"], {}])
async def test_an_answer_without_a_token_is_not_understood(
    tmp_path: Path, clock: ManualClock, body: Any
) -> None:
    github = GitHub()
    github.refusal = Response(json.dumps(body), status_code=201)
    async with connected(github, tmp_path, clock) as connection:
        with pytest.raises(Unavailable):
            await connection.shared.credential.header()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"client_id": None}, "no client_id"),
        ({"installation": None}, "no installation"),
        ({"private_key": None}, "no private_key"),
        ({"private_key": "env:SURELY_NOT_SET"}, "SURELY_NOT_SET"),
    ],
)
async def test_what_is_missing_is_named_before_anything_is_sent(
    tmp_path: Path, clock: ManualClock, changes: dict[str, Any], says: str
) -> None:
    github = GitHub()
    async with connected(github, tmp_path, clock, **changes) as connection:
        assert says in (connection.shared.credential.problem or "")
        with pytest.raises(NotConnected, match=says):
            await connection.shared.credential.header()
    assert github.shown == []


async def test_a_key_that_is_none_is_told_without_its_text(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "other.pem").write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    (tmp_path / "other.pem").chmod(0o600)
    options = {"private_key": f"file:{tmp_path}/other.pem"}
    async with connected(GitHub(), tmp_path, clock, **options) as connection:
        with pytest.raises(NotConnected, match="private key cannot be read") as refused:
            await connection.shared.credential.header()
    assert "nonsense" not in str(refused.value.payload())


async def test_a_key_in_another_store_is_asked_for_when_it_is_needed(
    tmp_path: Path, clock: ManualClock
) -> None:
    with desktop(github=[PEM]) as machine:
        async with connected(GitHub(), tmp_path, clock, private_key="keyring:wirepost/github") as connection:
            assert connection.shared.credential.check() is None
            assert machine.asked == 0
            assert await connection.shared.credential.header() == "Bearer ghs_number1"
