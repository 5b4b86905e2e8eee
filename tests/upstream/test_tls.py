"""Certificates that show who we are: taken from files, renewed with them, never mixed up."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption

from support.certificates import Authority
from wirepost.core.clock import Clock
from wirepost.core.errors import NotConnected
from wirepost.upstream.ask import Ask
from wirepost.upstream.client import Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.tls import ClientCertificate, context_for, tls_context
from wirepost.upstream.upstream import Upstream

READ = Ask("GET", "/things")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.certificate))
    return made


@dataclass
class Host:
    """Takes only those who show a certificate of the authority, and remembers who came."""

    address: str = ""
    callers: list[str] = field(default_factory=list)
    connections: int = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        shown = writer.get_extra_info("peercert")
        name = dict(part[0] for part in shown["subject"])["commonName"]
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.callers.append(name)
                writer.write(OK)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def host_of(authority: Authority) -> AsyncIterator[Host]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("host"))
    context.load_verify_locations(authority.certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    host = Host()
    server = await asyncio.start_server(host.handle, "127.0.0.1", 0, ssl=context)
    host.address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def client_to(address: str, certificate: ClientCertificate | None) -> AsyncIterator[Client]:
    clock = Clock()

    async def nothing() -> str:
        return ""

    upstream = Upstream(
        "acme",
        base_url=address,
        credential=nothing,
        limits=Limits(1000, 1000, 100),
        clock=clock,
        certificate=certificate,
    )
    try:
        yield Client(upstream, Scope(clock.monotonic() + 45), None)
    finally:
        await upstream.close()


async def test_the_certificate_shows_who_asks(authority: Authority) -> None:
    mine, others = (ClientCertificate(name, *authority.issue(name)) for name in ("mine", "others"))
    async with (
        host_of(authority) as host,
        client_to(host.address, mine) as one,
        client_to(host.address, others) as two,
    ):
        for client in (one, two, one, two):
            await client.send(READ)
        assert host.callers == ["mine", "others", "mine", "others"]
        assert host.connections == 2
    assert repr(mine) == "ClientCertificate(mine)"


async def test_a_new_certificate_is_taken_when_the_files_change_and_no_old_connection_is_used(
    authority: Authority,
) -> None:
    certificate = ClientCertificate("acme", *authority.issue("first", to="client"))
    async with host_of(authority) as host, client_to(host.address, certificate) as client:
        for _ in range(2):
            await client.send(READ)
        authority.issue("second", to="client")
        for _ in range(2):
            await client.send(READ)
        assert host.callers == ["first", "first", "second", "second"]
        assert host.connections == 2


async def test_while_a_new_pair_does_not_fit_together_the_last_one_stays(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    files = authority.issue("first", to="client")
    certificate = ClientCertificate("acme", *files)
    context = await certificate.context()
    other, other_key = authority.issue("second")
    files[0].write_bytes(other.read_bytes())
    with caplog.at_level(logging.WARNING):
        assert await certificate.context() is context
        assert await certificate.context() is context
    assert caplog.text.count("keeps its last certificate") == 1
    files[1].write_bytes(other_key.read_bytes())
    assert await certificate.context() is not context


async def test_many_requests_load_a_pair_once(authority: Authority) -> None:
    certificate = ClientCertificate("acme", *authority.issue("client"))
    contexts = await asyncio.gather(*(certificate.context() for _ in range(20)))
    assert len(set(map(id, contexts))) == 1
    assert certificate.check() is None


async def test_what_was_missing_at_first_is_found_later(authority: Authority) -> None:
    files = authority.folder / "client.crt", authority.folder / "client.key"
    certificate = ClientCertificate("acme", *files)
    assert "cannot be read" in (certificate.check() or "")
    async with host_of(authority) as host, client_to(host.address, certificate) as client:
        for _ in range(2):
            with pytest.raises(NotConnected) as refused:
                await client.send(READ)
            assert refused.value.code == "not_connected"
            assert "client.crt" in refused.value.message
        authority.issue("client")
        await client.send(READ)
        assert host.callers == ["client"]


async def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(authority: Authority) -> None:
    sealed = BestAvailableEncryption(b"hunter2")
    certificate = ClientCertificate("acme", *authority.issue("client", sealed=sealed))
    assert "without a password" in (certificate.check() or "")
    with pytest.raises(NotConnected):
        await certificate.context()


async def test_who_shows_nothing_is_not_let_in(authority: Authority) -> None:
    async with host_of(authority) as host, client_to(host.address, None) as client:
        tls_context.cache_clear()
        try:
            with pytest.raises(Exception, match="upstream_unavailable"):
                await client.send(READ)
        finally:
            tls_context.cache_clear()
        assert host.callers == []


async def test_the_tls_context_is_made_once_and_checks_names() -> None:
    assert tls_context() is tls_context()
    assert tls_context().check_hostname
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert await context_for("https://api.example.com") is tls_context()


async def test_where_nothing_is_encrypted_nobody_is_trusted() -> None:
    context = await context_for("http://127.0.0.1")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() == []
