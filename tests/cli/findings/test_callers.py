"""Findings about who may call."""

from __future__ import annotations

import httpx2
import pytest

from wirepost.cli.findings.callers import callers
from wirepost.server.auth.caller_tokens import create
from wirepost.settings import ServerSettings, Settings
from wirepost.store.database import Database

ISSUER = "https://login.example.com"
OAUTH = {"mode": "oauth", "issuer": ISSUER}


async def look(tmp_path, clock, *, is_offline=False, transport=None, **server):
    settings = Settings(data_dir=tmp_path, server=ServerSettings.model_validate(server))
    found = callers(settings, clock, lambda _: None, is_offline=is_offline, transport=transport)
    return [(each.status, each.what) async for each in found]


@pytest.mark.parametrize(
    ("server", "status"),
    [
        ({}, "ok"),
        ({"host": "192.0.2.1", "allow_unauthenticated": True}, "warning"),
        ({"url": "https://wirepost.example.com"}, "warning"),
    ],
)
async def test_a_server_that_asks_nobody_is_fine_only_on_this_machine(
    tmp_path, clock, server, status
) -> None:
    assert [each[0] for each in await look(tmp_path, clock, **server)] == [status]


@pytest.mark.parametrize(
    ("server", "is_warned"),
    [
        ({}, False),
        ({"url": "https://wirepost.example.com"}, False),
        ({"url": "http://127.0.0.1:8484"}, False),
        ({"url": "http://localhost"}, False),
        ({"url": "http://wirepost.example.com"}, True),
        ({"host": "192.0.2.1"}, True),
    ],
)
async def test_tokens_that_travel_in_the_open_are_warned_about(tmp_path, clock, server, is_warned) -> None:
    found = await look(tmp_path, clock, auth={"mode": "static"}, **server)
    assert any("unencrypted" in what for _, what in found) is is_warned


async def test_tokens_are_counted_and_those_that_soon_end_named(tmp_path, clock) -> None:
    static = {"auth": {"mode": "static"}}
    assert await look(tmp_path, clock, **static) == [
        ("warning", "callers must show a token, and there is none")
    ]
    database = await Database.open(tmp_path / "wirepost.db", clock)
    now = clock.now().timestamp()
    await create(database, now, "alice", None, now + 90 * 86400)
    await create(database, now, "robot", None, None)
    assert await look(tmp_path, clock, **static) == [("ok", "callers must show a token; 2 are valid")]
    clock.advance(80 * 86400)
    assert "alice" in (await look(tmp_path, clock, **static))[0][1]
    await database.close()


@pytest.mark.parametrize("has_secret", [False, True])
async def test_an_issuer_is_asked(tmp_path, clock, has_secret) -> None:
    key = {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/keys":
            return httpx2.Response(200, json={"keys": [key]})  # RFC 8037, appendix A.2
        said = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", "introspection_endpoint": f"{ISSUER}/look"}
        return httpx2.Response(200, json=said)

    auth = {**OAUTH, **({"client_id": "w", "client_secret": "env:SECRET"} if has_secret else {})}
    found = await look(tmp_path, clock, transport=httpx2.MockTransport(answer), auth=auth)
    kinds = "signed and opaque" if has_secret else "signed"
    assert found == [("ok", f"the issuer {ISSUER} answers; {kinds} access tokens are accepted")]


async def test_an_issuer_that_does_not_answer_is_an_error(tmp_path, clock) -> None:
    down = httpx2.MockTransport(lambda _: httpx2.Response(503))
    ((status, what),) = await look(tmp_path, clock, transport=down, auth=OAUTH)
    assert status == "error"
    assert ISSUER in what


async def test_offline_the_issuer_is_left_alone(tmp_path, clock) -> None:
    assert [each[0] for each in await look(tmp_path, clock, is_offline=True, auth=OAUTH)] == ["skipped"]
