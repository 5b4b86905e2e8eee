"""Callers end their jobs where that is possible, and follow those that others started."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.far_jobs import GONE
from support.job_desk import JobDesks
from wirepost.contracts.jobs import Seen
from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.jobs.local import LocalKind
from wirepost.toolsets.jobs.changing import job_cancel, job_track
from wirepost.toolsets.jobs.reading import job_get


async def test_a_cancelled_job_is_cancelling_and_looked_at_at_once(desks, far, clock):
    job = await desks.start()
    shown = await desks.run(job_cancel, job=job)
    assert (shown.status, shown.cancel_supported, far.cancelled) == ("cancelling", True, ["rep_1"])
    due = await desks.database.read("SELECT due_at FROM work WHERE key = ? LIMIT 1", job)
    assert due == [(clock.now().timestamp(),)]
    far.seen = [Seen("cancelled")]
    await desks.look(job)
    assert (await desks.run(job_get, job=job)).status == "cancelled"


async def test_it_is_asked_for_once(desks, far):
    job = await desks.start()
    await desks.run(job_cancel, job=job)
    await desks.run(job_cancel, job=job)
    assert far.cancelled == ["rep_1"]


async def test_where_the_provider_cannot_that_is_said(database, clock, far):
    desks = JobDesks(database, clock, far, cancel=None)
    shown = await desks.run(job_cancel, job=await desks.start())
    assert (shown.status, shown.cancel_supported) == ("queued", False)
    assert "cannot be cancelled" in desks.last.warnings[0]
    await desks.connections.close()


async def test_what_has_ended_stays_as_it_is(desks, far):
    job = await desks.start()
    far.seen = [Seen("succeeded")]
    await desks.look(job)
    assert (await desks.run(job_cancel, job=job)).status == "succeeded"
    assert (far.cancelled, desks.last.warnings) == ([], ["It has ended already: succeeded"])


async def test_what_waits_for_a_person_is_withdrawn(desks, clock):
    job, _ = await desks.jobs.add_waiting(
        "approval",
        key="k",
        owner="anna",
        tool="t",
        connection="sample",
        environment="sandbox",
        expires_at=clock.now() + timedelta(hours=1),
        details={},
    )
    shown = await desks.run(job_cancel, job=job.id)
    assert (shown.status, shown.cancel_supported) == ("cancelled", True)


async def test_a_call_that_goes_on_here_is_not_stopped(desks):
    given = await desks.jobs.add_local("call", owner="anna", tool="t")
    shown = await desks.run(job_cancel, job=given.job)
    assert (shown.status, shown.cancel_supported) == ("running", False)


@pytest.mark.parametrize("is_in_time", [True, False])
async def test_a_call_that_can_be_stopped_is_stopped(desks, is_in_time):
    async def stop(job):
        if is_in_time:
            await desks.jobs.finish(job.id, "cancelled")
        return is_in_time

    desks.jobs.local["call"] = LocalKind(stop=stop)
    given = await desks.jobs.add_local("call", owner="anna", tool="t")
    shown = await desks.run(job_cancel, job=given.job)
    status = "cancelled" if is_in_time else "running"
    assert (shown.status, shown.cancel_supported) == (status, is_in_time)


async def test_jobs_of_others_are_not_cancelled(desks, far):
    job = await desks.start("bert")
    with pytest.raises(Rejected, match="You have no job"):
        await desks.run(job_cancel, job=job)
    assert far.cancelled == []


async def test_a_job_started_elsewhere_is_followed(desks, far):
    far.seen, far.rows = [Seen("running"), Seen("succeeded")], [{"a": 1}]
    shown = await desks.run(job_track, connection="sample", kind="sample.report", provider_job_id="rep_9")
    assert (shown.status, shown.provider_id) == ("queued", "rep_9")
    await desks.look(shown.job)
    assert (await desks.run(job_get, job=shown.job)).status == "succeeded"


async def test_a_job_that_the_provider_does_not_have_is_not_followed(desks, far):
    far.seen = [GONE]
    with pytest.raises(Rejected, match="No such report"):
        await desks.run(job_track, connection="sample", kind="sample.report", provider_job_id="rep_9")
    assert await desks.jobs.page("anna") == []


async def test_a_job_that_somebody_else_follows_is_not_taken_away(desks):
    await desks.start("bert")
    with pytest.raises(Rejected) as refused:
        await desks.run(job_track, connection="sample", kind="sample.report", provider_job_id="rep_1")
    assert refused.value.code == "conflict"


@pytest.mark.parametrize(
    "written", ["rep%5F1", "rep_1/", "a//b", "rep_1?x", "rep 1", "rep_1#", "..\\x", "\u0131d"]
)
async def test_an_id_is_written_in_one_way_only(desks, written):
    """Or the provider would take it for a job of somebody else, which it is not by its name here."""
    with pytest.raises(InvalidCall, match="no id of a job"):
        await desks.run(job_track, connection="sample", kind="sample.report", provider_job_id=written)


async def test_unknown_kinds_and_connections_are_named(desks):
    with pytest.raises(InvalidCall) as refused:
        await desks.run(job_track, connection="sample", kind="openai.batch", provider_job_id="1")
    assert refused.value.fields == [{"path": "kind", "problem": "is unknown", "allowed": ["sample.report"]}]
    with pytest.raises(NotConnected, match="does not exist"):
        await desks.run(job_track, connection="other", kind="sample.report", provider_job_id="1")
