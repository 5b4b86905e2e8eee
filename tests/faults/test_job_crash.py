"""A process killed between any two steps of a look: the job ends once, with its result, and is told once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.clock import ManualClock
from support.far_jobs import KIND, FarJobs
from wirepost.contracts.jobs import Seen
from wirepost.events.log import EventLog
from wirepost.events.own import OwnEvents
from wirepost.events.own_news import tell_of_jobs
from wirepost.jobs.files import DAY_S, Files
from wirepost.jobs.jobs import LOOK, Jobs
from wirepost.jobs.looks import Looks
from wirepost.jobs.poller import Poller
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server
from wirepost.store.signals import Signals
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as Attempt
from wirepost.tools.jobs import Started

if TYPE_CHECKING:
    from wirepost.store.place import Place

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]
ROWS = [{"number": number, "text": "x" * 300_000} for number in range(3)]
MOST_STEPS = 20


async def follow(place: Place, clock: ManualClock, *, kill_before: int = 0) -> tuple[Database, Jobs, Poller]:
    """Everything that looks at the one job; the process dies before its write with that number."""
    database = await Database.open(place, clock)
    write, steps = database.write, iter(range(1, 1000))

    async def counted(work, **how):  # type: ignore[no-untyped-def]
        if next(steps) == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)
        return await write(work, **how)

    database.write = counted  # type: ignore[method-assign]
    files = Files(database, clock)
    signals = Signals()
    jobs = Jobs(database, signals, clock, files)
    tell_of_jobs(OwnEvents(EventLog(database, signals, clock), clock), jobs)
    far = FarJobs(seen=[Seen("succeeded")], rows=ROWS)
    return database, jobs, Poller(jobs, files, Looks(far.connections(clock), clock), clock)


async def look(poller: Poller, job: str) -> None:
    """One look; the work stays until one ends without asking for another."""
    with suppress(ComeAgain):
        await poller.look(Attempt(LOOK, job, {}, 1, None))


async def die(address: str, job: str, kill_before: int) -> None:
    """What the process that is killed does."""
    place = Server.at(address) if address.startswith("postgresql:") else Path(address)
    database, _, poller = await follow(place, ManualClock(), kill_before=kill_before)
    await look(poller, job)
    await database.close()


def killed(place: Place, job: str, before: int) -> bool:
    """Whether a process that looks at the job had a write with that number to die before."""
    where = str(place) if isinstance(place, Path) else place.address
    call = f"asyncio.run(die({where!r}, {job!r}, {before}))"
    program = f"import asyncio; from faults.test_job_crash import die; {call}"
    path = os.pathsep.join([str(TESTS), *sys.path])
    ended = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": path}, check=False, timeout=60)
    assert ended.returncode in {0, -signal.SIGKILL}
    return ended.returncode != 0


async def one_job(place: Place, number: int) -> str:
    """Its id."""
    database, jobs, _ = await follow(place, ManualClock())
    given, opening = jobs.opening(
        Started(KIND, f"rep_{number}"),
        owner="anna",
        connection="sample",
        environment="sandbox",
        tool="t",
        intent=f"int_{number}",
    )
    await database.write(opening)
    await database.close()
    return given.job


@pytest.mark.timeout(300)
async def test_a_kill_between_any_two_steps_does_no_harm(place: Place) -> None:
    kills = 0
    for step in range(1, MOST_STEPS):
        job = await one_job(place, step)
        was_killed = killed(place, job, step)
        clock = ManualClock()
        database, jobs, poller = await follow(place, clock)
        files = Files(database, clock)
        await look(poller, job)
        await look(poller, job)  # as often as it likes
        ended = await jobs.find(job, "anna")
        assert ended.file is not None
        kept = await files.get(ended.file, "anna")
        assert (ended.status, await files.page(kept, 0, 9)) == ("succeeded", ROWS)
        told = await database.read(
            "SELECT type FROM events WHERE object_id = ? AND source = 'wirepost' LIMIT 9", job
        )
        assert told == [("job.finished",)]
        clock.advance(8 * DAY_S)
        await files.prune()
        for table in ("files", "file_parts"):
            left = await database.read(f"SELECT count(*) FROM {table} LIMIT 1")  # noqa: S608 - our own words
            assert left == [(0,)], "what a dead process had begun is forgotten, too"
        await database.close()
        if not was_killed:
            break
        kills += 1
    assert kills >= len(("begin", "part", "part", "part", "end", "job", "event"))
