"""A disk that is full, a file locked, forbidden or damaged: one clear error, and all goes on afterwards."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.clock import ManualClock
from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.database import Database, Tx, Work

INSERT = "INSERT INTO audit (at, record, prev_hash, hash) VALUES ('', ?, ?, '')"
RECORDS = "SELECT record FROM audit ORDER BY seq"


def append(record: str, size: int = 3000) -> Work[str]:
    async def work(tx: Tx) -> str:
        await tx.execute(INSERT, record, "x" * size)
        return record

    return work


def run(program: str, path: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    return done.stdout


def setting(sql: str) -> Work[list[tuple[object, ...]]]:
    return lambda tx: tx.execute(sql)


async def test_a_full_disk_refuses_clearly_and_writing_goes_on_when_there_is_room(tmp_path):
    path = tmp_path / "wirepost.db"
    database = await Database.open(path, ManualClock())
    ((pages,),) = await database.read("PRAGMA page_count")
    await database.write(setting(f"PRAGMA max_page_count = {pages + 30}"))
    results: list[object] = [await database.write(append(f"fits {n}")) for n in range(5)]
    writes = [database.write(append(f"{n}")) for n in range(300)]
    results += await asyncio.gather(*writes, return_exceptions=True)
    stored = [result for result in results if isinstance(result, str)]
    refused = [result for result in results if isinstance(result, Unavailable)]
    assert refused
    assert len(stored) + len(refused) == 305
    error = refused[-1]
    assert error.message == "The server cannot use its own store: the disk is full. Nothing was sent."
    assert error.hint.startswith(f"Free space on the file system of {path} (")
    assert (error.outcome, error.retryable, error.retry_after_s) == ("not_applied", True, 30)
    assert [row[0] for row in await database.read(RECORDS)] == stored

    await database.write(setting("PRAGMA max_page_count = 100000"))
    assert await database.write(append("room again")) == "room again"
    await database.close()

    again = await Database.open(path, ManualClock())
    assert [row[0] for row in await again.read(RECORDS)] == [*stored, "room again"]
    await again.close()


FILL = """
import asyncio, json, resource, sys
from pathlib import Path
from wirepost.core.clock import Clock
from wirepost.core.errors import Unavailable
from wirepost.store.database import Database

INSERT = "INSERT INTO audit (at, record, prev_hash, hash) VALUES ('', ?, ?, '')"

def unit(record, size):
    async def work(tx):
        for _ in range(size // 4000 + 1):
            await tx.execute(INSERT, record, "x" * min(size, 4000))
        return record
    return work

async def main():
    database = await Database.open(Path(sys.argv[1]), Clock())
    await database.write(unit("before", 10))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    stored, refused = ["before"], []
    for round in range(6):
        # The sixth unit is larger than the page cache, so that it meets the limit before the commit.
        units = [unit(f"{round}.{n}", 6_000_000 if n == 5 and round % 2 else 1000) for n in range(40)]
        for result in await asyncio.gather(*map(database.write, units), return_exceptions=True):
            if isinstance(result, Unavailable):
                refused.append([result.message, result.hint])
            else:
                stored.append(result)  # anything but a string fails below
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    stored.append(await database.write(unit("after", 10)))
    seen = [row[0] for row in await database.read("SELECT DISTINCT record FROM audit ORDER BY seq")]
    await database.close()
    print(json.dumps({"stored": stored, "refused": refused, "seen": seen}))

asyncio.run(main())
"""


async def test_a_disk_that_refuses_loses_only_what_was_refused(tmp_path):
    path = tmp_path / "wirepost.db"
    result = json.loads(run(FILL, path))
    stored, refused = result["stored"], result["refused"]
    assert stored[0] == "before"
    assert stored[-1] == "after"
    assert len(stored) + len(refused) == 242
    assert {message for message, _ in refused} == {
        "The server cannot use its own store: the disk refuses (File too large). Nothing was sent."
    }
    assert result["seen"] == stored
    database = await Database.open(path, ManualClock())
    assert [row[0] for row in await database.read("SELECT DISTINCT record FROM audit ORDER BY seq")] == stored
    assert await database.read("PRAGMA integrity_check") == [("ok",)]
    await database.close()


HOLD = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.read(1)
connection.close(True)
"""


def hold(path: Path, *statements: str) -> subprocess.Popen[str]:
    """Another process that keeps the database locked until it may read a byte."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *statements],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    return process


async def test_a_database_that_another_process_holds_names_it_and_goes_on_afterwards(tmp_path):
    path = tmp_path / "wirepost.db"
    database = await Database.open(path, ManualClock(), wait_s=0.05)
    await database.write(append("before"))
    process = hold(path, "BEGIN IMMEDIATE")
    writes = [database.write(append(f"{n}")) for n in range(10)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    for error in results:
        assert isinstance(error, Unavailable)
        assert error.message == (
            f"The server cannot use its own store: process {process.pid} holds the database. "
            "Nothing was sent."
        )
        assert error.hint == f"Stop process {process.pid}, which has {path} locked, then repeat"
        assert error.retry_after_s == 5
    assert await database.read(RECORDS) == [("before",)]
    process.communicate("x")
    await database.write(append("after"))
    assert await database.read(RECORDS) == [("before",), ("after",)]
    await database.close()


@pytest.mark.slow
async def test_a_writer_waits_for_a_short_lock(tmp_path):
    path = tmp_path / "wirepost.db"
    database = await Database.open(path, ManualClock())
    process = hold(path, "BEGIN IMMEDIATE")
    write = asyncio.create_task(database.write(append("waited")))
    await asyncio.wait([write], timeout=0)
    process.communicate("x")
    assert await write == "waited"
    await database.close()


@pytest.mark.slow
async def test_a_server_does_not_start_on_a_database_that_is_held(tmp_path):
    path = tmp_path / "wirepost.db"
    await (await Database.open(path, ManualClock())).close()
    process = hold(path, "PRAGMA locking_mode = exclusive", "BEGIN EXCLUSIVE")
    try:
        openings = Database.open(path, ManualClock(), wait_s=0.05), Database.open_reader(path, wait_s=0.05)
        for error in await asyncio.gather(*openings, return_exceptions=True):
            assert isinstance(error, ConfigError)
            assert f"the database cannot be opened: process {process.pid} holds the database (Stop " in str(
                error
            )
    finally:
        process.communicate("x")
    await (await Database.open(path, ManualClock())).close()


async def test_a_database_that_became_read_only_says_so(tmp_path):
    database = await Database.open(tmp_path / "wirepost.db", ManualClock())
    await database.write(append("kept"))
    await database.write(setting("PRAGMA query_only = 1"))
    writes = [database.write(append(f"{n}")) for n in range(10)]
    for error in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(error, Unavailable)
        assert "no permission to write the database" in error.message
    assert await database.read(RECORDS) == [("kept",)]
    await database.close()


OPEN_AS_NOBODY = """
import asyncio, os, sys
from pathlib import Path
import wirepost.store.sqlite.reader, wirepost.store.sqlite.session, wirepost.store.writer
from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError
from wirepost.store.database import Database
from wirepost.store.owner import DataDirectory

if os.geteuid() == 0:
    os.setuid(65534)

async def main():
    for opening in (Database.open(Path(sys.argv[1]), Clock()), Database.open_reader(Path(sys.argv[1]))):
        try:
            await opening
        except ConfigError as error:
            print(error)
    try:
        DataDirectory(os.path.dirname(sys.argv[1])).acquire(Clock())
    except ConfigError as error:
        print(error)

asyncio.run(main())
"""


async def test_a_directory_that_may_not_be_used_is_refused(tmp_path):
    path = tmp_path / "directory" / "wirepost.db"
    await (await Database.open(path, ManualClock())).close()
    path.parent.chmod(0o000)
    try:
        said = run(OPEN_AS_NOBODY, path)
    finally:
        path.parent.chmod(0o700)
    writing, reading, owning = said.splitlines()
    assert writing.startswith(f"{path}: the database cannot be opened: Permission denied (Let user ")
    assert reading.startswith(f"{path}: there is no database (")  # where nothing may be seen, nothing is
    assert owning.startswith(f"{path.parent}: the data directory cannot be used: Permission denied (")


async def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "wirepost.db"
    path.write_bytes(b"not a database at all" * 1000)
    for opening in (Database.open(path, ManualClock()), Database.open_reader(path)):
        with pytest.raises(ConfigError, match=r"the database file is damaged \(Stop the server, keep a copy"):
            await opening
    assert path.read_bytes() == b"not a database at all" * 1000


async def test_a_database_with_damaged_pages_says_so(tmp_path):
    path = tmp_path / "wirepost.db"
    database = await Database.open(path, ManualClock())
    await database.close()
    whole = path.stat().st_size  # the schema is on these pages, and the roots of all tables
    database = await Database.open(path, ManualClock())
    await asyncio.gather(*(database.write(append(f"{n}")) for n in range(100)))
    await database.close()
    pages = path.read_bytes()
    path.write_bytes(pages[:whole] + b"\xff" * (len(pages) - whole))
    database = await Database.open(path, ManualClock())
    with pytest.raises(Unavailable, match="the database file is damaged"):
        await database.read("SELECT sum(length(prev_hash)) FROM audit")
    with pytest.raises(Unavailable, match="the database file is damaged"):
        await database.write(setting("DELETE FROM audit"))
    await database.close()
