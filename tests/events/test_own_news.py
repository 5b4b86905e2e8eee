"""The end of a job, and what waits for a person, are events that agents and people can be told of."""

from __future__ import annotations

from typing import Any

import pytest

from support.clock import ManualClock
from wirepost.calls.approvals import Approvals, Decided
from wirepost.events.log import EventLog
from wirepost.events.own import OwnEvents
from wirepost.events.own_news import tell_of_approvals, tell_of_jobs
from wirepost.jobs.files import Files
from wirepost.jobs.job import Job
from wirepost.jobs.jobs import Jobs
from wirepost.store.database import Database
from wirepost.store.signals import Signals

JOB = Job(
    id="job_1",
    owner="anna",
    kind="approval",
    connection="shop",
    environment="test",
    tool="stripe_create_refund",
    created_at=1.0,
    changed_at=1.0,
    details={"plan": {"plan": "Refund 5.00 eur"}, "rule": "large"},
)


class Told:
    """A log, and all that has ears for jobs and approvals."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        signals = Signals()
        self.log = EventLog(database, signals, clock)
        self.jobs = Jobs(database, signals, clock, Files(database, clock))
        self.approvals = Approvals(self.jobs, clock, 60)
        own = OwnEvents(self.log, clock)
        tell_of_jobs(own, self.jobs)
        tell_of_approvals(own, self.approvals)

    async def events(self) -> list[tuple[str, str | None, str, dict[str, Any]]]:
        return [(each.type, each.subject, each.summary, each.data) for each in await self.log.after(0, 10)]


@pytest.fixture
def told(database: Database, clock: ManualClock) -> Told:
    return Told(database, clock)


async def test_the_end_of_a_job_is_one_event_however_often_it_is_told(told: Told) -> None:
    handle = await told.jobs.add_local("call", owner="anna", tool="stripe_get_payment")
    ended = await told.jobs.finish(handle.job, "succeeded")
    assert ended is not None
    await told.jobs.told_end(ended)
    await told.jobs.told_end(ended)
    ((kind, subject, summary, data),) = await told.events()
    assert (kind, subject) == ("job.finished", f"job/{handle.job}")
    assert summary.endswith("has ended: succeeded")
    assert data["status"] == "succeeded"


async def test_who_asked_for_what_and_who_decided_are_events(told: Told) -> None:
    for tell in told.approvals.on_asked:
        await tell(JOB)
    for said in told.approvals.on_decided:
        await said(JOB, Decided("rita", "deny", "page"))
    asked, decided = await told.events()
    assert asked[:3] == (
        "approval.requested",
        "job/job_1",
        "stripe_create_refund waits for approval: Refund 5.00 eur",
    )
    assert asked[3]["rule"] == "large"
    assert decided[2] == "stripe_create_refund was denied by rita"
    assert decided[3]["verdict"] == "deny"


async def test_that_nobody_could_be_told_undoes_nothing(
    told: Told, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await database.close()
    for tell in told.approvals.on_asked:
        await tell(JOB)
    assert "nobody was told of approval.requested for job_1" in caplog.text
