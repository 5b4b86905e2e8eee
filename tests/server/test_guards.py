"""What keeps strangers away from a server on this machine."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest

from support.raw import call
from support.serving import served
from support.stand_in import StandInCalls, serve, stand_in_app
from wirepost.server.asgi import build_asgi

JSON = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "echo",
}


def asgi(**settings):
    return build_asgi(stand_in_app(**settings), serve(StandInCalls()))


async def ask(base, path="/mcp", *, method="POST", **headers):
    async with httpx2.AsyncClient() as http:
        content = {"json": call(1, "echo", text="hi")} if method == "POST" else {}
        return await http.request(method, base + path, headers={**JSON, **headers}, **content)


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/", "/sandbox/stripe-sandbox/v1/charges"])
async def test_a_foreign_host_name_is_refused_everywhere(path):
    async with served(asgi()) as base:
        assert (await ask(base, path, host="evil.example")).status_code == 421
        assert (await ask(base, path, host="127.0.0.1.evil.example:80")).status_code == 421


@pytest.mark.parametrize("path", ["/mcp", "/sse", "/messages/", "/"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_foreign_web_page_is_refused_everywhere(path, origin):
    async with served(asgi()) as base:
        assert (await ask(base, path, origin=origin)).status_code == 403


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:5173"])
async def test_a_page_of_this_machine_is_answered(origin):
    async with served(asgi()) as base:
        assert (await ask(base, origin=origin)).status_code == 200


async def test_configured_names_and_the_public_address_are_answered():
    settings = {
        "url": "https://wirepost.example.com",
        "allowed_hosts": ["wirepost.internal"],
        "allowed_origins": ["https://console.example.com"],
    }
    async with served(asgi(**settings)) as base:
        for host in ("wirepost.example.com", "wirepost.internal", "wirepost.internal:8484"):
            assert (await ask(base, host=host)).status_code == 200
        for origin in ("https://wirepost.example.com", "https://console.example.com"):
            assert (await ask(base, origin=origin)).status_code == 200
        assert (await ask(base, origin="https://console.example.com.evil.example")).status_code == 403


@pytest.mark.parametrize(
    ("listens_at", "host", "status"),
    [
        ("192.0.2.7", "192.0.2.7:8484", 200),
        ("2001:db8::7", "[2001:db8::7]:8484", 200),
        ("Box.example", "box.example", 200),
        ("0.0.0.0", "192.0.2.7", 421),  # noqa: S104 - not bound
        ("0.0.0.0", "0.0.0.0", 421),  # noqa: S104 - not bound
    ],
)
async def test_the_address_at_which_it_listens_is_answered(listens_at, host, status):
    async with served(asgi(host=listens_at)) as base:
        assert (await ask(base, host=host)).status_code == status


async def test_a_configured_web_page_may_read_the_answers():
    async with served(asgi(allowed_origins=["https://console.example.com"])) as base:
        answer = await ask(base, origin="https://console.example.com")
        assert answer.headers["access-control-allow-origin"] == "https://console.example.com"
        assert "mcp-session-id" in answer.headers["access-control-expose-headers"].lower()
        asked = await ask(
            base,
            method="OPTIONS",
            origin="https://console.example.com",
            **{"access-control-request-method": "POST", "access-control-request-headers": "mcp-name"},
        )
        assert asked.status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_are_answered_under_any_name(path):
    async with served(asgi()) as base:
        assert (await ask(base, path, method="GET", host="10.0.0.7:8484")).status_code == 200


async def test_white_space_around_mcp_header_values_is_nothing():
    async with served(asgi(), http="httptools") as base:
        address = httpx2.URL(base)
        body = json.dumps(call(1, "echo", text="hi"))
        head = [f"POST /mcp HTTP/1.1\r\nhost: {address.netloc.decode()}\r\nconnection: close\r\n"]
        head += [f"{name}: \t {value} \t \r\n" for name, value in JSON.items()]
        head.append(f"content-length: {len(body)}\r\n\r\n")
        answer = await exchange(address, "".join(head) + body)
    assert answer.startswith("HTTP/1.1 200 ")


async def exchange(address, text):
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(text.encode())
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer.decode()


@pytest.mark.parametrize(
    "path", ["/mcp", "/messages/?session_id=00000000000000000000000000000000", "/sandbox/x/v1"]
)
async def test_a_body_that_is_too_large_is_refused(path):
    async with served(asgi()) as base, httpx2.AsyncClient() as http:
        answer = await http.post(base + path, headers=JSON, content=b"x" * (4 * 2**20 + 1))
        assert answer.status_code == 413


async def test_a_stateless_server_has_no_stream_to_wait_on():
    async with served(asgi(stateless=True)) as base:
        for method in ("GET", "DELETE"):
            answer = await ask(base, method=method, **{"mcp-protocol-version": "2025-11-25"})
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert (await ask(base)).status_code == 200
