"""The asking side: MCP requests over HTTP, over stdio and inside the process, as cheap as they can be made.

A heavy client would hide the difference between two servers, so nothing is parsed that need not be.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import httptools
import orjson
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest, JSONRPCResponse

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

VERSION = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
LONGEST_LINE = 4 * 2**20
ENDS_WITHIN_S = 15
HEARD_WITHIN_S = 10

Request = tuple[str, dict[str, Any]]
Ask = Callable[[Request], Awaitable[bytes]]
"""Method and parameters → the answer as it came; raises `Refused` unless it is a good result."""


class Refused(Exception):
    """A server did not answer, or with an error: a figure for that would mean nothing."""


class HttpLane(asyncio.Protocol):
    """One kept connection to one address, with one request at a time."""

    def __init__(self, host: str, path: str) -> None:
        self._target = f"POST {path} HTTP/1.1\r\nHost: {host}\r\n"
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Keep the transport."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls the methods below."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Part of an answer."""
        self._body += body

    def on_message_complete(self) -> None:
        """The end of an answer."""
        if self._answer and not self._answer.done():
            self._answer.set_result(bytes(self._body))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the request that waits, if any."""
        if self._answer and not self._answer.done():
            self._answer.set_exception(Refused(f"connection lost: {exc}"))

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    async def ask(self, request: Request) -> bytes:
        """Post one request."""
        self._body.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self.post(request)
        return _good(await self._answer)

    def post(self, request: Request) -> None:
        """Write one request."""
        method, params = request
        body = _message(1, request)
        name = f"Mcp-Name: {params['name']}\r\n" if "name" in params else ""
        head = (
            f"{self._target}Content-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\n"
            f"MCP-Protocol-Version: {VERSION}\r\nMcp-Method: {method}\r\n{name}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._transport.write(head.encode() + body)


class StreamLane(HttpLane):
    """A connection whose answer goes on: a stream of server-sent events, each one message."""

    def __init__(self, host: str, path: str) -> None:
        super().__init__(host, path)
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def on_body(self, body: bytes) -> None:
        """Part of the stream."""
        *lines, self._body = (self._body + body).split(b"\n")
        for line in lines:
            if line.startswith(b"data:") and (said := line[5:].strip()):
                self._told.put_nowait(orjson.loads(said))

    async def hear(self) -> dict[str, Any]:
        """The next message; raises `Refused` when none comes."""
        try:
            async with asyncio.timeout(HEARD_WITHIN_S):
                message = await self._told.get()
        except TimeoutError:
            raise Refused(f"nothing came on a stream: {bytes(self._body[:300])!r}") from None
        if "error" in message:
            raise Refused(str(message))
        return message


@asynccontextmanager
async def streamed(url: str, request: Request) -> AsyncIterator[StreamLane]:
    """What a request is answered with that goes on until it is left; the first message has come."""
    address = urlsplit(url)
    _, lane = await asyncio.get_running_loop().create_connection(
        lambda: StreamLane(address.netloc, address.path), address.hostname or "", address.port or 80
    )
    try:
        lane.post(request)
        await lane.hear()
        yield lane
    finally:
        lane.close()


@asynccontextmanager
async def over_http(url: str, lanes: int = 1) -> AsyncIterator[list[Ask]]:
    """As many connections to a server as requests shall be in flight."""
    address = urlsplit(url)
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as opened:
        asks: list[Ask] = []
        for _ in range(lanes):
            _, lane = await loop.create_connection(
                lambda: HttpLane(address.netloc, address.path), address.hostname or "", address.port or 80
            )
            opened.callback(lane.close)
            asks.append(lane.ask)
        yield asks


@asynccontextmanager
async def over_stdio(command: Sequence[str]) -> AsyncIterator[Ask]:
    """A program that is started, asked over its standard streams (any number in flight), and ended."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LONGEST_LINE
    )
    source, target = process.stdout, process.stdin
    if source is None or target is None:
        raise Refused("no pipes")
    numbers = itertools.count(1)
    waiting: dict[int, asyncio.Future[bytes]] = {}

    async def receive() -> None:
        async for line in source:
            answer = waiting.pop(orjson.loads(line).get("id"), None)
            if answer:
                answer.set_result(line)
        for answer in waiting.values():
            answer.set_exception(Refused(f"{command} has ended"))

    async def ask(request: Request) -> bytes:
        number = next(numbers)
        waiting[number] = asyncio.get_running_loop().create_future()
        target.write(_message(number, request) + b"\n")
        return _good(await waiting[number])

    receiving = asyncio.create_task(receive())
    try:
        yield ask
    finally:
        target.close()
        await asyncio.wait_for(process.wait(), ENDS_WITHIN_S)
        await receiving


@asynccontextmanager
async def inside(server: Server[Any]) -> AsyncIterator[Ask]:
    """A server object in this process, without bytes or a transport; the answer is not made into bytes."""
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](1)
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](1)
    running = asyncio.ensure_future(server.run(incoming, outgoing, server.create_initialization_options()))

    async def ask(request: Request) -> bytes:
        method, params = request
        asked = JSONRPCRequest(jsonrpc="2.0", id=1, method=method, params={**params, "_meta": META})
        await to_server.send(SessionMessage(asked))
        answer = (await from_server.receive()).message
        if not isinstance(answer, JSONRPCResponse):
            raise Refused(str(answer))
        return b""

    try:
        yield ask
    finally:
        to_server.close()
        await asyncio.wait({running}, timeout=ENDS_WITHIN_S)
        running.cancel()
        from_server.close()


def _message(number: int, request: Request) -> bytes:
    method, params = request
    return orjson.dumps(
        {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": META}}
    )


def _good(answer: bytes) -> bytes:
    if b'"result"' not in answer or b'"isError":true' in answer:
        raise Refused(answer[:300].decode(errors="replace"))
    return answer
