"""Tokens fetched without a browser: asked for once, renewed when refused, never of another environment."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.clock import START, ManualClock
from support.desktop import desktop
from support.keys import pem, rsa_key
from support.sample_vendor import SAMPLE, SampleSandbox
from support.serving import served
from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.contracts.auth import TokenExchange
from wirepost.contracts.provider import Provider
from wirepost.core.errors import ConfigError, NotConnected, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request as SandboxRequest
from wirepost.sandbox.vendor import Response as SandboxResponse
from wirepost.settings import ConnectionSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

SECRET = "hunter2-is-long-enough"
BOT = "bot@acme.example"
ADDRESS = "https://acme.my.vendor.example"
EXCHANGE = TokenExchange(
    path="/token",
    audience=lambda address: f"{address}/audience",
    environment_of=lambda address: "test" if ".sandbox." in address else "production",
    help="Create a client at the vendor.",
)
EXCHANGING = dataclasses.replace(SAMPLE, base_url="", auth=(EXCHANGE,))
KEY = rsa_key()
PEM = pem(KEY)


class Vendor:
    """A token endpoint and one resource."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.valid: set[str] = set()
        self.answer: dict[str, Any] = {}
        self.refusal: Response | None = None
        self.reads: list[str] = []
        self.app = Starlette(
            routes=[
                Route("/token", self.token, methods=["POST"]),
                Route("/notes", self.notes, methods=["GET", "POST"]),
            ]
        )

    async def token(self, request: Request) -> Response:
        form = await request.form()
        self.asked.append({name: str(value) for name, value in form.items()})
        if self.refusal:
            return self.refusal
        token = f"access-token-{len(self.asked)}"
        self.valid.add(token)
        return JSONResponse({"access_token": token, "token_type": "Bearer", **self.answer})

    async def notes(self, request: Request) -> Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.reads.append(token)
        if token not in self.valid:
            return JSONResponse({"error": "expired"}, status_code=401)
        return JSONResponse([])


@asynccontextmanager
async def connected(
    vendor: Vendor, directory: Path, clock: ManualClock, *, provider: Provider = EXCHANGING, **options: Any
) -> AsyncIterator[Connection]:
    (directory / "secret").write_text(SECRET)
    (directory / "secret").chmod(0o600)
    async with served(vendor.app) as address:
        given = {"base_url": address, "client_id": "client", "client_secret": f"file:{directory}/secret"}
        settings = ConnectionSettings.model_validate(
            {"provider": "sample", "environment": "test", **given, **options}
        )
        connection = Connection("acme", provider, settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]
        try:
            yield connection
        finally:
            await connection.close()


async def may_write() -> None:
    """The ledger knows."""


def client(connection: Connection, clock: ManualClock) -> Any:
    return connection.shared.client(Scope(clock.monotonic() + 45, before_write=may_write))


async def test_client_credentials_are_exchanged_once_for_many_requests(tmp_path, clock) -> None:
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock) as connection:
        notes = client(connection, clock)
        await asyncio.gather(*(notes.send(Ask("GET", "/notes")) for _ in range(5)))
    assert vendor.asked == [
        {"grant_type": "client_credentials", "client_id": "client", "client_secret": SECRET}
    ]
    assert set(vendor.reads) == {"access-token-1"}
    assert SECRETS.text(f"{SECRET} access-token-1") == "[redacted] [redacted]"
    assert SECRET not in repr(connection.shared.credential)


async def test_an_assertion_is_signed_in_the_name_of_the_user(tmp_path, clock) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    (tmp_path / "key.pem").chmod(0o600)
    options = {
        "client_secret": None,
        "private_key": f"file:{tmp_path}/key.pem",
        "username": "bot@acme.example",
    }
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock, **options) as connection:
        await client(connection, clock).send(Ask("GET", "/notes"))
        address = connection.configured_address
    (asked,) = vendor.asked
    assert asked["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    head, body, signature = asked["assertion"].split(".")
    KEY.public_key().verify(
        decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    claims = json.loads(decoded(body))
    assert json.loads(decoded(head))["alg"] == "RS256"
    assert (claims["iss"], claims["sub"], claims["aud"]) == (
        "client",
        "bot@acme.example",
        f"{address}/audience",
    )
    assert 0 < claims["exp"] - clock.now().timestamp() <= 180


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_token_is_replaced_once_and_the_request_repeated(tmp_path, clock, method) -> None:
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock) as connection:
        notes = client(connection, clock)
        ask = Ask(method, "/notes", is_write=method == "POST")
        await notes.send(ask)
        vendor.valid.clear()
        assert (await notes.send(ask)).status == 200
        assert vendor.reads == ["access-token-1", "access-token-1", "access-token-2"]


async def test_the_second_refusal_is_told(tmp_path, clock) -> None:
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock) as connection:
        vendor.valid = Nothing()
        with pytest.raises(NotConnected) as refused:
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert refused.value.code == "auth_expired"
    assert len(vendor.asked) == len(vendor.reads) == 2


class Nothing(set[str]):
    """Accepts no token."""

    def __contains__(self, item: object) -> bool:
        return False


async def test_what_others_have_renewed_is_not_thrown_away(tmp_path, clock) -> None:
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock) as connection:
        first = await connection.shared.credential.header()
        connection.shared.credential.forget(first)
        second = await connection.shared.credential.header()
        connection.shared.credential.forget(first)
        assert await connection.shared.credential.header() == second
        assert len(vendor.asked) == 2


@pytest.mark.parametrize(("told", "life_s"), [({}, 3600), ({"expires_in": 600}, 600)])
async def test_a_token_is_renewed_before_it_ends(tmp_path, clock, told, life_s) -> None:
    vendor = Vendor()
    vendor.answer = told
    async with connected(vendor, tmp_path, clock) as connection:
        first = await connection.shared.credential.header()
        clock.advance(life_s * 0.8)
        assert await connection.shared.credential.header() == first
        clock.advance(life_s * 0.15)
        assert await connection.shared.credential.header() != first


async def test_further_requests_go_where_the_answer_says(tmp_path, clock) -> None:
    vendor, elsewhere = Vendor(), Vendor()
    elsewhere.valid.add("access-token-1")
    async with served(elsewhere.app) as address, connected(vendor, tmp_path, clock) as connection:
        vendor.answer = {"instance_url": address}
        await client(connection, clock).send(Ask("GET", "/notes"))
        assert connection.shared.upstream.address == address
    assert (elsewhere.reads, vendor.reads) == (["access-token-1"], [])


async def test_an_address_without_encryption_is_not_believed(tmp_path, clock) -> None:
    vendor = Vendor()
    vendor.answer = {"instance_url": "http://acme.example"}
    async with connected(vendor, tmp_path, clock) as connection:
        with pytest.raises(NotConnected, match="no address of an API"):
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert vendor.reads == []


@pytest.mark.parametrize("error", ["invalid_client", "invalid_grant"])
async def test_a_refusal_says_what_to_do_and_quotes_no_secret(tmp_path, clock, error) -> None:
    vendor = Vendor()
    vendor.refusal = JSONResponse(
        {"error": error, "error_description": f"not good: {SECRET}"}, status_code=400
    )
    async with connected(vendor, tmp_path, clock) as connection:
        with pytest.raises(NotConnected) as refused:
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert refused.value.provider_code == error
    assert refused.value.hint == "Create a client at the vendor."
    assert SECRET not in str(refused.value.payload())


async def test_an_answer_without_a_token_is_told(tmp_path, clock) -> None:
    vendor = Vendor()
    vendor.refusal = JSONResponse({"token_type": "Bearer"})
    async with connected(vendor, tmp_path, clock) as connection:
        with pytest.raises(NotConnected, match="holds no access token"):
            await client(connection, clock).send(Ask("GET", "/notes"))


async def test_a_token_endpoint_that_fails_is_unavailable(tmp_path, clock) -> None:
    vendor = Vendor()
    vendor.refusal = Response("<html>", status_code=503)
    async with connected(vendor, tmp_path, clock) as connection:
        with pytest.raises(Unavailable):
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert not vendor.reads


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"base_url": None}, "no base_url"),
        ({"client_id": None}, "no client_id"),
        ({"client_secret": None}, "neither client_secret nor private_key"),
        ({"client_secret": "env:SURELY_NOT_SET"}, "SURELY_NOT_SET"),
        ({"client_secret": None, "private_key": "KEY"}, "no username"),
    ],
)
async def test_what_is_missing_is_named_before_anything_is_sent(tmp_path, clock, changes, says) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    (tmp_path / "key.pem").chmod(0o600)
    vendor = Vendor()
    changes = {
        name: f"file:{tmp_path}/key.pem" if value == "KEY" else value for name, value in changes.items()
    }
    async with connected(vendor, tmp_path, clock, **changes) as connection:
        assert says in (connection.shared.credential.problem or "")
        assert connection.shared.credential.status == "not_connected"
        with pytest.raises(NotConnected, match=says):
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert not vendor.asked


async def test_a_private_key_that_is_none_is_told_without_its_text(tmp_path, clock) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n")
    (tmp_path / "key.pem").chmod(0o600)
    options = {
        "client_secret": None,
        "private_key": f"file:{tmp_path}/key.pem",
        "username": "bot@acme.example",
    }
    async with connected(Vendor(), tmp_path, clock, **options) as connection:
        with pytest.raises(NotConnected, match="private key cannot be read") as refused:
            await client(connection, clock).send(Ask("GET", "/notes"))
    assert "nonsense" not in str(refused.value.payload())


@pytest.mark.parametrize(
    ("environment", "address"),
    [("test", ADDRESS), ("production", "https://acme--dev.sandbox.my.vendor.example")],
)
async def test_an_address_of_another_environment_refuses_to_start(
    tmp_path, clock, environment, address
) -> None:
    options = {"environment": environment, "base_url": address}
    async with connected(Vendor(), tmp_path, clock, **options) as connection:
        with pytest.raises(ConfigError, match="the address belongs to"):
            connection.shared.credential.check()
        assert connection.shared.credential.status == "not_connected"


class TokenSandbox(SampleSandbox):
    """A sandbox whose requests need a token."""

    async def respond(self, request: SandboxRequest, fault: Fault | None) -> SandboxResponse:
        """Give a token to whoever brings the sandbox's own credentials; other requests need it."""
        if request.path == "/token":
            is_right = dict(request.form).get("client_secret") == self.key
            said = {"access_token": "sandbox-token"} if is_right else {"error": "invalid_client"}
            return SandboxResponse(200 if is_right else 400, json.dumps(said).encode())
        if request.headers["authorization"] != "Bearer sandbox-token":
            return SandboxResponse(401, b"{}")
        return await super().respond(request, fault)


async def test_a_sandbox_needs_no_client_and_gives_its_own_token(clock) -> None:
    provider = dataclasses.replace(EXCHANGING, load_sandbox=lambda: TokenSandbox)
    settings = ConnectionSettings(provider="sample", environment="sandbox")
    connection = Connection("acme", provider, settings, clock, lambda: world_at(START))
    assert (connection.shared.credential.status, connection.shared.credential.problem) == ("ready", None)
    assert (await client(connection, clock).send(Ask("GET", "/notes"))).status == 200
    assert [logged.path for logged in connection.sandbox.requests] == ["/token", "/notes"]
    await connection.close()


HEADED = dataclasses.replace(EXCHANGE, header="X-Token", form="{}", environment_of=lambda _: "any")
BARE = dataclasses.replace(EXCHANGE, path="", environment_of=lambda _: "any")


async def test_scopes_are_asked_for_where_they_are_configured(tmp_path, clock) -> None:
    vendor = Vendor()
    async with connected(vendor, tmp_path, clock, scopes=["read", "write"]) as connection:
        await connection.shared.credential.header()
    assert vendor.asked[0]["scope"] == "read write"


async def test_a_token_stands_in_a_header_of_the_vendor_s_own(tmp_path, clock) -> None:
    provider = dataclasses.replace(EXCHANGING, auth=(HEADED,))
    async with connected(Vendor(), tmp_path, clock, provider=provider) as connection:
        assert await connection.shared.credential.header() == "access-token-1"
        assert connection.shared.upstream.credential_header == "X-Token"


async def test_a_token_endpoint_may_be_elsewhere_and_take_a_signed_assertion_of_the_client(
    tmp_path, clock
) -> None:
    """RFC 7523 §2.2, with a key on an elliptic curve."""
    (tmp_path / "key.pem").write_text(pem(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "key.pem").chmod(0o600)
    vendor, issuer = Vendor(), Vendor()
    issuer.answer = {"token_type": "Bearer"}
    async with served(issuer.app) as address:
        options = {
            "provider": dataclasses.replace(EXCHANGING, auth=(BARE,)),
            "client_secret": None,
            "private_key": f"file:{tmp_path}/key.pem",
            "oauth": {
                "token_url": f"{address}/token",
                "client_auth": "private_key_jwt",
                "audience": "https://issuer.example",
            },
        }
        async with connected(vendor, tmp_path, clock, **options) as connection:
            assert connection.shared.credential.check() is None
            await connection.shared.credential.header()
    (asked,) = issuer.asked
    assert vendor.asked == []
    assert asked["grant_type"] == "client_credentials"
    assert asked["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    head, body, _ = asked["client_assertion"].split(".")
    assert json.loads(decoded(head))["alg"] == "ES256"
    claims = json.loads(decoded(body))
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("client", "client", "https://issuer.example")


async def test_an_assertion_in_somebody_s_name_is_for_the_token_endpoint_unless_said_otherwise(
    tmp_path, clock
) -> None:
    (tmp_path / "key.pem").write_text(pem(ed25519.Ed25519PrivateKey.generate()))
    (tmp_path / "key.pem").chmod(0o600)
    vendor = Vendor()
    async with served(vendor.app) as address:
        options = {
            "provider": dataclasses.replace(EXCHANGING, auth=(BARE,)),
            "client_secret": None,
            "private_key": f"file:{tmp_path}/key.pem",
            "username": BOT,
            "oauth": {"token_url": f"{address}/token"},
        }
        async with connected(Vendor(), tmp_path, clock, **options) as connection:
            await connection.shared.credential.header()
    (asked,) = vendor.asked
    assert set(asked) == {"grant_type", "assertion"}
    assert json.loads(decoded(asked["assertion"].split(".")[1]))["aud"] == f"{address}/token"


async def test_a_client_that_its_certificate_shows_sends_no_secret(tmp_path, clock) -> None:
    vendor = Vendor()
    options = {"client_secret": None, "oauth": {"client_auth": "none"}}
    async with connected(vendor, tmp_path, clock, **options) as connection:
        assert connection.shared.credential.check() is None
        await connection.shared.credential.header()
    assert vendor.asked == [{"grant_type": "client_credentials", "client_id": "client"}]


async def test_a_provider_without_a_token_endpoint_of_its_own_must_be_told_one(tmp_path, clock) -> None:
    provider = dataclasses.replace(EXCHANGING, auth=(BARE,))
    async with connected(Vendor(), tmp_path, clock, provider=provider) as connection:
        assert connection.shared.credential.problem == "no oauth.token_url is configured"


async def test_a_limit_at_the_token_endpoint_is_told_as_one(tmp_path, clock) -> None:
    vendor = Vendor()
    vendor.refusal = Response("", status_code=429, headers={"Retry-After": "45"})
    async with connected(vendor, tmp_path, clock) as connection:
        with pytest.raises(Unavailable) as limited:
            await connection.shared.credential.header()
    assert (limited.value.code, limited.value.retry_after_s) == ("rate_limited", 45)


class Strict(Vendor):
    """Knows its client's secret."""

    async def token(self, request: Request) -> Response:
        if (await request.form())["client_secret"] != SECRET:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        return await super().token(request)


async def test_a_secret_that_was_replaced_where_it_is_kept_is_looked_up_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    with desktop(acme=["an-old-secret", SECRET]) as machine:
        async with connected(Strict(), tmp_path, clock, client_secret="keyring:wirepost/acme") as connection:
            assert connection.shared.credential.check() is None
            assert machine.asked == 0  # nobody is, at the start
            assert await connection.shared.credential.header()
        assert machine.asked == 2
