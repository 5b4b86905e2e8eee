"""Reading from PostgreSQL: each statement in a thread, on a connection that cannot write."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import psycopg

from wirepost.store.migrate import check_current
from wirepost.store.postgres.errors import Unusable, refuse, translate
from wirepost.store.postgres.sql import HAS_SCHEMA, statement
from wirepost.store.tx import shutting_down

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.store.postgres.server import Connection, Server
    from wirepost.store.tx import Row, Value

THREADS = 4


class PostgresReader:
    """Connections that read, opened when they are first needed and again when they were lost."""

    def __init__(self, server: Server, wait_s: float) -> None:
        self._server, self._wait_s = server, wait_s
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="wirepost-read")
        self._idle: SimpleQueue[Connection] = SimpleQueue()
        self._is_closed = False

    async def read(self, sql: str, *params: Value) -> list[Row]:
        """All rows of one statement, as of now: every write that was acknowledged before is seen."""
        if self._is_closed:
            raise shutting_down()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, sql, params)

    async def check(self) -> None:
        """Refuse a database that has not exactly the schema this program reads (`ConfigError`)."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._check)

    async def close(self) -> None:
        """Let running statements end, then close every connection."""
        self._is_closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        while not self._idle.empty():
            self._idle.get().close()

    def has_schema(self) -> bool:
        """Whether a migration was ever applied."""
        return bool(self.execute(HAS_SCHEMA))

    def execute(self, sql: str, params: Sequence[Value] = ()) -> list[Row]:
        """Run one statement in this thread, once more where the connection turns out to be lost."""
        while True:
            is_kept, connection = self._take()
            try:
                cursor = connection.execute(statement(sql), params)
                return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if not (is_kept and connection.closed):
                    raise
            finally:
                if not connection.closed:
                    self._idle.put(connection)

    def _take(self) -> tuple[bool, Connection]:
        try:
            return True, self._idle.get_nowait()
        except Empty:
            return False, self._server.connect(self._wait_s, may_write=False)

    def _read(self, sql: str, params: Sequence[Value]) -> list[Row]:
        try:
            return self.execute(sql, params)
        except (psycopg.Error, Unusable) as error:
            raise translate(error, self._server.label) from error

    def _check(self) -> None:
        try:
            check_current(self, self._server.label)
        except (psycopg.Error, Unusable) as error:
            raise refuse(error, self._server.label) from error
