"""Results become files; what does not fit, and what they have cost, is said."""

from __future__ import annotations

from wirepost.jobs.job import Job
from wirepost.jobs.results import kept_as_file

JOB = Job("job_1", "anna", "sample.report", "sample", "sandbox", "t", created_at=0, changed_at=0)
ROWS = [{"custom_id": str(number), "text": "x" * 40} for number in range(10)]


async def each(rows):
    for row in rows:
        yield row


async def test_a_result_is_a_file_of_whoever_has_the_job(files):
    values = await kept_as_file(files, JOB, each(ROWS), "partial")
    file = await files.get(values.pop("file"), "anna")
    assert values == {"status": "partial"}
    assert await files.page(file, 0, 99) == ROWS


async def test_tokens_of_the_rows_are_summed(files):
    used = {"input_tokens": 2, "output_tokens": 3}
    rows = [
        {"usage": used},
        {"usage": None},
        {"usage": {"input_tokens": 5}},
        {"usage": {"input_tokens": "7"}},
    ]
    values = await kept_as_file(files, JOB, each(rows), "succeeded")
    assert values["usage"] == {"input_tokens": 7, "output_tokens": 3}


async def test_of_a_result_that_is_too_large_the_beginning_is_kept_and_that_is_said(files):
    values = await kept_as_file(files, JOB, each(ROWS * 10), "succeeded")
    kept = await files.page(await files.get(values["file"], "anna"), 0, 999)
    assert kept == (ROWS * 10)[: len(kept)]
    assert (values["status"], values["error"]["code"]) == ("partial", "result_too_large")
    assert f"its first {len(kept)} rows" in values["error"]["message"]


async def test_rows_that_do_not_pass_the_examination_make_it_a_success_in_part(files):
    def examine(row):
        return row if row["custom_id"] != "3" else {"custom_id": "3", "status": "failed"}

    values = await kept_as_file(files, JOB, each(ROWS), "succeeded", examine)
    assert values["status"] == "partial"
    assert values["warnings"] == ("1 rows do not fit what was asked for; they are marked as failed",)
    kept = await files.page(await files.get(values["file"], "anna"), 0, 99)
    assert kept == [*ROWS[:3], {"custom_id": "3", "status": "failed"}, *ROWS[4:]]
    fine = await kept_as_file(files, JOB, each(ROWS), "succeeded", lambda row: row)
    assert fine["status"] == "succeeded"
