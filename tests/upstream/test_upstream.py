"""One connection's HTTP side over real sockets: what a network can do to a request."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from support.clock import START
from support.scripted import CREDENTIAL, PlainClient, credential, may_write
from wirepost.core.clock import Clock
from wirepost.core.errors import NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.upstream.client import Ask, Client
from wirepost.upstream.limits import Limits, Quota
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

READ = Ask("GET", "/v1/things")
WRITE = Ask("POST", "/v1/things", content=b"a=1", is_write=True)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Impatient(Random):
    """Chance that never waits."""

    def uniform(self, a: float, b: float) -> float:
        del b
        return a


class Host:
    """A socket server that reads whole requests and lets a test write the answer."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.requests: list[bytes] = []
        self.connections = 0
        self.address = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (
                        int(line.split(b":")[1])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length:")
                    ),
                    0,
                )
                request = head + await reader.readexactly(length)
                self.requests.append(request)
                await self._serve(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def host_of(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    host = Host(serve)
    server = await asyncio.start_server(host.handle, "127.0.0.1", 0, ssl=context)
    scheme = "https" if context else "http"
    host.address = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def client_to(address: str, **options: Any) -> AsyncIterator[Client]:
    clock = Clock()
    limits = Limits(requests_per_s=1000, burst=1000, concurrency=4)
    settled = {"credential": credential, "limits": limits, "clock": clock, "rng": Impatient(), **options}
    upstream = Upstream("acme", base_url=address, **settled)
    try:
        yield PlainClient(upstream, Scope(clock.monotonic() + 45, before_write=may_write), None)
    finally:
        await upstream.close()


async def answer_ok(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    await writer.drain()


def says(raw: bytes, *, then_close: bool = False) -> Serve:
    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if then_close:
            writer.close()

    return serve


async def reset(request: bytes, writer: asyncio.StreamWriter) -> None:
    """End the connection with a reset instead of an orderly end."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def test_requests_share_one_connection_and_keep_the_prefix_of_the_address():
    async with host_of(answer_ok) as host, client_to(host.address + "/stripe/") as client:
        for _ in range(3):
            await client.send(Ask("GET", "/v1/things", query=(("q", "1"),)))
    assert host.connections == 1
    assert host.requests[0].startswith(b"GET /stripe/v1/things?q=1 HTTP/1.1\r\n")
    assert f"Authorization: {CREDENTIAL}".encode() in host.requests[0]


async def test_no_more_connections_are_opened_than_requests_may_be_in_flight():
    async with host_of(answer_ok) as host, client_to(host.address) as client:
        await asyncio.gather(*(client.send(READ) for _ in range(40)))
    assert host.connections <= 4
    assert len(host.requests) == 40


async def test_a_reset_after_the_request_is_a_lost_answer():
    async with host_of(reset) as host, client_to(host.address) as client:
        with pytest.raises(OutcomeUnknown):
            await client.send(WRITE)
        assert len(host.requests) == 1
        with pytest.raises(Unavailable):
            await client.send(READ)
        assert len(host.requests) == 4
    assert client.scope.trail == ["POST /v1/things cut"] + ["GET /v1/things cut"] * 3


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": ',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n',
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ],
    ids=["nothing", "half a body", "half the chunks", "not HTTP", "not gzip"],
)
async def test_half_an_answer_is_no_answer(raw):
    async with host_of(says(raw, then_close=True)) as host, client_to(host.address) as client:
        with pytest.raises(OutcomeUnknown):
            await client.send(WRITE)
        with pytest.raises(Unavailable) as caught:
            await client.send(READ)
    assert caught.value.code == "upstream_unavailable"
    assert client.upstream.limiter.in_flight == 0


async def test_a_connection_nobody_accepts_is_known_to_have_changed_nothing():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with client_to(f"http://127.0.0.1:{nobody.getsockname()[1]}") as client:
            with pytest.raises(Unavailable) as caught:
                await client.send(WRITE)
    assert (caught.value.code, caught.value.outcome) == ("upstream_unavailable", "not_applied")
    assert client.scope.trail == ["POST /v1/things unreachable"] * 3


async def test_a_name_that_does_not_exist_is_unreachable():
    async with client_to("http://vendor.invalid") as client:
        with pytest.raises(Unavailable, match="could not be reached"):
            await client.send(WRITE)


async def test_an_answer_that_does_not_come_in_time_is_a_timeout():
    is_over = asyncio.Event()

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        await is_over.wait()

    async with host_of(serve) as host, client_to(host.address) as client:
        with pytest.raises(OutcomeUnknown):
            await client.send(Ask("POST", "/v1/things", is_write=True, timeout_s=0.05))
        with pytest.raises(Unavailable) as caught:
            await client.send(Ask("GET", "/v1/things", timeout_s=0.05))
        is_over.set()
    assert caught.value.code == "timeout"


async def test_an_answer_that_drips_is_given_up_as_a_whole():
    is_over = asyncio.Event()

    async def drip(request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not is_over.is_set():
            writer.write(b" ")
            await writer.drain()
            try:
                async with asyncio.timeout(0.01):
                    await is_over.wait()
            except TimeoutError:
                continue

    async with host_of(drip) as host, client_to(host.address) as client:
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable) as caught:
                await client.send(Ask("GET", "/v1/things", timeout_s=0.1))
        is_over.set()
    assert caught.value.code == "timeout"


async def test_the_deadline_of_the_call_shortens_the_attempt():
    is_over = asyncio.Event()

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        await is_over.wait()

    async with host_of(serve) as host, client_to(host.address) as client:
        client.scope.deadline = client.upstream.clock.monotonic() + 0.1
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable) as caught:
                await client.send(READ)
        is_over.set()
    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
        + gzip.compress(b"x" * 10_000_000),
    ],
    ids=["announced", "streamed", "compressed"],
)
async def test_an_answer_that_is_too_large_is_not_read_to_its_end(raw):
    async with host_of(says(raw, then_close=True)) as host, client_to(host.address, max_body=1000) as client:
        with pytest.raises(Rejected, match="too large"):
            await client.send(READ)
        assert len(host.requests) == 1
        with pytest.raises(OutcomeUnknown):
            await client.send(WRITE)


async def test_the_size_of_what_is_not_brought_may_be_any():
    """RFC 9110, section 9.3.2: HEAD is answered with the headers of GET, and without content."""
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"
    async with host_of(says(raw)) as host, client_to(host.address, max_body=1000) as client:
        answer = await client.send(Ask("HEAD", "/things"))
        assert (answer.headers["content-length"], answer.body) == ("9000000", b"")


async def test_compressed_answers_are_read():
    body = gzip.compress(b'{"id": "t_1"}')
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with host_of(says(raw)) as host, client_to(host.address) as client:
        assert (await client.send(READ)).json() == {"id": "t_1"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_never_takes_the_credential_elsewhere(status):
    async with host_of(answer_ok) as other:
        target = other.address.encode()
        raw = b"HTTP/1.1 %d Moved\r\nLocation: %s/steal\r\nContent-Length: 0\r\n\r\n" % (status, target)
        async with host_of(says(raw)) as host, client_to(host.address) as client:
            with pytest.raises(Rejected, match="not followed"):
                await client.send(READ)
        assert other.requests == []


async def test_cookies_of_one_call_are_not_sent_with_the_next():
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=1; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    async with host_of(says(raw)) as host, client_to(host.address) as client:
        await client.send(READ)
        await client.send(READ)
    assert b"cookie" not in host.requests[1].lower()


async def test_a_certificate_nobody_vouches_for_is_named_as_the_reason(tmp_path):
    context = self_signed(tmp_path)
    async with host_of(answer_ok, context) as host, client_to(host.address) as client:
        errors = await asyncio.gather(client.send(WRITE), client.send(READ), return_exceptions=True)
    for error in errors:
        assert isinstance(error, Unavailable)
        assert error.outcome == "not_applied"
        assert "certificate" in error.message
        assert "SSL_CERT_FILE" in (error.hint or "")
    assert host.requests == []


@pytest.mark.parametrize("separator", ["\n", "\r\nX: ", "“", "\0"])
async def test_a_credential_that_cannot_stand_in_a_header_is_not_shown(separator):
    async def broken() -> str:
        return f"Bearer first-line{separator}second-line"

    async with host_of(answer_ok) as host, client_to(host.address, credential=broken) as client:
        with pytest.raises(NotConnected) as caught:
            await client.send(READ)
    assert "second-line" not in repr(caught.value) + repr(caught.value.__cause__) + repr(
        caught.value.__context__
    )
    assert host.requests == []


async def test_a_missing_credential_is_reported_and_nothing_is_sent():
    async def missing() -> str:
        raise NotConnected("not_connected", "There is no key")

    async with host_of(answer_ok) as host, client_to(host.address, credential=missing) as client:
        with pytest.raises(NotConnected):
            await client.send(READ)
    assert host.requests == []
    assert client.upstream.limiter.in_flight == 0


async def test_an_interface_without_credential_gets_no_authorization():
    async def none() -> str:
        return ""

    async with host_of(answer_ok) as host, client_to(host.address, credential=none) as client:
        await client.send(READ)
    assert b"authorization" not in host.requests[0].lower()


async def test_a_refused_credential_is_read_again_for_the_next_request():
    keys = ["Bearer old-key-1", "Bearer new-key-2"]

    async def current() -> str:
        return keys[0]

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        is_new = b"new-key-2" in request
        writer.write(OK if is_new else b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    options = {"credential": current, "forget_credential": lambda _: keys.pop(0)}
    async with host_of(serve) as host, client_to(host.address, **options) as client:
        with pytest.raises(NotConnected) as caught:
            await client.send(READ)
        assert caught.value.code == "auth_expired"
        assert (await client.send(READ)).status == 200


async def test_the_credential_is_known_to_the_redaction_filter_and_absent_from_reprs():
    async with host_of(answer_ok) as host, client_to(host.address) as client:
        await client.send(READ)
        assert SECRETS.text("key opensesame42 here") == "key [redacted] here"
        assert "opensesame42" not in repr(client.upstream) + repr(SECRETS) + repr(client.scope)


async def test_the_http_client_logs_neither_addresses_nor_headers(caplog):
    caplog.set_level(logging.DEBUG)
    async with host_of(answer_ok) as host, client_to(host.address) as client:
        await client.send(Ask("GET", "/v1/things", query=(("email", "ada@example.com"),)))
    assert "ada@example.com" not in caplog.text
    assert "opensesame42" not in caplog.text


async def test_a_cancelled_request_closes_its_connection():
    has_arrived, never = asyncio.Event(), asyncio.Event()

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        has_arrived.set()
        if len(host.requests) == 1:
            await never.wait()
        await answer_ok(request, writer)

    async with host_of(serve) as host, client_to(host.address) as client:
        task = asyncio.create_task(client.send(WRITE))
        async with asyncio.timeout(5):
            await has_arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (await client.send(READ)).status == 200
        assert host.connections == 2
        never.set()


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server context with a certificate of its own making for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=3650))
        .not_valid_after(START + timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "host.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_a_request_as_a_user_takes_the_second_key():
    async def second() -> str:
        return "Bearer theotherkey77"

    seen = []

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(b"theotherkey77" in request)
        await answer_ok(request, writer)

    async with host_of(serve) as host, client_to(host.address, user_credential=second) as client:
        await client.send(READ)
        await client.send(dataclasses.replace(READ, as_user=True))
    assert seen == [False, True]


async def test_without_a_second_key_nothing_is_sent_as_a_user():
    async with host_of(answer_ok) as host, client_to(host.address) as client:
        with pytest.raises(NotConnected) as refused:
            await client.send(dataclasses.replace(READ, as_user=True))
    assert refused.value.code == "not_connected"
    assert "user_key" in (refused.value.hint or "")


async def test_a_further_limit_holds_back_only_the_requests_that_name_it():
    limits = Limits(requests_per_s=1000, burst=1000, concurrency=4, quotas={"search": Quota(0.001, 1)})
    search = dataclasses.replace(READ, quota="search")
    async with host_of(answer_ok) as host, client_to(host.address, limits=limits) as client:
        await client.send(search)
        with pytest.raises(Unavailable) as refused:
            await client.send(search)
        assert refused.value.code == "rate_limited"
        assert (await client.send(READ)).status == 200


async def test_a_refusal_for_the_rate_of_a_further_limit_does_not_hold_back_the_others():
    seen = []

    async def busy(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        refuse = says(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 600\r\nContent-Length: 2\r\n\r\n{}")
        await refuse(request, writer)

    limits = Limits(requests_per_s=1000, burst=1000, concurrency=4, quotas={"search": Quota(100, 100)})
    search = dataclasses.replace(READ, quota="search")
    async with host_of(busy) as host, client_to(host.address, limits=limits) as client:
        for ask, reached in ((search, 1), (search, 1), (READ, 2)):
            with pytest.raises(Unavailable):
                await client.send(ask)
            assert len(seen) == reached
