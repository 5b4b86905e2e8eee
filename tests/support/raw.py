"""MCP spoken by hand, line by line, for tests that look at the bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
}
LONG = 8 * 2**20


def request(number: int, method: str, **params: Any) -> dict[str, Any]:
    """A request of the current protocol."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": MODERN_META}}


def call(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    """A tools/call of the current protocol."""
    return request(number, "tools/call", name=name, arguments=arguments)


class Raw:
    """One connection to the local socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, *messages: dict[str, Any] | bytes) -> None:
        """Write messages, each as a line."""
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            self.writer.write(line + b"\n")
        await self.writer.drain()

    async def receive(self) -> dict[str, Any]:
        """The next message; fails at the end of the stream."""
        async with asyncio.timeout(5):
            message: dict[str, Any] = json.loads(await self.reader.readuntil(b"\n"))
        return message

    async def rest(self) -> list[dict[str, Any]]:
        """Everything up to the end of the stream."""
        async with asyncio.timeout(5):
            return [json.loads(line) async for line in self.reader]

    def end_input(self) -> None:
        """Say that nothing more will be sent."""
        self.writer.write_eof()


@asynccontextmanager
async def connected(path: str | Path) -> AsyncIterator[Raw]:
    """A connection that is closed at the end."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=LONG)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
