"""A sender with many connections that sends again whatever was not confirmed, as providers do."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from urllib.parse import urlsplit

import orjson

from support.receiving import refund, stripe_signature
from wirepost.core.clock import Clock

CONNECTIONS = 32
TWICE = 10
"""Each event whose number this divides is sent by two connections at the same time."""


class Storm:
    """Stripe, with ever new events for one path of whichever servers there are."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._new = (number for number in count() for _ in range(1 if number % TWICE else 2))
        self._allowed = 0
        self._again: deque[int] = deque()
        self._under_way = 0
        self._changed = asyncio.Condition()
        self.servers: list[str] = []
        """Addresses that take requests now."""
        self.answered: dict[int, set[str]] = defaultdict(set)
        """Event → the ids under which it was confirmed; none where it was to be read later."""
        self.said: Counter[str] = Counter()
        """How often each status was said, none yet for what is read later (`kept`), and nothing (`lost`)."""

    @asynccontextmanager
    async def blowing(self) -> AsyncIterator[None]:
        """Send whenever there is somebody to send to, and leave nothing that was not confirmed."""
        async with asyncio.TaskGroup() as senders:
            tasks = [senders.create_task(self._send(place)) for place in range(CONNECTIONS)]
            try:
                yield
            finally:
                for each in tasks:
                    each.cancel()

    async def began(self, server: str) -> None:
        """This server takes requests from now on."""
        async with self._changed:
            self.servers.append(server)
            self._changed.notify_all()

    def ended(self, server: str) -> None:
        """It does not any more."""
        if server in self.servers:
            self.servers.remove(server)

    async def confirmed(self, wanted: int) -> None:
        """Return in the moment in which so many more were confirmed, with others on all connections."""
        wanted += self._answers
        async with self._changed:
            self._allowed = max(0, wanted - self._answers - len(self._again)) + CONNECTIONS
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._answers >= wanted)

    async def over(self) -> None:
        """Return once everything is confirmed."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._has_more and not self._under_way)

    @property
    def _answers(self) -> int:
        return self.said.total() - self.said["lost"]

    @property
    def _has_more(self) -> bool:
        return bool(self._again or self._allowed)

    def _next(self) -> int:
        if self._again:
            return self._again.popleft()
        self._allowed -= 1
        return next(self._new)

    async def _send(self, place: int) -> None:
        """One connection after the other."""
        for turn in count(place):
            async with self._changed:
                await self._changed.wait_for(lambda: self.servers and self._has_more)
            server = self.servers[turn % len(self.servers)]
            with suppress(OSError, EOFError):
                async with _connected(server) as (reader, writer):
                    while self._has_more and server in self.servers:
                        await self._send_one(reader, writer)

    async def _send_one(self, reader: StreamReader, writer: StreamWriter) -> None:
        number = self._next()
        self._under_way += 1
        try:
            writer.write(self._request(number))
            status, answer = await _answer(reader)
            assert status == 200, answer
            self.answered[number] |= {answer["id"]} if "id" in answer else set()
            self.said[answer["status"] if "id" in answer else "kept"] += 1
        except (OSError, EOFError):
            self._again.append(number)
            self.said["lost"] += 1
            raise
        finally:
            self._under_way -= 1
            async with self._changed:
                self._changed.notify_all()

    def _request(self, number: int) -> bytes:
        body = refund(number)
        lines = [
            f"POST {self._path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Stripe-Signature: {stripe_signature(body, Clock().now().timestamp())}",
            f"Content-Length: {len(body)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def _connected(server: str) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    where = urlsplit(server)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def _answer(reader: StreamReader) -> tuple[int, dict[str, str]]:
    """Status and JSON of the next answer; raises `EOFError` where it is cut off."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in head if line.startswith("content-length:"))
    said: dict[str, str] = orjson.loads(await reader.readexactly(length))
    return int(head[0].split(" ")[1]), said
