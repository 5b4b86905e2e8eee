"""A stranger's server that takes what is posted to it, answers as it is told, and remembers everything."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True)
class Letter:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is said to one request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    """Nothing is said until the other side gives up."""

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        headers = {"Content-Length": str(len(self.body)), **self.headers}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Letterbox:
    """Answers are taken in order; when there are none left, the last rule `always` decides."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    always: Callable[[Letter], Answer] = field(default=lambda _: Answer())
    connections: int = 0
    open: list[asyncio.StreamWriter] = field(default_factory=list)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def wait_for(self, count: int) -> list[Letter]:
        """Return once so many letters have come."""
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.letters) >= count)
        return self.letters

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        self.open.append(writer)
        try:
            while True:
                await self._take(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        letter = Letter(method, path, headers, body)
        answer = self.answers.popleft() if self.answers else self.always(letter)
        async with self.arrived:
            self.letters.append(letter)
            self.arrived.notify_all()
        if answer.hangs:
            await reader.read()
            return
        writer.write(answer.head() + answer.body)
        await writer.drain()


@asynccontextmanager
async def letterbox(
    context: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Letterbox]:
    """A server on a free port of the loopback address; with a context it speaks TLS."""
    box = Letterbox()
    server = await asyncio.start_server(box.handle, host, 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    box.url = f"{'https' if context else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    try:
        yield box
    finally:
        server.close()
        for writer in box.open:
            writer.close()
        await server.wait_closed()


def tls_for(files: tuple[object, object]) -> ssl.SSLContext:
    """The context of a server with this certificate and key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, files))
    return context
