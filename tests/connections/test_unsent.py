"""Credentials that no request carries: what arrives instead, and what is missing."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from support.certificates import Authority
from support.clock import ManualClock
from support.serving import served
from wirepost.connections.check import check
from wirepost.connections.connections import Connection, Connections
from wirepost.core.errors import NotConnected
from wirepost.core.redact import SECRETS
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope
from wirepost.upstream.sigv4 import AwsKey, Signable, signed

ACCESS_KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"  # AWS's own example


def connection_to(address: str | None, clock: ManualClock, **options: Any) -> Connection:
    given = {"provider": "http", "environment": "test", "base_url": address, **options}
    settings = ConnectionSettings.model_validate(given)
    return Connection("acme", load_provider("http"), settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]


class Service:
    """Remembers what arrived."""

    def __init__(self) -> None:
        self.requests: list[tuple[Request, bytes]] = []
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST"])])

    async def answer(self, request: Request) -> Response:
        self.requests.append((request, await request.body()))
        return JSONResponse({})


@pytest.fixture
async def service() -> AsyncIterator[tuple[Service, str]]:
    found = Service()
    async with served(found.app) as address:
        yield found, address


def signing(directory: Path, **more: str) -> dict[str, Any]:
    for name, value in {"secret": SECRET, "session": "session-token-of-the-test"}.items():
        (directory / name).write_text(value)
        (directory / name).chmod(0o600)
    (directory / "id").write_text(ACCESS_KEY_ID)
    (directory / "id").chmod(0o600)
    return {
        "auth": "sigv4",
        "sigv4": {
            "region": "eu-central-1",
            "service": "execute-api",
            "access_key_id": f"file:{directory}/id",
            "secret_access_key": f"file:{directory}/secret",
            **more,
        },
    }


@pytest.mark.parametrize("has_session", [False, True])
@pytest.mark.parametrize(
    "ask",
    [
        Ask("GET", "/v1/things"),
        Ask("GET", "/v1/Straße/a-b", query=(("b", "2 3"), ("a", "x/y&z"), ("a", ""))),
        Ask("POST", "/v1/things", content=b'{"name": "x"}', content_type="application/json"),
    ],
)
async def test_what_arrives_is_what_was_signed(service, tmp_path, clock, ask, has_session) -> None:
    found, address = service
    more = {"session_token": f"file:{tmp_path}/session"} if has_session else {}
    connection = connection_to(address, clock, **signing(tmp_path, **more))
    await connection.shared.client(Scope(clock.monotonic() + 45)).send(ask)
    await connection.close()
    ((request, body),) = found.requests
    key = AwsKey(
        ACCESS_KEY_ID,
        SECRET,
        "eu-central-1",
        "execute-api",
        "session-token-of-the-test" if has_session else None,
    )
    arrived = Signable(
        request.method,
        f"http://{request.headers['host']}{request.scope['raw_path'].decode()}",
        parse_qsl(request.url.query, keep_blank_values=True),
        {"Content-Type": request.headers["content-type"]} if body else {},
        body,
    )
    expected = {name.lower(): value for name, value in signed(arrived, key, clock.now()).items()}
    assert {name: request.headers[name] for name in expected} == expected
    assert ("x-amz-security-token" in request.headers) is has_session
    assert SECRET not in SECRETS.text(f"the key {SECRET}")
    assert repr(connection.shared.credential) == "SignatureCredential(acme)"


async def test_a_request_may_be_signed_for_another_service_of_the_account(service, tmp_path, clock) -> None:
    found, address = service
    connection = connection_to(address, clock, **signing(tmp_path))
    client = connection.shared.client(Scope(clock.monotonic() + 45))
    await client.send(Ask("GET", "/jobs/a%20b", signed_for="s3"))
    await connection.close()
    ((request, _),) = found.requests
    assert "/eu-central-1/s3/aws4_request" in request.headers["authorization"]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # SHA-256 of nothing
    assert request.headers["x-amz-content-sha256"] == empty


@pytest.mark.parametrize(("provider", "problem"), [("http", "no service is named"), ("bedrock", None)])
def test_only_a_provider_that_is_no_service_of_aws_needs_its_name(tmp_path, clock, provider, problem) -> None:
    options = signing(tmp_path)
    del options["sigv4"]["service"]
    settings = ConnectionSettings.model_validate(
        {"provider": provider, "environment": "test", "base_url": "https://aws.example.com", **options}
    )
    connection = Connection("acme", load_provider(provider), settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]
    assert connection.shared.credential.check() == problem


def test_a_sandbox_of_aws_needs_no_access_key(clock) -> None:
    settings = ConnectionSettings.model_validate({"provider": "bedrock", "environment": "sandbox"})
    connection = Connection("acme", load_provider("bedrock"), settings, clock, world=lambda: None)  # type: ignore[arg-type,return-value]
    assert connection.shared.credential.check() is None


async def test_a_signature_is_of_the_moment_of_its_request(service, tmp_path, clock) -> None:
    found, address = service
    connection = connection_to(address, clock, **signing(tmp_path))
    client = connection.shared.client(Scope(clock.monotonic() + 4500))
    await client.send(Ask("GET", "/"))
    clock.advance(60)
    await client.send(Ask("GET", "/"))
    await connection.close()
    first, second = (request.headers["x-amz-date"] for request, _ in found.requests)
    assert first != second


async def test_what_a_signature_lacks_is_named(tmp_path, clock) -> None:
    for options, says in (
        ({"auth": "sigv4"}, "no sigv4"),
        (signing(tmp_path, secret_access_key="env:SURELY_NOT_SET"), "SURELY_NOT_SET"),
    ):
        connection = connection_to("https://api.example.com", clock, **options)
        assert says in (connection.shared.credential.problem or "")
        with pytest.raises(NotConnected, match=says):
            await connection.shared.client(Scope(clock.monotonic() + 45)).send(Ask("GET", "/"))
        await connection.close()
    nowhere = connection_to(None, clock, **signing(tmp_path))
    assert "no base_url" in (nowhere.shared.credential.problem or "")


@asynccontextmanager
async def secured(authority: Authority) -> AsyncIterator[tuple[str, list[str]]]:
    """A service that takes only those who show a certificate; its address, and whom it has seen."""
    seen: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                seen.append(dict(part[0] for part in subject)["commonName"])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("host"))
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
        await server.wait_closed()


async def test_a_certificate_is_all_that_a_service_may_want(tmp_path, clock, monkeypatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    connections = []
    async with secured(authority) as (address, seen):
        for name in ("mine", "yours"):
            certificate, key = authority.issue(name)
            tls = {"certificate": f"file:{certificate}", "private_key": f"file:{key}"}
            connections.append(connection_to(address, clock, auth="tls", tls=tls))
        for connection in (*connections, *connections):
            await check(connection)
        assert seen == ["mine", "yours", "mine", "yours"]
        for connection in connections:
            assert connection.shared.credential.problem is None
            connection.shared.credential.forget("")
            await connection.close()
    assert repr(connections[0].shared.credential) == "CertificateCredential(acme)"


async def test_a_certificate_that_is_missing_is_named(tmp_path, clock) -> None:
    none = connection_to("https://api.example.com", clock, auth="tls")
    assert none.shared.credential.problem == "no tls is configured"
    tls = {"certificate": f"file:{tmp_path}/no.crt", "private_key": f"file:{tmp_path}/no.key"}
    missing = connection_to("https://api.example.com", clock, auth="tls", tls=tls)
    assert "no.crt" in (missing.shared.credential.problem or "")
    assert "no base_url" in (connection_to(None, clock, auth="tls", tls=tls).shared.credential.problem or "")


async def test_a_certificate_beside_a_key_is_checked_at_the_start(tmp_path, clock) -> None:
    tls = {"certificate": f"file:{tmp_path}/no.crt", "private_key": f"file:{tmp_path}/no.key"}
    (tmp_path / "key").write_text("the-key-of-the-service")
    (tmp_path / "key").chmod(0o600)
    both = connection_to("https://api.example.com", clock, key=f"file:{tmp_path}/key", tls=tls)
    (problem,) = Connections({"acme": both}).check()
    assert problem.startswith("acme: ")
    assert "no.crt" in problem


@pytest.mark.parametrize(
    ("options", "arrives"),
    [
        ({}, ("authorization", "Bearer the-key-of-the-service")),
        ({"form": "Token {}"}, ("authorization", "Token the-key-of-the-service")),
        ({"header": "X-Api-Key"}, ("x-api-key", "the-key-of-the-service")),
        ({"header": "X-Auth", "form": "key={}"}, ("x-auth", "key=the-key-of-the-service")),
    ],
)
async def test_a_key_stands_where_the_service_wants_it(service, tmp_path, clock, options, arrives) -> None:
    (found, address), (header, value) = service, arrives
    (tmp_path / "key").write_text("the-key-of-the-service")
    (tmp_path / "key").chmod(0o600)
    connection = connection_to(address, clock, key=f"file:{tmp_path}/key", check="/v1/me", **options)
    checked = await check(connection)
    assert checked.probe.identity == "key at 127.0.0.1"
    connection.shared.credential.forget(value)
    assert await connection.shared.credential.header() == value
    await connection.close()
    ((request, _),) = found.requests
    assert request.url.path == "/v1/me"
    assert request.headers[header] == value
    assert header == "authorization" or "authorization" not in request.headers


async def test_a_key_that_its_store_does_not_give_is_named_in_the_call(tmp_path, clock) -> None:
    remote = signing(tmp_path, secret_access_key="vault:secret/data/aws#key")
    connection = connection_to("https://api.example.com", clock, **remote)
    assert connection.shared.credential.problem is None  # nobody is asked at the start
    with pytest.raises(NotConnected, match="cannot show who it is: vault: references need to know where"):
        await connection.shared.client(Scope(clock.monotonic() + 45)).send(Ask("GET", "/"))
    await connection.close()
