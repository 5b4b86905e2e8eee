"""A job of three minutes, and a client that gives up after one: each call answers in time."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.far_jobs import FarJobs
from support.job_desk import JobDesks
from wirepost.contracts.jobs import Seen
from wirepost.toolsets.jobs.reading import job_get, job_get_result

TAKES_S = 180
GIVES_UP_S = 60


class Working(ManualClock):
    """While somebody sleeps, what is due is looked at."""

    def __init__(self):
        super().__init__()
        self.due = {}
        self.look = None

    async def sleep(self, seconds):
        await super().sleep(seconds)
        for job in [job for job, at in self.due.items() if at <= self.monotonic()]:
            pause_s = await self.look(job)
            self.due.pop(job)
            if pause_s is not None:
                self.due[job] = self.monotonic() + pause_s


@pytest.fixture
def clock():
    return Working()


async def test_a_job_of_three_minutes_with_a_client_that_gives_up_after_one(database, clock):
    far, began = FarJobs(rows=[{"answer": 42}]), clock.monotonic()

    async def at_provider(look):
        is_done = clock.monotonic() - began >= TAKES_S
        return Seen("succeeded") if is_done else Seen("running", done=int(clock.monotonic() - began))

    desks = JobDesks(database, clock, far, look=at_provider)
    clock.look = desks.look
    job = await desks.start()
    clock.due[job] = clock.monotonic() + 2

    seen = []
    while not seen or seen[-1].status not in {"succeeded", "failed"}:
        asked_at = clock.monotonic()
        seen.append(await desks.run(job_get, job=job, wait_s=40))
        assert clock.monotonic() - asked_at < GIVES_UP_S
        assert clock.monotonic() - began < TAKES_S + 2 * GIVES_UP_S
    assert {each.status for each in seen} == {"running", "succeeded"}
    assert len(seen) > TAKES_S / GIVES_UP_S
    page = await desks.run(job_get_result, job=job)
    assert [each.row for each in page.records] == [{"answer": 42}]
    await desks.connections.close()
