"""A server killed in the middle of its writes: whatever was acknowledged is there, whole and once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.clock import ManualClock
from wirepost.store.database import Database

if TYPE_CHECKING:
    from wirepost.store.place import Place

ROUNDS = 6
WRITE = """
import asyncio, os, sys
from pathlib import Path
from wirepost.core.clock import Clock
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server

INSERT = (
    "INSERT INTO audit (seq, at, record, prev_hash, hash) "
    "SELECT coalesce(max(seq), 0) + 1, '', ?, ?, '' FROM audit"
)

async def write_for_ever(database, name):
    n = 0
    while True:
        unit = f"{name}.{n}"
        async def work(tx):
            await tx.execute(INSERT, unit, "first half")
            await tx.execute(INSERT, unit, "x" * (n * 37 % 9000))
            return unit
        acknowledged = await database.write(work, is_relaxed=sys.argv[3] == "relaxed")
        os.write(1, f"{acknowledged}\\n".encode())
        n += 1

async def main():
    place = Server.at(sys.argv[1]) if sys.argv[1].startswith("postgresql:") else Path(sys.argv[1])
    database = await Database.open(place, Clock())
    await asyncio.gather(*(write_for_ever(database, f"{sys.argv[2]}.{writer}") for writer in range(24)))

asyncio.run(main())
"""


def write_until_killed(place: Place, name: str, acknowledgements: int, kind: str) -> list[str]:
    """What a process was told is stored before SIGKILL, a moment after so many acknowledgements."""
    where = str(place) if isinstance(place, Path) else place.address
    program = [sys.executable, "-c", WRITE, where, name, kind]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline() for _ in range(acknowledgements)]
        process.kill()
        told += process.stdout.readlines()
    assert process.returncode == -signal.SIGKILL
    return [line.rstrip("\n") for line in told if line.endswith("\n")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "relaxed"])
async def test_every_acknowledged_unit_survives_kill_9_exactly_once(place, kind):
    told: list[str] = []
    for number in range(ROUNDS):
        told += write_until_killed(
            place, f"{number}", 100 + 333 * number, kind
        )  # up to and past a check-point
        database = await Database.open(place, ManualClock())
        stored = Counter(row[0] for row in await database.read("SELECT record FROM audit"))
        assert set(stored.values()) == {2}  # both halves of each unit, never one, never again
        assert len(told) == len(set(told))
        assert stored.keys() >= set(told)
        assert len(stored) - len(told) <= 24 * (
            number + 1
        )  # only what was under way may be there unacknowledged
        if not database.is_shared:
            assert await database.read("PRAGMA integrity_check") == [("ok",)]
        await database.close()


@pytest.mark.slow
async def test_what_one_writer_was_told_is_stored_in_its_order(place):
    told = write_until_killed(place, "run", 500, "full")
    database = await Database.open(place, ManualClock())
    rows = await database.read("SELECT record FROM audit WHERE prev_hash = 'first half' ORDER BY seq")
    await database.close()
    for writer in range(24):
        mine = [row[0] for row in rows if row[0].startswith(f"run.{writer}.")]
        assert mine == [f"run.{writer}.{n}" for n in range(len(mine))]
        assert len(mine) >= sum(unit.startswith(f"run.{writer}.") for unit in told)
