"""A job that is cancelled while others change it ends as cancelled or as they say, and is never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.far_jobs import KIND, FarJobs
from wirepost.core.errors import InvalidCall, Unavailable
from wirepost.jobs.looks import Looks
from wirepost.jobs.steering import Steering
from wirepost.tools.jobs import Started
from wirepost.upstream.scope import Scope

DOWN = Unavailable("upstream_unavailable", "Sample does not answer")


class Desk:
    """One job, and what is done at its provider when it is to end."""

    def __init__(self, jobs, clock, at_provider):
        self.jobs, self.clock = jobs, clock
        self.connections = FarJobs().connections(clock, cancel=at_provider)
        self.steering = Steering(jobs, Looks(self.connections, clock), clock)

    async def begin(self, database):
        given, opening = self.jobs.opening(
            Started(KIND, "rep_1"),
            owner="anna",
            connection="sample",
            environment="sandbox",
            tool="t",
            intent="int_1",
        )
        await database.write(opening)
        return await self.jobs.find(given.job, "anna")

    async def cancel(self, job):
        return await self.steering.cancel(job, Scope(self.clock.monotonic() + 9))


@pytest.mark.parametrize(("status", "then"), [("running", "cancelling"), ("succeeded", "succeeded")])
async def test_a_look_at_the_same_time_changes_nothing_about_it(jobs, database, clock, status, then):
    async def at_provider(look):
        await jobs.change(job, status=status)

    desk = Desk(jobs, clock, at_provider)
    job = await desk.begin(database)
    ended, is_supported = await desk.cancel(job)
    assert (ended.status, is_supported) == (then, True)
    await desk.connections.close()


@pytest.mark.parametrize(
    ("error", "is_told"),
    [(InvalidCall("unsupported_by_provider", "Not this one"), False), (DOWN, True)],
)
async def test_what_the_provider_refuses_leaves_the_job_as_it_is(jobs, database, clock, error, is_told):
    async def at_provider(look):
        raise error

    desk = Desk(jobs, clock, at_provider)
    job = await desk.begin(database)
    if is_told:
        with pytest.raises(Unavailable):
            await desk.cancel(job)
    else:
        assert await desk.cancel(job) == (job, False)
    assert await jobs.get(job.id) == job
    await desk.connections.close()


async def test_what_was_decided_in_the_same_moment_is_not_withdrawn(jobs, clock):
    desk = Desk(jobs, clock, None)
    job, _ = await jobs.add_waiting(
        "approval",
        key="k",
        owner="anna",
        tool="t",
        connection="",
        environment="",
        expires_at=clock.now() + timedelta(hours=1),
        details={},
    )
    await jobs.change(job, status="running")
    found, is_withdrawn = await desk.cancel(job)
    assert (found.status, is_withdrawn) == ("running", False)
    await desk.connections.close()
