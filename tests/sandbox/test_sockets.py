"""A connection that ends without an answer, seen by a client that counts bytes."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from support.serving import served
from wirepost.sandbox.sockets import hang_up, knowing_transport

PARSERS = pytest.mark.parametrize("parser", ["h11", "httptools"])


async def bytes_from(base: str, path: str = "/") -> bytes:
    """Everything that comes back until the connection ends."""
    url = httpx2.URL(base)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {url.host}\r\n\r\n".encode())
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@PARSERS
async def test_nothing_is_sent(parser: str) -> None:
    async with served(knowing_transport(hang_up), http=parser, lifespan="off") as base:
        assert await bytes_from(base) == b""


@PARSERS
async def test_nothing_is_sent_from_within_another_application(parser: str) -> None:
    mounted = Mount("/deep", app=knowing_transport(hang_up))
    async with served(knowing_transport(Starlette(routes=[mounted])), http=parser) as base:
        assert await bytes_from(base, "/deep/down") == b""


async def test_the_server_finds_nothing_to_complain_about(caplog: pytest.LogCaptureFixture) -> None:
    async with served(knowing_transport(hang_up), lifespan="off", log_config=None) as base:
        await bytes_from(base)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


async def test_without_a_known_transport_the_answer_is_incomplete() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    await knowing_transport(hang_up)({"type": "http"}, receive, send)
    assert [message["type"] for message in sent] == ["http.response.start"]
    assert (b"content-length", b"1") in sent[0]["headers"]
