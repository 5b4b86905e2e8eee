"""The writing thread: what waits together is committed together, and nothing is left waiting."""

from __future__ import annotations

import asyncio
import struct
import threading
from pathlib import Path
from typing import ClassVar

import apsw

from support.clock import ManualClock
from wirepost.store.database import Database, Tx
from wirepost.store.sqlite.session import SqliteSession
from wirepost.store.writer import _Unit, run


def commits_in(path: Path) -> int:
    """Commits in the log: frames with a database size (https://sqlite.org/fileformat2.html, section 4.1)."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    (page_size,) = struct.unpack_from(">I", log, 8)
    return sum(struct.unpack_from(">I", log, at + 4)[0] > 0 for at in range(32, len(log), 24 + page_size))


async def test_units_that_wait_together_are_committed_together(path, clock):
    database = await Database.open(path, clock)
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    async def write(tx: Tx) -> None:
        await tx.execute("INSERT INTO audit (at, record, prev_hash, hash) VALUES ('', '', '', '')")

    before = commits_in(path)
    tasks = [asyncio.create_task(database.write(work)) for work in (hold, *[write] * 600)]
    await asyncio.wait(tasks[:1], timeout=0)
    may_go_on.set()
    await asyncio.gather(*tasks)
    assert commits_in(path) == before + 3  # 256 + 256 + 88; the one that held them up wrote nothing
    await database.write(write)
    assert commits_in(path) == before + 4
    await database.close()


class CountingFile(apsw.VFSFile):
    """Counts how often the log is brought to the disk."""

    synced: ClassVar[list[str]] = []

    def __init__(self, name, flags):
        super().__init__("", name, flags)
        self.name = str(name.filename() if isinstance(name, apsw.URIFilename) else name)

    def xSync(self, flags):  # noqa: N802 - the name is the library's
        self.synced.append(self.name)
        return super().xSync(flags)


class CountingVFS(apsw.VFS):
    """The usual file system, counted."""

    def __init__(self):
        self.name = "counting"
        super().__init__(self.name, "")

    def xOpen(self, name, flags):  # noqa: N802 - the name is the library's
        return CountingFile(name, flags)


async def test_only_batches_of_relaxed_units_do_not_wait_for_the_disk(path, clock):
    await (await Database.open(path, clock)).close()
    vfs = CountingVFS()
    connection = apsw.Connection(str(path), vfs=vfs.name)
    connection.pragma("journal_mode", "wal")
    session = SqliteSession(connection, path)
    loop = asyncio.get_running_loop()

    async def write(tx: Tx) -> None:
        await tx.execute("INSERT INTO audit (at, record, prev_hash, hash) VALUES ('', '', '', '')")

    def syncs(*kinds: str) -> int:
        CountingFile.synced.clear()
        units = [_Unit(write, loop.create_future(), kind == "relaxed") for kind in kinds]
        assert [done.error for done in run(session, units)] == [None] * len(units)
        return len(CountingFile.synced)

    assert syncs("full") >= 1
    assert syncs("relaxed") == 0
    assert syncs("relaxed", "relaxed") == 0
    assert syncs("relaxed", "full") >= 1
    assert syncs("relaxed") == 0
    session.close()


def test_a_loop_that_ends_first_loses_nothing_that_was_submitted(path):
    written = threading.Event()

    async def hold(tx: Tx) -> None:
        await tx.execute("INSERT INTO audit (at, record, prev_hash, hash) VALUES ('', 'kept', '', '')")
        written.wait(5)

    async def leave_without_closing() -> Database:
        database = await Database.open(path, ManualClock())
        task = asyncio.create_task(database.write(hold))
        await asyncio.wait([task], timeout=0)
        return database

    asyncio.run(leave_without_closing())
    writer = next(thread for thread in threading.enumerate() if thread.name == "wirepost-write")
    written.set()

    async def read() -> list[tuple[str]]:
        database = await Database.open(path, ManualClock())
        try:
            await database.write(lambda tx: tx.execute("SELECT 1"))  # waits for the lock of the first one
            return await database.read("SELECT record FROM audit")
        finally:
            await database.close()

    assert asyncio.run(read()) == [("kept",)]
    assert writer.daemon
