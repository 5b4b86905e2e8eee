"""The writing thread: what waits together is committed together, and nothing is left waiting."""

from __future__ import annotations

import asyncio
import struct
import threading
from pathlib import Path

from support.clock import ManualClock
from wirepost.store.database import Database, Tx


def commits_in(path: Path) -> int:
    """Commits in the log: frames with a database size (https://sqlite.org/fileformat2.html, section 4.1)."""
    log = path.with_name(f"{path.name}-wal").read_bytes()
    (page_size,) = struct.unpack_from(">I", log, 8)
    return sum(struct.unpack_from(">I", log, at + 4)[0] > 0 for at in range(32, len(log), 24 + page_size))


async def test_units_that_wait_together_are_committed_together(path, database):
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
