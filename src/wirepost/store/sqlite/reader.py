"""Reading: a short statement runs at once on the event loop, a longer one moves to a thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import apsw

from wirepost.store.sqlite.errors import translate
from wirepost.store.sqlite.session import open_reading
from wirepost.store.tx import Row, Value, shutting_down

STEPS = 1000
"""Steps of the virtual machine between two looks; on the loop a statement gets at most twice these, 50 µs."""
THREADS = 2


class SqliteReader:
    """Read-only connections to one database file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looks = 0
        self._quick = open_reading(path, wait_s=0)
        self._quick.set_progress_handler(self._has_had_enough, STEPS)
        self._cursor = self._quick.cursor()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="wirepost-read")
        self._idle: SimpleQueue[apsw.Connection] = SimpleQueue()
        self._opened: list[apsw.Connection] = []
        self._is_closed = False

    async def read(self, sql: str, *params: Value) -> list[Row]:
        """All rows of one statement, as of now: every write that was acknowledged before is seen."""
        if self._is_closed:
            raise shutting_down()
        self._looks = 0
        try:
            return self._cursor.execute(sql, params).fetchall()
        except (apsw.InterruptError, apsw.BusyError):
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, self._read_in_thread, sql, params)
        except apsw.Error as error:
            raise translate(error, self._path, self._quick.system_errno) from error

    async def close(self) -> None:
        """Let running statements end, then close every connection."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        for connection in (self._quick, *self._opened):
            connection.close()

    def _has_had_enough(self) -> bool:
        # The library counts the steps of a prepared statement over all its runs: the first look says nothing.
        self._looks += 1
        return self._looks > 1

    def _read_in_thread(self, sql: str, params: tuple[Value, ...]) -> list[Row]:
        try:
            connection = self._take()
            try:
                return connection.execute(sql, params).fetchall()
            finally:
                self._idle.put(connection)
        except apsw.Error as error:
            raise translate(error, self._path) from error

    def _take(self) -> apsw.Connection:
        if not self._idle.empty():
            return self._idle.get()
        connection = open_reading(self._path)
        self._opened.append(connection)
        return connection
