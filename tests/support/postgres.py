"""PostgreSQL for tests: an address for each test, and a gate between us and the server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import cache
from urllib.parse import quote, urlsplit

import psycopg

VARIABLE = "WIREPOST_TEST_POSTGRES"
ADDRESS = os.environ.get(VARIABLE, "postgresql://postgres@127.0.0.1:5432/postgres")
"""A server on which tests make schemas of their own, and drop them again."""


@cache
def find_postgres() -> str | None:
    """The address of the server, if it is there."""
    try:
        psycopg.connect(ADDRESS, connect_timeout=2).close()
    except psycopg.Error:
        return None
    return ADDRESS


def ask(sql: str, schema: str = "public") -> list[tuple[object, ...]]:
    """The rows of a statement that another program runs."""
    with closing(psycopg.connect(address_in(schema), autocommit=True)) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def address_in(schema: str, *, at: str = ADDRESS, options: str = "") -> str:
    """The address of a schema, on the server or on a gate before it."""
    return f"{at}?options={quote(f'-csearch_path={schema} {options}'.strip(), safe='')}"


class Gate:
    """A way to the server that can be watched and closed; `on_sent` sees what goes there before it leaves."""

    def __init__(self) -> None:
        self.on_sent: Callable[[bytes], None] = lambda _: None
        self.lets_requests_through = True
        self.lets_answers_through = True
        self.is_open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self.address = ""

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Gate]:
        """The gate on a free port."""
        server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        parts = urlsplit(ADDRESS)
        self.address = f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()

    def cut(self) -> None:
        """Break off all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            writer.transport.abort()
            return
        parts = urlsplit(ADDRESS)
        answers, server = await asyncio.open_connection(parts.hostname, parts.port)
        self._writers |= {writer, server}
        async with asyncio.TaskGroup() as both:
            both.create_task(self._there(reader, server))
            both.create_task(self._back(answers, writer))
        self._writers -= {writer, server}

    async def _there(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter) -> None:
        while sent := await _received(reader):
            self.on_sent(sent)
            if self.lets_requests_through:
                server.write(sent)
        server.close()

    async def _back(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while answered := await _received(answers):
            if self.lets_answers_through:
                writer.write(answered)
            else:
                self.cut()
        writer.close()


async def _received(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""
