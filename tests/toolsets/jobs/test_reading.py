"""Callers see how their own jobs stand, and read what these have brought row by row."""

from __future__ import annotations

import pytest

from wirepost.contracts.jobs import Problem, Seen
from wirepost.core.errors import Rejected
from wirepost.tools.jobs import Started
from wirepost.toolsets.jobs.reading import job_get, job_get_result, job_list

ROWS = [{"custom_id": str(number), "text": "fine", "status": "ok"} for number in range(7)]


async def test_a_job_is_shown_with_its_progress(desks, far):
    job = await desks.start()
    far.seen = [Seen("running", "in_progress", done=3, total=9)]
    await desks.look(job)
    shown = (await desks.run(job_get, job=job)).model_dump(exclude_none=True)
    assert shown == {
        "job": job,
        "kind": "sample.report",
        "status": "running",
        "connection": "sample",
        "provider_id": "rep_1",
        "provider_status": "in_progress",
        "progress": {"done": 3, "total": 9},
        "created_at": "2026-11-25T10:00:00Z",
        "started_at": "2026-11-25T10:00:00Z",
        "poll_after_s": 3.2,
        "result_available": False,
    }


async def test_a_job_that_failed_says_why_and_that_it_has_ended(desks, far):
    job = await desks.start()
    far.seen = [Seen("failed", error=Problem("invalid", "line 3"), warnings=("old model",))]
    await desks.look(job)
    shown = await desks.run(job_get, job=job)
    assert (shown.status, shown.error.code, shown.error.message) == ("failed", "invalid", "line 3")
    assert (shown.poll_after_s, shown.ended_at, shown.warnings) == (
        None,
        "2026-11-25T10:00:00Z",
        ["old model"],
    )


@pytest.mark.parametrize("tool", [job_get, job_get_result])
async def test_jobs_of_others_do_not_exist(desks, tool):
    job = await desks.start("bert")
    with pytest.raises(Rejected) as refused:
        await desks.run(tool, job=job)
    assert (refused.value.code, refused.value.hint) == ("not_found", "job_list names your jobs")


async def test_a_wait_ends_with_its_time_and_tells_that_it_goes_on(desks, clock):
    job = await desks.start()
    began = clock.monotonic()
    shown = await desks.run(job_get, job=job, wait_s=40)
    assert (shown.status, clock.monotonic() - began) == ("queued", 40)
    assert desks.reports == [10, 20, 30]


async def test_jobs_are_listed_page_by_page(desks, clock):
    for number in range(5):
        await desks.start(provider_id=str(number))
        clock.advance(1)
    await desks.start("bert")
    first = await desks.run(job_list, limit=2)
    second = await desks.run(job_list, limit=9, position=first.after[-1])
    assert [each.provider_id for each in (*first.records, *second.records)] == ["4", "3", "2", "1", "0"]
    assert (first.has_more, second.has_more) == (True, False)


async def test_jobs_are_found_by_status_kind_and_time(desks, clock, far):
    done = await desks.start(provider_id="1")
    far.seen = [Seen("succeeded")]
    await desks.look(done)
    clock.advance(3600)
    await desks.start(provider_id="2")

    async def found(**wanted):
        return [each.provider_id for each in (await desks.run(job_list, **wanted)).records]

    assert await found(status="succeeded") == ["1"]
    assert await found(since="-30m") == ["2"]
    assert await found(kind="sample.report") == ["2", "1"]
    assert await found(kind="openai.batch") == []


async def test_a_result_is_read_in_pages(desks, far):
    job = await desks.start()
    far.seen, far.rows = [Seen("succeeded")], ROWS
    await desks.look(job)
    first = await desks.run(job_get_result, job=job, limit=4)
    second = await desks.run(job_get_result, job=job, limit=4, position=first.after[-1])
    assert [each.row for each in (*first.records, *second.records)] == ROWS
    assert [each.number for each in second.records] == [5, 6, 7]
    assert (first.has_more, second.has_more, first.total, first.total_is) == (True, False, 7, "exact")


async def test_the_answer_names_the_whole_result_as_a_file_of_the_caller(desks, far):
    job = await desks.start()
    far.seen, far.rows = [Seen("succeeded")], ROWS
    await desks.look(job)
    await desks.run(job_get_result, job=job)
    noted = desks.last.notes["file"]
    file = await desks.files.get(noted["ref"], "anna")
    assert noted == {
        "ref": file.id,
        "rows": 7,
        "size": file.size,
        "sha256": file.sha256,
        "expires_at": "2026-12-02T10:00:00Z",
    }


async def test_rows_can_be_narrowed_to_some_fields(desks, far):
    job = await desks.start()
    far.seen, far.rows = [Seen("succeeded")], ROWS[:1]
    await desks.look(job)
    page = await desks.run(job_get_result, job=job, fields=["text", "missing"])
    assert [each.row for each in page.records] == [{"text": "fine"}]


async def test_what_is_wrong_with_a_result_is_said_whenever_it_is_read(desks, far):
    job = await desks.start()
    far.seen, far.rows = [Seen("partial", warnings=("2 of 9 failed",))], ROWS
    await desks.look(job)
    await desks.run(job_get_result, job=job)
    assert desks.last.warnings == ["2 of 9 failed"]


@pytest.mark.parametrize(
    ("seen", "hint"),
    [(Seen("running"), "job_get with wait_s waits for it"), (Seen("cancelled"), "job_get tells why")],
)
async def test_where_there_is_no_result_the_next_step_is_named(desks, far, seen, hint):
    job = await desks.start()
    far.seen = [seen]
    await desks.look(job)
    with pytest.raises(Rejected) as refused:
        await desks.run(job_get_result, job=job)
    assert (refused.value.code, refused.value.hint) == ("not_found", hint)


async def test_a_job_without_an_id_at_its_provider_is_shown(desks):
    given, opening = desks.jobs.opening(
        Started("sample.report", None),
        owner="anna",
        connection="sample",
        environment="sandbox",
        tool="t",
        intent="int_1",
    )
    await desks.database.write(opening)
    assert (await desks.run(job_get, job=given.job)).provider_id is None
