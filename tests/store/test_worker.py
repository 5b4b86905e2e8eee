"""The worker: work is done once while all goes well, again when it does not, and by one process at a time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from random import Random

import pytest

from support.clock import ManualClock
from wirepost.core.errors import Unavailable
from wirepost.store.queue import WORK, Task, put
from wirepost.store.signals import Signals
from wirepost.store.worker import (
    AFTER_FAULT_S,
    AT_ONCE,
    LEASE_S,
    MAX_ATTEMPTS,
    ComeAgain,
    GiveUp,
    Job,
    RetryLater,
    Worker,
)

NOW = ManualClock().now().timestamp()


@pytest.fixture
def clock():
    """Time stands still unless a test advances it, so that pauses can be looked at."""
    return ManualClock(auto=False)


@pytest.fixture
def signals():
    return Signals()


async def store(database, signals, *keys, due_at=NOW, **fields):
    async def work(tx):
        for key in keys:
            await put(tx, Task("fetch", key, due_at, **fields), NOW)

    await database.write(work)
    signals.tell(WORK)


@asynccontextmanager
async def running(*workers):
    tasks = [asyncio.create_task(each.run()) for each in workers]
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def rows(database, columns="state, attempt, due_at, reason"):
    return await database.read(f"SELECT {columns} FROM work ORDER BY key LIMIT 99")  # noqa: S608 - our own words


async def until(database, expected, columns="state, attempt, due_at, reason"):
    """Returns when the table is as expected; looks again after each commit of the worker."""
    while await rows(database, columns) != expected:
        await asyncio.to_thread(lambda: None)


async def advance(clock, seconds):
    """Let time pass once the worker and its keeper of leases are asleep."""
    await clock.wait_for_sleepers(2)
    clock.advance(seconds)


def seeded():
    return Random(7)  # noqa: S311 - decides nothing but pauses


class Doing:
    """A handler that notes what it did, and fails as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.jobs: list[Job] = []
        self.failures = list(failures)
        self.done = asyncio.Event()

    async def __call__(self, job: Job) -> None:
        self.jobs.append(job)
        if self.failures:
            raise self.failures.pop(0)
        self.done.set()


async def test_what_is_due_is_done_at_once_and_forgotten(database, signals, clock):
    doing = Doing()
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await store(database, signals, "evt_1", details={"path": "/v1/charges/ch_1"})
        await doing.done.wait()
        await until(database, [])
    assert doing.jobs == [Job("fetch", "evt_1", {"path": "/v1/charges/ch_1"}, 1, None)]


async def test_what_is_not_due_waits_for_its_time(database, signals, clock):
    doing = Doing()
    await store(database, signals, "evt_1", due_at=NOW + 0.5)
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await clock.wait_for_sleepers(2)
        assert sorted(clock.slept) == [pytest.approx(0.5), LEASE_S / 3]
        assert doing.jobs == []
        await advance(clock, 0.5)
        await doing.done.wait()


async def test_work_of_kinds_without_a_handler_is_left_to_others(database, signals, clock):
    doing = Doing()
    await store(database, signals, "evt_1")
    async with running(
        Worker(database, {"other": doing}, signals, clock), Worker(database, {}, signals, clock)
    ):
        await clock.wait_for_sleepers(4)
    assert await rows(database) == [("waiting", 0, NOW, None)]


async def test_what_failed_is_tried_again_after_longer_and_longer_pauses(database, signals, clock):
    doing = Doing(ValueError("secret detail"), ValueError("secret detail"), ValueError("secret detail"))
    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": doing}, signals, clock, rng=seeded())):
        pauses, rng = [], seeded()
        for attempt in (1, 2, 3):
            pauses.append(2.0**attempt * rng.uniform(0.8, 1.2))
            due = clock.now().timestamp() + pauses[-1]
            reason = "unexpected fault (ValueError)"
            await until(database, [("waiting", attempt, pytest.approx(due), reason)])
            await advance(clock, pauses[-1] + 0.001)
        await doing.done.wait()
        await until(database, [])
    assert [job.attempt for job in doing.jobs] == [1, 2, 3, 4]


async def test_a_handler_may_say_when_to_come_again_and_when_never(database, signals, clock):
    doing = Doing(RetryLater(90, "not there yet"), Unavailable("rate_limited", "Too many", retry_after_s=7))
    doing.failures.append(GiveUp("the object is gone"))
    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await until(database, [("waiting", 1, NOW + 90, "not there yet")])
        await advance(clock, 90)
        await until(database, [("waiting", 2, NOW + 97, "rate_limited: Too many")])
        await advance(clock, 7)
        await until(database, [("dead", 3, NOW + 97, "the object is gone")])


async def test_after_too_many_attempts_it_is_put_aside(database, signals, clock):
    doing = Doing(*(RetryLater(1, "no") for _ in range(MAX_ATTEMPTS)))
    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        for attempt in range(1, MAX_ATTEMPTS):
            await until(database, [("waiting", attempt, clock.now().timestamp() + 1, "no")])
            await advance(clock, 1)
        await until(database, [("dead", MAX_ATTEMPTS, clock.now().timestamp(), "no")])
    assert len(doing.jobs) == MAX_ATTEMPTS


async def test_what_comes_again_and_again_is_never_given_up(database, signals, clock):
    doing = Doing(GiveUp("the provider is gone"))
    await store(database, signals, "all", every_s=900.0)
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await until(database, [("waiting", 1, NOW + 900, "the provider is gone")])
        await advance(clock, 900)
        await doing.done.wait()
        await until(database, [("waiting", 0, NOW + 1800, None)])


async def test_two_processes_share_the_work_and_do_none_of_it_twice(database, other, signals, clock):
    keys = [f"evt_{n:02}" for n in range(40)]
    done = []

    async def do(job: Job) -> None:
        await asyncio.to_thread(lambda: None)
        done.append(job.key)

    theirs = Signals()
    await store(database, signals, *keys)
    async with running(
        Worker(database, {"fetch": do}, signals, clock), Worker(other, {"fetch": do}, theirs, clock)
    ):
        await until(database, [])
    assert sorted(done) == keys


async def test_only_so_much_runs_at_once(database, signals, clock):
    inside, most, go_on = 0, 0, asyncio.Event()
    full = asyncio.Event()

    async def do(job: Job) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == AT_ONCE:
            full.set()
        await go_on.wait()
        inside -= 1

    await store(database, signals, *(f"evt_{n:02}" for n in range(3 * AT_ONCE)))
    async with running(Worker(database, {"fetch": do}, signals, clock)):
        await full.wait()
        go_on.set()
        await until(database, [])
    assert most == AT_ONCE


async def test_what_a_dead_process_held_is_done_by_the_next(database, signals, clock):
    await store(database, signals, "evt_1")
    claim = "UPDATE work SET holder = 'dead process', attempt = 1, due_at = ?"
    await database.write(lambda tx: tx.execute(claim, NOW + LEASE_S))
    doing = Doing()
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await clock.wait_for_sleepers(2)
        assert doing.jobs == []
        await advance(clock, LEASE_S)
        await doing.done.wait()
    assert doing.jobs[0].attempt == 2


async def test_what_runs_long_is_held_and_what_was_taken_is_stopped(database, signals, clock):
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def do(job: Job) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": do}, signals, clock)):
        await begun.wait()
        await until(database, [(NOW + LEASE_S,)], "due_at")
        await advance(clock, LEASE_S / 3)
        await until(database, [(NOW + LEASE_S / 3 + LEASE_S,)], "due_at")
        await database.write(lambda tx: tx.execute("UPDATE work SET holder = 'somebody else'"))
        await advance(clock, LEASE_S / 3)
        await stopped.wait()
    assert await rows(database, "holder, attempt") == [("somebody else", 1)]


async def test_a_late_end_changes_nothing_for_the_one_who_has_it_now(database, signals, clock):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def do(job: Job) -> None:
        begun.set()
        await go_on.wait()

    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": do}, signals, clock)):
        await begun.wait()
        await database.write(lambda tx: tx.execute("UPDATE work SET holder = 'somebody else', attempt = 2"))
        go_on.set()
        await clock.wait_for_sleepers(2)
    assert await rows(database, "holder, attempt") == [("somebody else", 2)]


async def test_a_worker_that_is_stopped_gives_back_what_it_did_not_end(database, signals, clock):
    begun = asyncio.Event()

    async def do(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": do}, signals, clock, stop_s=0)):
        await begun.wait()
    assert await rows(database, "state, attempt, due_at, holder") == [("waiting", 0, NOW, None)]


async def rename(database, old, new):
    await database.write(lambda tx: tx.execute(f"ALTER TABLE {old} RENAME TO {new}"))


async def test_a_worker_that_could_not_look_looks_again(database, signals, clock, caplog):
    doing = Doing()
    await store(database, signals, "evt_1")
    await rename(database, "work", "work_away")
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await clock.wait_for_sleepers(2)
        assert sorted(clock.slept) == [AFTER_FAULT_S, LEASE_S / 3]
        await rename(database, "work_away", "work")
        await advance(clock, AFTER_FAULT_S)
        await doing.done.wait()
    assert "work could not be looked for" in caplog.text


async def test_what_ended_without_a_note_of_it_comes_again(database, signals, clock, caplog):
    attempts, again = [], asyncio.Event()

    async def do(job: Job) -> None:
        attempts.append(job.attempt)
        if job.attempt == 1:
            await rename(database, "work", "work_away")
        else:
            again.set()

    await store(database, signals, "evt_1")
    async with running(Worker(database, {"fetch": do}, signals, clock)):
        while "could not be noted" not in caplog.text:
            await asyncio.to_thread(lambda: None)
        await rename(database, "work_away", "work")
        await advance(clock, LEASE_S)
        await again.wait()
        await until(database, [])
    assert attempts == [1, 2]


async def test_without_a_database_leases_end_by_themselves(database, other, signals, clock, caplog):
    begun = asyncio.Event()

    async def do(job: Job) -> None:
        begun.set()
        await asyncio.Event().wait()

    await store(database, signals, "evt_1")
    async with running(Worker(other, {"fetch": do}, signals, clock, stop_s=0)):
        await begun.wait()
        await until(database, [(NOW + LEASE_S,)], "due_at")
        await other.close()
        await advance(clock, LEASE_S / 3)
        while "could not be renewed" not in caplog.text:
            await asyncio.to_thread(lambda: None)
    assert "could not be given back" in caplog.text
    assert await rows(database, "holder IS NULL, due_at") == [(False, NOW + LEASE_S)]


async def test_what_went_well_can_come_again_without_counting_as_a_failure(database, signals, clock):
    doing = Doing(*[ComeAgain(30.0)] * (MAX_ATTEMPTS + 1))
    async with running(Worker(database, {"fetch": doing}, signals, clock)):
        await store(database, signals, "evt_1", details={"path": "/"})
        for number in range(MAX_ATTEMPTS + 1):
            await until(database, [("waiting", 0, NOW + 30 * (number + 1), None)])
            await advance(clock, 30)
        await doing.done.wait()
        await until(database, [])
    assert [job.attempt for job in doing.jobs] == [1] * (MAX_ATTEMPTS + 2)
