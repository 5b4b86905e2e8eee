"""The one database: units of work grouped into durable commits by one writer, and readers beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from wirepost.store.tx import LOCK_WAIT_S, NotUnique, Row, T, Tx, Value, Work

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.reader import Reader
    from wirepost.store.writer import Writer

__all__ = ["Database", "NotUnique", "Row", "Tx", "Value", "Work"]


class Database:
    """What every part that stores something is given."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader

    @classmethod
    async def open(cls, path: Path, clock: Clock, wait_s: float = LOCK_WAIT_S) -> Database:
        """Make the directory and the file if need be, bring the schema up to date, start the writer.

        Opening, and each write later, waits up to `wait_s` seconds for another process that has it locked.
        """
        from wirepost.store.reader import Reader
        from wirepost.store.sqlite import SqliteSession, open_writing
        from wirepost.store.writer import Writer

        connection = await asyncio.to_thread(open_writing, path, clock, wait_s)
        return cls(Writer(SqliteSession(connection, path)), Reader(path))

    @staticmethod
    async def open_reader(path: Path, wait_s: float = LOCK_WAIT_S) -> Reader:
        """Only reading, for a program beside a running server; waits while opening as `open` does."""
        from wirepost.store.reader import Reader
        from wirepost.store.sqlite import check_readable

        await asyncio.to_thread(check_readable, path, wait_s)
        return Reader(path)

    async def write(self, work: Work[T], *, is_relaxed: bool = False) -> T:
        """Run one unit of work, all or nothing; returns its value once it is on the disk.

        A relaxed unit is on its way to the disk when this returns: it survives the end of this process, and a
        loss of power once the next unit that is not relaxed returns or the system has written it (seconds).

        `work` awaits nothing but `tx.execute`, does nothing outside the database, and runs exactly once.
        Units are committed in the order in which they were submitted. What it raises, the caller gets, and
        nothing is stored.
        """
        return await self._writer.submit(work, is_relaxed=is_relaxed)

    async def read(self, sql: str, *params: Value) -> list[Row]:
        """All rows of one statement, which has a `LIMIT` and an index; sees every write that has returned."""
        return await self._reader.read(sql, *params)

    async def optimize(self) -> None:
        """Let the planner learn how the tables have grown; due once a day."""

        async def work(tx: Tx) -> None:
            await tx.execute("PRAGMA optimize")

        await self.write(work)

    async def close(self) -> None:
        """Write what is queued, then close the file; calls that come later are refused."""
        await self._reader.close()
        await self._writer.close()
