"""MCP messages as lines of JSON over a local stream: the framing of stdio, bounded, bad lines answered."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
from types import TracebackType
from typing import Self

import orjson
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

MAX_LINE = 4 * 2**20
"""Bytes of one message; the same as the largest HTTP body."""
LAST_ANSWERS_S = 60.0
"""How long answers may still go out after the client has closed its side; longer than any call takes."""
LOOK_EVERY_S = 0.25
_ENDLESS = frozenset({"subscriptions/listen", "events/stream"})


class Lines:
    """One client's stream, as both the read and the write side that an MCP server runs on.

    A client may close its sending side with answers still due (`printf … | wirepost mcp`): the server
    hears of the end of input only when they are out, or when nobody can receive them any more.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._due: set[object] = set()
        self._changed = asyncio.Event()

    async def __anext__(self) -> SessionMessage | Exception:
        """The next well-formed message; a bad line is answered here and skipped."""
        while True:
            line = await self._line()
            if line is None:
                await self._answers_out()
                raise StopAsyncIteration
            if not line.strip():
                continue
            try:
                message = jsonrpc_message_adapter.validate_json(line, by_name=False)
            except ValidationError:
                await self._refuse(PARSE_ERROR, "Parse error: a line must be one JSON-RPC message")
                continue
            self._note_received(message)
            return SessionMessage(message)

    async def send(self, item: SessionMessage, /) -> None:
        """Write one message; waits while the client does not read."""
        message = item.message
        if isinstance(message, JSONRPCResponse):
            # The result is plain JSON already; the model would walk through all of it once more.
            line = orjson.dumps({"jsonrpc": "2.0", "id": message.id, "result": message.result})
        else:
            line = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._settle(message.id)
        await self._write(line)

    async def wait_until_quiet(self) -> None:
        """Return once every request has its answer; open subscriptions do not count."""
        while self._due:
            self._changed.clear()
            await self._changed.wait()

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        return await anext(self)

    def __aiter__(self) -> Self:
        return self

    async def aclose(self) -> None:
        """Closing is up to whoever accepted the stream."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _line(self) -> bytes | None:
        """One line, `None` at the end of input; a line that is too long is refused and skipped."""
        is_too_long = False
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as overrun:
                await self._reader.readexactly(max(overrun.consumed, 1))
                is_too_long = True
                continue
            except asyncio.IncompleteReadError as end:
                line = end.partial  # the last message may lack its line end
                if not line or is_too_long:
                    return None
            except OSError:
                return None
            if not is_too_long:
                return line
            is_too_long = False
            await self._refuse(
                INVALID_REQUEST, f"The message is longer than {MAX_LINE} bytes and was skipped"
            )

    def _note_received(self, message: JSONRPCMessage) -> None:
        if isinstance(message, JSONRPCRequest):
            if message.method not in _ENDLESS:
                self._due.add(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            self._settle((message.params or {}).get("requestId"))

    def _settle(self, request_id: object) -> None:
        if isinstance(request_id, str | int):
            self._due.discard(request_id)
            self._changed.set()

    async def _answers_out(self) -> None:
        for _ in range(int(LAST_ANSWERS_S / LOOK_EVERY_S)):
            if self._is_gone():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self.wait_until_quiet()
                    return

    def _is_gone(self) -> bool:
        """Whether the client has closed both sides, so that no answer can arrive."""
        stream: socket.socket | None = self._writer.get_extra_info("socket")
        if stream is None or stream.fileno() < 0 or self._writer.is_closing():
            return True
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    async def _refuse(self, code: int, message: str) -> None:
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
        await self._write(orjson.dumps(error))

    async def _write(self, line: bytes) -> None:
        try:
            self._writer.write(line + b"\n")
            await self._writer.drain()
        except OSError:
            self._due.clear()  # nobody receives it
            self._changed.set()
