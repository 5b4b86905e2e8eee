"""The whole server as a program: it starts, says where it is, and ends in order whatever is open."""

from __future__ import annotations

import asyncio
import signal
import socket
import stat
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import httpx2
import pytest
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from support.programs import PATIENCE_S, serving, start
from support.raw import call, connected, request
from support.stand_in import client

pytestmark = pytest.mark.slow

MODERN = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "subscriptions/listen",
}
QUICK_S = 4
"""Well below the ten seconds that streams would get if nobody ended them."""


def mode_of(path):
    """Who may open the file, or `None` if there is none."""
    return stat.S_IMODE(Path(path).stat().st_mode) if Path(path).exists() else None


async def test_it_serves_http_and_the_local_socket_at_once(tmp_path):
    async with serving(tmp_path) as server:
        assert server.url.startswith("http://127.0.0.1:")
        async with client(f"{server.url}/mcp", "auto") as c:
            over_http = [tool.name for tool in (await c.list_tools()).tools]
        async with connected(server.directory.socket_path) as raw:
            await raw.send(request(1, "tools/list"))
            over_socket = [tool["name"] for tool in (await raw.receive())["result"]["tools"]]
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{server.url}/readyz")).json()["store"] == "ok"
        assert over_http == over_socket
        assert "stripe_create_refund" in over_http
        assert mode_of(server.directory.socket_path) == 0o600
        assert await server.end(signal.SIGINT) == 0


async def test_others_on_this_machine_are_told_where_http_is_served(tmp_path):
    config = tmp_path / "wirepost.yaml"
    config.write_text("server: {url: https://wirepost.example.com, shutdown_s: 20}")
    async with serving(tmp_path / "d", "--config", str(config)) as server:
        assert server.url == "https://wirepost.example.com"
        owner = server.directory.find_owner()
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{owner.url}/healthz")).status_code == 200
        assert owner.ends_within_s >= 20


async def test_open_streams_of_every_kind_end_in_order_and_delay_nothing(tmp_path):
    listen = request(7, "subscriptions/listen", notifications={"toolsListChanged": True})
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(tmp_path))
        http = await stack.enter_async_context(httpx2.AsyncClient(timeout=PATIENCE_S))
        modern = http.stream("POST", f"{server.url}/mcp", json=listen, headers=MODERN)
        chunks = (await stack.enter_async_context(modern)).aiter_text()
        assert "acknowledged" in await anext(chunks)
        local = await stack.enter_async_context(connected(server.directory.socket_path))
        await local.send(listen)
        await local.receive()
        for older in (streamable_http_client(f"{server.url}/mcp"), sse_client(f"{server.url}/sse")):
            await (await stack.enter_async_context(client(older, "legacy"))).list_tools()
        async with asyncio.timeout(QUICK_S):
            assert await server.end() == 0
        last = "".join([chunk async for chunk in chunks])
        assert '"id":7' in last
        assert '"result"' in last
        assert [message.get("id") for message in await local.rest()] == [7]
    assert mode_of(server.directory.socket_path) is None


async def is_let_in(connect):
    try:
        (await connect())[1].close()
    except OSError:
        return False
    return True


async def test_an_open_request_delays_the_end_until_a_second_interrupt_and_nobody_is_let_in(tmp_path):
    async with serving(tmp_path) as server:
        to_socket = partial(asyncio.open_unix_connection, server.directory.socket_path)
        to_port = partial(asyncio.open_connection, "127.0.0.1", httpx2.URL(server.url).port)
        _, writer = await to_port()
        writer.write(b"POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n")  # never complete
        async with httpx2.AsyncClient() as http:
            await http.get(f"{server.url}/healthz")
        server.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(5):  # half of what the request would get
            for connect in (to_socket, to_port):
                while await is_let_in(connect):
                    continue
        async with asyncio.timeout(QUICK_S):
            assert await server.end(signal.SIGINT) == 128 + signal.SIGINT
        writer.close()


async def ended(process):
    async with asyncio.timeout(PATIENCE_S):
        _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_a_taken_port_is_said_with_the_way_out(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = await ended(await start("serve", "--port", port, "--data-dir", str(tmp_path)))
    assert code == 2
    assert f"port {port} is taken by" in said
    assert f"--port {int(port) + 1}" in said


async def test_an_exposed_address_is_refused(tmp_path):
    code, said = await ended(await start("serve", "--host", "0.0.0.0", "--data-dir", str(tmp_path)))  # noqa: S104
    assert code == 2
    assert "server.allow_unauthenticated" in said


async def test_a_second_server_on_the_same_data_is_refused(tmp_path):
    """12.2.3e: no two servers can act on one intent, as no two share a ledger."""
    async with serving(tmp_path) as server:
        code, said = await ended(await start("serve", "--port", "0", "--data-dir", str(tmp_path)))
        assert code == 2
        assert f"process {server.process.pid}" in said


async def test_a_call_under_way_is_answered_before_the_end(tmp_path):
    async with serving(tmp_path) as server, connected(server.directory.socket_path) as raw:
        await raw.send(*(call(number, "connection_list") for number in range(1, 9)))
        await raw.receive()
        assert await server.end() == 0
        answers = await raw.rest()
    assert len(answers) == 7
    assert all("result" in answer for answer in answers)


async def test_a_signal_in_the_first_moment_ends_it_normally(tmp_path):
    async with serving(tmp_path) as server:
        assert await server.end() == 0
