"""The local socket: any number of thin stdio fronts share this server, each as one MCP connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.server.lines import MAX_LINE, Lines

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from wirepost.server.presence import Presence

MAX_CONNECTIONS = 512
CLOSING_S = 2.0
_PRIVATE = 0o177

log = logging.getLogger(__name__)


class LocalSocket:
    """Serves MCP to processes of the same user."""

    def __init__(self, server: Server[Any], presence: Presence) -> None:
        self._server, self._presence = server, presence
        self._listener: asyncio.Server | None = None
        self._path: str | None = None
        self._connections: dict[asyncio.Task[None], Lines] = {}

    async def listen(self, path: str) -> None:
        """Accept connections at `path`, which only this user can open."""
        _remove(path)
        endpoint = socket.socket(socket.AF_UNIX)
        before = os.umask(_PRIVATE)
        try:
            endpoint.bind(path)
        finally:
            os.umask(before)
        self._path = path
        self._listener = await asyncio.start_unix_server(
            self._accept, sock=endpoint, limit=MAX_LINE, backlog=128
        )

    async def serve_stream(self, stream: socket.socket) -> None:
        """Serve one connection that is open already."""
        reader, writer = await asyncio.open_unix_connection(sock=stream, limit=MAX_LINE)
        await self._serve(Lines(reader, writer), writer)

    async def close(self, answers_within_s: float = 0.0) -> None:
        """Accept nothing more, let running requests answer for a while, then end what is open."""
        if self._listener:
            self._listener.close()
        if self._path:
            _remove(self._path)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(answers_within_s):
                for lines in list(self._connections.values()):
                    await lines.wait_until_quiet()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=CLOSING_S)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refusal = self._refusal(writer)
        if refusal:
            error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32603, "message": refusal}}
            writer.write(orjson.dumps(error) + b"\n")
            writer.close()
            return
        lines = Lines(reader, writer)
        task = asyncio.ensure_future(self._serve(lines, writer))
        self._connections[task] = lines
        task.add_done_callback(self._connections.pop)

    def _refusal(self, writer: asyncio.StreamWriter) -> str | None:
        if len(self._connections) >= MAX_CONNECTIONS:
            return f"The server has {MAX_CONNECTIONS} local connections, its largest number"
        if not _is_same_user(writer.get_extra_info("socket")):
            log.warning("a process of another user tried the local socket")
            return "This socket is for processes of the same user"
        return None

    async def _serve(self, lines: Lines, writer: asyncio.StreamWriter) -> None:
        with self._presence.visit(), contextlib.suppress(asyncio.CancelledError):
            try:
                await self._server.run(lines, lines, self._server.create_initialization_options())
            except Exception:
                log.exception("a local connection ended with a fault")
            finally:
                writer.close()


def _remove(path: str) -> None:
    """Take a socket away, be it ours or one that a killed server left."""
    Path(path).unlink(missing_ok=True)


def _is_same_user(stream: socket.socket) -> bool:
    """Ask the kernel who is at the other end, where it tells; permissions keep others out as well."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack("3i", stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(user == os.getuid())
