"""What takes longer than its caller waits goes on as a job, and what became of it is kept."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.disk import fill_disk, free_disk
from support.sample_vendor import Assembled, assembled
from support.samples import Note, SampleClient
from wirepost.calls.attempt import Outcome
from wirepost.calls.audit import records
from wirepost.calls.outlive import LOOK_EVERY_S, WATCH, Outliving
from wirepost.calls.owner import Owner
from wirepost.core.errors import Rejected
from wirepost.jobs.job import Job
from wirepost.store.tx import Tx
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as WorkItem
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool

SOON_S = 0.05


class Gate:
    """Lets what waits at it go on."""

    event = asyncio.Event()


@tool(Risk.READ, example={})
async def sample_read_slowly(call: Call[SampleClient]) -> Note:
    """Wait, then read."""
    await Gate.event.wait()
    await call.report(1, 1, "done")
    return Note(id="n_1", text="read at last")


@tool(Risk.READ, example={})
async def sample_list_slowly(call: Call[SampleClient]) -> Page[Note]:
    """Wait, then list."""
    await Gate.event.wait()
    return Page([Note(id="n_1"), Note(id="n_2")], has_more=False)


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_write_slowly(call: Call[SampleClient], *, note: str) -> Note:
    """Write, then wait."""
    made = await call.api.make(note, key=call.key, intent=call.intent)
    await Gate.event.wait()
    return made


@tool(Risk.WRITE, example={"note": "n_1"})
async def sample_wait_and_write(call: Call[SampleClient], *, note: str) -> Note:
    """Wait, then write."""
    await Gate.event.wait()
    return await call.api.make(note, key=call.key, intent=call.intent)


@tool(Risk.READ, example={})
async def sample_fail_slowly(call: Call[SampleClient]) -> Note:
    """Wait, then fail."""
    await Gate.event.wait()
    raise Rejected("not_found", "There is no such note")


@tool(Risk.READ, example={})
async def sample_fail_oddly(call: Call[SampleClient]) -> Note:
    """Wait, then fail in words that no table takes."""
    await Gate.event.wait()
    raise Rejected("not_found", "There is no \ud800")


@tool(Risk.READ, example={})
async def sample_start_export(call: Call[SampleClient], *, what: str) -> Started:
    """Start an export at the vendor."""
    made = await call.api.make(what, key=call.key, intent=call.intent)
    return Started("sample.export", f"exp_{made.id}", {"what": what}, total=3)


@sample_start_export.reconcile
async def find_export(call: Call[SampleClient], *, what: str) -> Started | None:
    """The export that was started, if it was."""
    found = await call.api.find(call.intent)
    return Started("sample.export", f"exp_{found.id}", {"what": what}, total=3) if found else None


TOOLS = (
    sample_read_slowly,
    sample_list_slowly,
    sample_write_slowly,
    sample_wait_and_write,
    sample_fail_slowly,
    sample_fail_oddly,
    sample_start_export,
)


@pytest.fixture(autouse=True)
def gate() -> None:
    Gate.event = asyncio.Event()


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock, tools=TOOLS, limits={"call_s": SOON_S, "job_s": 30}) as parts:
        yield parts
        Gate.event.set()


@pytest.fixture
async def patient(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock, tools=TOOLS) as parts:
        yield parts


async def ended(path: Assembled, outcome: Outcome) -> Job:
    """The job that a call became, once its work is done."""
    assert outcome.job is not None
    Gate.event.set()
    async with asyncio.timeout(10):
        while True:
            job = await path.jobs.get(outcome.job)
            assert job is not None
            if job.is_over:
                return job
            await asyncio.sleep(0)  # noqa: TID251 - lets it come to its end


async def rows(path: Assembled, job: Job) -> list[Any]:
    assert job.file is not None
    found = await path.database.read("SELECT content FROM file_parts WHERE file = ? LIMIT 9", job.file)
    return [orjson.loads(line) for (content,) in found for line in content.splitlines()]


async def test_a_read_that_takes_long_becomes_a_job_with_its_result(path: Assembled) -> None:
    outcome = await path.call("sample_read_slowly")
    data = outcome.envelope["data"]
    assert (data["kind"], data["status"], outcome.is_error) == ("call", "running", False)
    assert "job_get" in outcome.envelope["warnings"][0]
    job = await ended(path, outcome)
    assert (job.status, job.owner, job.tool) == ("succeeded", "local", "sample_read_slowly")
    assert await rows(path, job) == [{"id": "n_1", "text": "read at last"}]


async def test_a_list_becomes_rows(path: Assembled) -> None:
    job = await ended(path, await path.call("sample_list_slowly"))
    assert [row["id"] for row in await rows(path, job)] == ["n_1", "n_2"]


async def test_a_write_goes_on_and_is_there_once(path: Assembled) -> None:
    outcome = await path.call("sample_write_slowly", note="n_1", intent="write it")
    assert outcome.envelope["data"]["status"] == "running"
    job = await ended(path, outcome)
    assert job.status == "succeeded"
    again = await path.call("sample_write_slowly", note="n_1", intent="write it")
    assert again.envelope["meta"]["idempotency"]["replayed"] is True
    assert len(path.vendor.made) == 1


async def test_who_leaves_while_the_call_becomes_a_job_stops_what_was_not_sent(
    path: Assembled, clock: ManualClock
) -> None:
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    writer = path.database._writer  # noqa: SLF001 - the job must wait for the disk
    holding = asyncio.create_task(path.database.write(hold))
    call = asyncio.create_task(path.call("sample_wait_and_write", note="n_1", intent="x"))
    async with asyncio.timeout(5):
        while writer._waiting < 3:  # noqa: SLF001 - the claim, then the job
            await clock.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    may_go_on.set()
    await holding
    async with asyncio.timeout(5):
        while not (jobs := await path.database.read("SELECT id FROM jobs LIMIT 9")):
            await clock.sleep(0)
    found = await ended(path, Outcome({}, is_error=False, job=str(jobs[0][0])))
    assert found.status == "failed"
    assert path.vendor.made == []


async def test_a_failure_is_kept_in_its_words(path: Assembled) -> None:
    job = await ended(path, await path.call("sample_fail_slowly"))
    assert (job.status, job.error) == ("failed", {"code": "not_found", "message": "There is no such note"})


async def test_there_is_one_audit_record_of_it(path: Assembled) -> None:
    await ended(path, await path.call("sample_read_slowly"))
    audited = [orjson.loads(row[2]) async for row in records(path.database)]
    assert [(each["tool"], each["result"]) for each in audited] == [("sample_read_slowly", "ok")]


async def test_what_ends_in_time_is_no_job(path: Assembled) -> None:
    Gate.event.set()
    outcome = await path.call("sample_read_slowly")
    assert (outcome.job, outcome.envelope["data"]["id"]) == (None, "n_1")


async def watched(path: Assembled, job: str) -> None:
    await path.outliving.work[WATCH](WorkItem(WATCH, job, {}, 1, None))


async def test_what_still_runs_here_is_left_alone(path: Assembled) -> None:
    outcome = await path.call("sample_read_slowly")
    assert outcome.job is not None
    with pytest.raises(ComeAgain) as again:
        await watched(path, outcome.job)
    assert again.value.delay_s == LOOK_EVERY_S


@pytest.mark.parametrize(
    ("tool_name", "arguments", "code"),
    [
        ("sample_read_slowly", {}, "timeout"),
        ("sample_write_slowly", {"note": "n_1"}, "outcome_unknown"),
    ],
)
async def test_what_ran_in_a_process_that_died_is_ended_honestly(
    path: Assembled, clock: ManualClock, tool_name: str, arguments: dict[str, str], code: str
) -> None:
    outcome = await path.call(tool_name, **arguments)
    assert outcome.job is not None
    next_process = Outliving(path.jobs, Owner(path.database, clock), clock)
    await next_process.work[WATCH](WorkItem(WATCH, outcome.job, {}, 1, None))
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert (job.status, (job.error or {})["code"]) == ("failed", code)


async def test_a_started_job_is_stored_with_its_intent_and_answered_with_its_handle(
    patient: Assembled,
) -> None:
    outcome = await patient.call("sample_start_export", what="contacts", intent="export")
    data = outcome.envelope["data"]
    assert (data["kind"], data["status"], data["job"]) == ("sample.export", "queued", outcome.job)
    job = await patient.jobs.find(data["job"], "local")
    assert (job.provider_id, job.details, job.total) == ("exp_contacts", {"what": "contacts"}, 3)
    again = await patient.call("sample_start_export", what="contacts", intent="export")
    assert (again.envelope["data"], again.job) == (data, outcome.job)
    assert again.envelope["meta"]["idempotency"]["replayed"] is True
    assert len(patient.vendor.made) == 1


async def test_a_job_whose_start_was_not_noted_is_found_by_reading(patient: Assembled) -> None:
    """The process died, or the store failed, between the vendor's answer and our row."""
    full = "CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'no room'); END"
    await patient.database.write(lambda tx: tx.execute(full))
    first = await patient.call("sample_start_export", what="contacts", intent="export")
    assert (first.is_error, await patient.jobs.page("local")) == (True, [])
    await patient.database.write(lambda tx: tx.execute("DROP TRIGGER full"))
    again = await patient.call("sample_start_export", what="contacts", intent="export")
    assert again.envelope["data"]["status"] == "queued"
    assert len(patient.vendor.made) == 1
    assert [each.id for each in await patient.jobs.page("local")] == [again.job]


async def test_a_read_nobody_waits_for_does_not_hold_up_the_end_of_the_server(path: Assembled) -> None:
    outcome = await path.call("sample_read_slowly")
    assert outcome.job is not None
    async with asyncio.timeout(SOON_S * 10):
        await path.calls.close()
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert (job.status, (job.error or {})["code"]) == ("failed", "timeout")


async def test_a_write_that_was_sent_cannot_be_stopped_any_more(path: Assembled) -> None:
    outcome = await path.call("sample_write_slowly", note="n_1")
    job = await path.jobs.get(outcome.job or "")
    assert job is not None
    stop = path.jobs.local["call"].stop
    assert stop is not None
    assert await stop(job) is False
    assert (await ended(path, outcome)).status == "succeeded"


async def test_a_read_that_is_stopped_is_cancelled(path: Assembled) -> None:
    outcome = await path.call("sample_read_slowly")
    job = await path.jobs.get(outcome.job or "")
    assert job is not None
    stop = path.jobs.local["call"].stop
    assert stop is not None
    assert await stop(job) is True
    assert (await ended(path, outcome)).status == "cancelled"


async def test_where_a_job_cannot_be_noted_the_caller_waits_for_the_answer(path: Assembled) -> None:
    await fill_disk(path.database, "jobs")
    asking = asyncio.create_task(path.call("sample_read_slowly"))
    done, _ = await asyncio.wait({asking}, timeout=SOON_S * 4)
    assert not done
    Gate.event.set()
    outcome = await asking
    await free_disk(path.database)
    assert (outcome.job, outcome.envelope["data"]["text"]) == (None, "read at last")


async def test_an_end_that_cannot_be_noted_is_logged_and_found_later(
    path: Assembled, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = await path.call("sample_read_slowly")
    assert outcome.job is not None
    await fill_disk(path.database, "jobs")
    Gate.event.set()
    await path.calls.close()
    assert f"how {outcome.job} ended could not be noted" in caplog.text
    await free_disk(path.database)
    next_process = Outliving(path.jobs, Owner(path.database, clock), clock)
    await next_process.work[WATCH](WorkItem(WATCH, outcome.job, {}, 1, None))
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert job.status == "failed"
    await next_process.work[WATCH](WorkItem(WATCH, outcome.job, {}, 1, None))


async def test_an_end_that_could_not_be_noted_is_kept_and_noted_by_a_later_look(path: Assembled) -> None:
    outcome = await path.call("sample_write_slowly", note="n_1")
    assert outcome.job is not None
    await fill_disk(path.database, "jobs")
    Gate.event.set()
    await path.calls.close()
    for _ in range(2):
        with pytest.raises(ComeAgain):
            await watched(path, outcome.job)
    await free_disk(path.database)
    await watched(path, outcome.job)
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert job.status == "succeeded"
    assert [row["id"] for row in await rows(path, job)] == ["n_1"]


async def test_an_end_that_could_not_be_noted_is_noted_when_the_server_ends(path: Assembled) -> None:
    outcome = await path.call("sample_write_slowly", note="n_1")
    assert outcome.job is not None
    await fill_disk(path.database, "jobs")
    Gate.event.set()
    await path.calls.close()
    await free_disk(path.database)
    await path.calls.close()
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert job.status == "succeeded"


async def test_the_end_of_a_lost_call_is_noted_however_long_the_disk_is_full(
    path: Assembled, clock: ManualClock
) -> None:
    outcome = await path.call("sample_write_slowly", note="n_1")
    assert outcome.job is not None
    next_process = Outliving(path.jobs, Owner(path.database, clock), clock)
    look = WorkItem(WATCH, outcome.job, {}, 1, None)
    await fill_disk(path.database, "jobs")
    with pytest.raises(ComeAgain):
        await next_process.work[WATCH](look)
    await free_disk(path.database)
    await next_process.work[WATCH](look)
    job = await path.jobs.get(outcome.job)
    assert job is not None
    assert (job.error or {})["code"] == "outcome_unknown"


async def test_an_outcome_that_can_never_be_stored_is_unknown(path: Assembled) -> None:
    job = await ended(path, await path.call("sample_fail_oddly"))
    assert (job.status, (job.error or {})["code"]) == ("failed", "outcome_unknown")


async def test_a_started_job_that_a_full_disk_kept_out_is_found_by_reading(patient: Assembled) -> None:
    await fill_disk(patient.database, "jobs")
    first = await patient.call("sample_start_export", what="contacts", intent="export")
    assert first.envelope["error"]["code"] == "outcome_unknown"
    await free_disk(patient.database)
    again = await patient.call("sample_start_export", what="contacts", intent="export")
    assert again.envelope["data"]["status"] == "queued"
    assert len(patient.vendor.made) == 1


async def test_what_runs_elsewhere_or_was_not_sent_yet(path: Assembled) -> None:
    stop = path.jobs.local["call"].stop
    assert stop is not None
    elsewhere = await path.jobs.add_local("call", owner="local", tool="sample_read_slowly")
    job = await path.jobs.get(elsewhere.job)
    assert job is not None
    assert await stop(job) is False
    outcome = await path.call("sample_wait_and_write", note="n_1")
    waiting = await path.jobs.get(outcome.job or "")
    assert waiting is not None
    assert await stop(waiting) is True
    assert (await ended(path, outcome)).status == "failed"
    assert path.vendor.made == []
