"""The one database: units of work grouped into durable commits by one writer, and readers beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wirepost.store.tx import LOCK_WAIT_S, NotUnique, Row, T, Tx, Value, Work

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.place import Place
    from wirepost.store.postgres.server import Server
    from wirepost.store.signals import Signals
    from wirepost.store.writer import Writer

__all__ = ["Database", "NotUnique", "Reader", "Row", "Tx", "Value", "Work"]


class Reader(Protocol):
    """A database that is only read."""

    async def read(self, sql: str, *params: Value) -> list[Row]:
        """All rows of one statement."""
        ...

    async def close(self) -> None:
        """Let running statements end, then close every connection."""
        ...


class Database:
    """What every part that stores something is given.

    `is_shared` says that other servers may use it too; the file in a data directory has one owner.
    """

    def __init__(
        self, writer: Writer, reader: Reader, *, is_shared: bool, server: Server | None = None
    ) -> None:
        self._writer, self._reader, self.is_shared, self._server = writer, reader, is_shared, server

    async def carry(self, signals: Signals) -> None:
        """Tell here what is told in other servers, and there what is told here, until this is cancelled.

        Raises an error when the connection for it is lost. Returns at once where there are no others.
        """
        if self._server is not None:
            from wirepost.store.postgres.notices import Notices

            await Notices(self._server, signals).run()

    @classmethod
    async def open(cls, place: Place, clock: Clock, wait_s: float = LOCK_WAIT_S) -> Database:
        """Make the directory and the file if need be, bring the schema up to date, start the writer.

        Opening, and each write later, waits up to `wait_s` seconds for another process that has it locked.
        Raises `ConfigError`.
        """
        from wirepost.store.writer import Writer

        if isinstance(place, Path):
            from wirepost.store.sqlite.reader import SqliteReader
            from wirepost.store.sqlite.session import open_writing

            session = await asyncio.to_thread(open_writing, place, clock, wait_s)
            return cls(Writer(session), SqliteReader(place), is_shared=False)
        from wirepost.store.postgres.reader import PostgresReader
        from wirepost.store.postgres.session import open_writing as open_writing_there

        shared = await asyncio.to_thread(open_writing_there, place, clock, wait_s)
        return cls(Writer(shared), PostgresReader(place, wait_s), is_shared=True, server=place)

    @staticmethod
    async def open_reader(place: Place, wait_s: float = LOCK_WAIT_S) -> Reader:
        """Only reading, for a program beside a running server; waits while opening as `open` does."""
        if isinstance(place, Path):
            from wirepost.store.sqlite.reader import SqliteReader
            from wirepost.store.sqlite.session import check_readable

            await asyncio.to_thread(check_readable, place, wait_s)
            return SqliteReader(place)
        from wirepost.store.postgres.reader import PostgresReader

        shared = PostgresReader(place, wait_s)
        try:
            await shared.check()
        except BaseException:
            await shared.close()
            raise
        return shared

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
        """Let the planner learn how the tables have grown; due once a day. PostgreSQL does so by itself."""
        if self.is_shared:
            return

        async def work(tx: Tx) -> None:
            await tx.execute("PRAGMA optimize")

        await self.write(work)

    async def close(self) -> None:
        """Write what is queued, then close the database; calls that come later are refused."""
        await self._reader.close()
        await self._writer.close()
