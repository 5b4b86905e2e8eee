"""Jobs are stored with what starts them, seen by their caller alone, and never change once they end."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from support.clock import ManualClock
from wirepost.contracts.jobs import Problem
from wirepost.core.errors import Rejected
from wirepost.jobs.jobs import LOOK, LOOK_EVERY_S, Jobs
from wirepost.store.queue import Task
from wirepost.tools.jobs import TERMINAL, Started

NOW = ManualClock().now()
BATCH = Started("openai.batch", "batch_abc", {"input_file_id": "file-1"}, total=3)


async def open_one(jobs, database, started=BATCH, *, owner="anna", intent="int_1"):
    given, opening = jobs.opening(
        started,
        owner=owner,
        connection="openai",
        environment="test",
        tool="ai_submit_batch",
        intent=intent,
    )
    await database.write(opening)
    return given


async def work(database):
    return await database.read("SELECT kind, key, due_at FROM work ORDER BY key LIMIT 99")


async def test_the_row_and_its_first_look_are_stored_with_what_started_the_job(jobs, database):
    given = await open_one(jobs, database)
    job = await jobs.find(given.job, "anna")
    assert (job.status, job.provider_id, job.total, job.details) == (
        "queued",
        "batch_abc",
        3,
        {"input_file_id": "file-1"},
    )
    assert given.model_dump() == {
        "job": job.id,
        "kind": "openai.batch",
        "status": "queued",
        "poll_after_s": 2.0,
        "expires_at": None,
    }
    assert await work(database) == [(LOOK, job.id, NOW.timestamp() + 2)]


async def test_the_providers_hints_are_kept(jobs, database):
    started = Started("x.y", "1", poll_after_s=30, expires_at=NOW + timedelta(hours=24))
    given = await open_one(jobs, database, started)
    assert (given.poll_after_s, given.expires_at) == (30.0, "2026-11-26T10:00:00Z")
    assert await work(database) == [(LOOK, given.job, NOW.timestamp() + 30)]


async def test_a_job_found_once_more_after_a_lost_answer_is_the_same_one(jobs, database):
    first = await open_one(jobs, database)
    second = await open_one(jobs, database)
    assert first == second
    assert len(await jobs.page("anna")) == 1


async def test_what_was_adopted_before_its_start_was_known_belongs_to_whoever_started_it(jobs, database):
    adopted = await jobs.adopt(
        "openai.batch", connection="openai", environment="test", provider_id="batch_abc", owner="bert"
    )
    given = await open_one(jobs, database)
    assert given.job == adopted.id
    assert (await jobs.find(given.job, "anna")).tool == "ai_submit_batch"
    with pytest.raises(Rejected, match="You have no job"):
        await jobs.find(given.job, "bert")


async def test_a_job_that_another_caller_follows_cannot_be_adopted(jobs, database):
    await open_one(jobs, database)
    with pytest.raises(Rejected, match="Another caller") as refused:
        await jobs.adopt(
            "openai.batch", connection="openai", environment="test", provider_id="batch_abc", owner="bert"
        )
    assert refused.value.code == "conflict"


async def test_one_that_is_over_already_is_still_to_be_looked_at(jobs, database):
    given = await open_one(jobs, database, Started("x.y", "1", status="succeeded"))
    assert given.status == "running"


async def test_jobs_without_an_id_at_their_provider_are_different_ones(jobs, database):
    started = Started("x.y", None)
    first = await open_one(jobs, database, started)
    second = await open_one(jobs, database, started, intent="int_2")
    assert first.job != second.job


async def test_a_caller_sees_own_jobs_alone(jobs, database):
    given = await open_one(jobs, database)
    assert await jobs.page("bert") == []
    with pytest.raises(Rejected) as refused:
        await jobs.find(given.job, "bert")
    assert (refused.value.code, refused.value.hint) == ("not_found", "job_list names your jobs")


async def test_pages_go_from_the_newest_to_the_oldest_and_can_be_narrowed(jobs, database, clock):
    for number in range(5):
        kind = "a.x" if number % 2 else "b.x"
        await open_one(jobs, database, Started(kind, str(number)), intent=f"int_{number}")
        clock.advance(60)
    first = await jobs.page("anna", limit=3)
    rest = await jobs.page("anna", limit=3, before=(first[-1].created_at, first[-1].id))
    assert [each.provider_id for each in (*first, *rest)] == ["4", "3", "2", "1", "0"]
    assert [each.provider_id for each in await jobs.page("anna", kind="a.x")] == ["3", "1"]
    assert [each.provider_id for each in await jobs.page("anna", since=NOW.timestamp() + 150)] == ["4", "3"]
    await jobs.change(first[0], status="running")
    assert [each.provider_id for each in await jobs.page("anna", status="running")] == ["4"]


async def test_who_has_read_an_older_version_changes_nothing(jobs, database):
    job = await jobs.find((await open_one(jobs, database)).job, "anna")
    newer = await jobs.change(job, status="running", done=1)
    assert newer is not None
    assert await jobs.change(job, done=2) is None
    assert await jobs.get(job.id) == newer
    assert (newer.status, newer.done, newer.started_at) == ("running", 1, NOW.timestamp())


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_what_has_ended_never_changes(jobs, database, status):
    job = await jobs.find((await open_one(jobs, database)).job, "anna")
    ended = await jobs.change(job, status=status)
    assert ended is not None
    assert ended.ended_at == NOW.timestamp()
    assert await jobs.change(ended, status="running") is None
    assert await jobs.finish(job.id, "failed") is None
    assert await jobs.get(job.id) == ended


async def test_a_webhook_lets_a_job_be_looked_at_now(jobs, database):
    given = await open_one(jobs, database, Started("x.y", "1", poll_after_s=300))
    assert await jobs.hasten("openai", "1") == 1
    assert await work(database) == [(LOOK, given.job, NOW.timestamp())]
    assert await jobs.hasten("openai", "2") == 0
    assert await jobs.hasten("stripe", "1") == 0


async def test_a_webhook_about_a_job_that_has_ended_does_nothing(jobs, database):
    job = await jobs.find((await open_one(jobs, database)).job, "anna")
    await jobs.change(job, status="succeeded")
    assert await jobs.hasten("openai", "batch_abc") == 0
    assert await jobs.followed() == set()


async def test_open_jobs_are_known_by_both_their_ids(jobs, database):
    given = await open_one(jobs, database)
    assert await jobs.followed() == {("openai", given.job), ("openai", "batch_abc")}
    assert await jobs.hasten("openai", given.job) == 1


async def test_a_call_that_goes_on_is_a_job_with_its_result_as_rows(jobs, files):
    given = await jobs.add_local(
        "call", owner="anna", tool="crm_search_records", details={"process": "own_1"}
    )
    job = await jobs.find(given.job, "anna")
    assert (job.status, job.started_at, job.expires_at) == ("running", NOW.timestamp(), None)
    ended = await jobs.finish(job.id, "succeeded", rows=[{"id": "1"}, {"id": "2"}], warnings=["slow"])
    assert ended is not None
    assert (ended.status, ended.warnings) == ("succeeded", ("slow",))
    assert await files.page(await files.get(ended.file, "anna"), 0, 10) == [{"id": "1"}, {"id": "2"}]


async def test_work_can_be_put_with_a_job(jobs, database):
    due = NOW.timestamp() + 60
    given = await jobs.add_local(
        "call", owner="anna", tool="t", work=lambda job: Task("call.watch", job, due)
    )
    assert await work(database) == [("call.watch", given.job, due)]


async def test_the_end_of_a_job_that_runs_here_is_told_by_its_look(jobs, database):
    given = await jobs.add_local("call", owner="anna", tool="t")
    await jobs.finish(given.job, "failed", error=Problem("timeout", "It took too long"))
    job = await jobs.find(given.job, "anna")
    assert job.error == {"code": "timeout", "message": "It took too long"}
    assert await work(database) == [(LOOK, job.id, NOW.timestamp())]


async def waiting(jobs, *, key="k"):
    return await jobs.add_waiting(
        "approval",
        key=key,
        owner="anna",
        tool="stripe_create_refund",
        connection="stripe",
        environment="test",
        expires_at=NOW + timedelta(days=1),
        details={"arguments": {}},
    )


async def test_what_waits_for_a_person_waits_once(jobs, database):
    job, is_new = await waiting(jobs)
    assert (job.status, is_new, job.expires_at) == ("waiting_approval", True, NOW.timestamp() + 86_400)
    assert await waiting(jobs) == (job, False)
    other, is_new = await waiting(jobs, key="other")
    assert (other.id != job.id, is_new) == (True, True)


async def test_after_a_decision_the_same_can_wait_anew(jobs, database):
    job, _ = await waiting(jobs)
    await jobs.finish(job.id, "failed", error=Problem("not_approved", "no"))
    again, is_new = await waiting(jobs)
    assert (again.id != job.id, is_new) == (True, True)
    assert [each.id for each in await jobs.of_kind("approval", is_over=False, limit=9)] == [again.id]
    assert [each.id for each in await jobs.of_kind("approval", is_over=True, limit=9)] == [job.id]


async def test_more_can_be_put_with_what_waits_and_is_put_once(jobs, database):
    given = {
        "key": "k",
        "owner": "anna",
        "tool": "t",
        "connection": "stripe",
        "environment": "test",
        "expires_at": NOW + timedelta(days=1),
        "details": {},
        "also": lambda job: Task("tell", job, NOW.timestamp()),
    }
    job, _ = await jobs.add_waiting("approval", **given)
    await jobs.add_waiting("approval", **given)
    assert await database.read("SELECT key FROM work WHERE kind = 'tell' LIMIT 9") == [(job.id,)]


async def test_a_job_is_found_by_its_name_at_the_provider_for_its_owner_alone(jobs, database):
    given = await open_one(jobs, database)
    found = await jobs.at_provider("openai", BATCH.provider_id, "anna")
    assert found is not None
    assert found.id == given.job
    assert await jobs.at_provider("openai", BATCH.provider_id, "bert") is None
    assert await jobs.at_provider("other", BATCH.provider_id, "anna") is None


async def test_work_put_with_a_change_is_due_then(jobs, database):
    job, _ = await waiting(jobs)
    due = Task("approval.carry_out", job.id, NOW.timestamp())
    running = await jobs.change(job, status="running", details={"decided": {}}, work=due)
    assert running is not None
    assert ("approval.carry_out", job.id, NOW.timestamp()) in await work(database)


async def test_a_wait_ends_when_the_status_changes(database, signals, files):
    clock = ManualClock(auto=False)
    jobs = Jobs(database, signals, clock, files)
    job = await jobs.find((await open_one(jobs, database)).job, "anna")
    waiter = asyncio.create_task(jobs.wait(job, 30))
    await clock.wait_for_sleepers(1)
    await jobs.change(job, status="running")
    assert (await waiter).status == "running"


async def test_a_wait_ends_when_its_time_is_over(jobs, database, clock):
    job = await jobs.find((await open_one(jobs, database)).job, "anna")
    assert await jobs.wait(job, 30) == job
    assert clock.slept == [LOOK_EVERY_S] * 6


async def test_what_ended_long_ago_is_forgotten_with_its_result(jobs, database, clock):
    given = await jobs.add_local("call", owner="anna", tool="t")
    await jobs.finish(given.job, "succeeded", rows=[{"id": "1"}])
    still_open = await jobs.add_local("call", owner="anna", tool="t")
    clock.advance(7 * 86_400 + 1)
    await jobs.prune()
    assert [each.id for each in await jobs.page("anna")] == [still_open.job]
    for table in ("files", "file_parts"):
        assert await database.read(f"SELECT count(*) FROM {table} LIMIT 1") == [(0,)]  # noqa: S608 - our own words


async def test_a_job_that_nobody_looks_at_any_more_is_looked_at_again(jobs, database, clock):
    dead, waiting, ended = [
        (await open_one(jobs, database, Started("x.y", str(number)), intent=f"int_{number}")).job
        for number in range(3)
    ]
    local = await jobs.add_local("call", owner="anna", tool="t")
    await database.write(lambda tx: tx.execute("UPDATE work SET state = 'dead' WHERE key <> ?", waiting))
    await jobs.change(await jobs.get(ended), status="succeeded")
    clock.advance(1)
    await jobs.prune()
    due = await database.read("SELECT key, due_at FROM work WHERE state = 'waiting' LIMIT 9")
    assert sorted(due) == sorted([(dead, NOW.timestamp() + 1), (waiting, NOW.timestamp() + 2)])
    assert local.job not in {key for key, _ in due}
