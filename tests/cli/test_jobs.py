"""People see jobs of all callers, wait for them, take their results away, and end them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from wirepost.cli.post import post
from wirepost.contracts.jobs import Problem
from wirepost.core.errors import NotConnected
from wirepost.settings import load

ROWS = [{"id": "1", "text": "größer", "score": 0.5}, {"id": "2", "tags": ["a"]}]


def with_post(work):
    async def opened():
        async with post(load(None).settings) as place:
            return await work(place)

    return asyncio.run(opened())


def job(owner="anna", **end):
    """A job of a call; `end` is how it has ended."""

    async def work(place):
        jobs = place.long_work.jobs
        given = await jobs.add_local("call", owner=owner, tool="crm_search_records")
        if end:
            await jobs.finish(given.job, **end)
        return given.job

    return with_post(work)


def test_jobs_of_all_callers_are_listed_newest_first(cli):
    first, second = job("anna"), job("bert", status="succeeded", rows=ROWS)
    ran = cli("jobs", "list")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0].split() == ["JOB", "KIND", "STATUS", "PROGRESS", "CONNECTION", "STARTED", "BY", "AT"]
    assert [line.split()[0] for line in lines[1:]] == [second, first]


def test_the_list_can_be_narrowed(cli):
    job("anna")
    second = job("bert", status="succeeded", rows=ROWS)
    for option in (("--status", "succeeded"), ("--caller", "bert")):
        assert [each["job"] for each in cli("jobs", "list", *option, "--json").json] == [second]
    assert cli("jobs", "list", "--kind", "openai.batch", "--json").json == []
    assert len(cli("jobs", "list", "--since", "-1h", "--json").json) == 2


def test_a_status_that_no_job_has_is_refused_with_those_that_there_are(cli):
    ran = cli("jobs", "list", "--status", "nope")
    assert (ran.code, ran.out) == (2, "")
    assert "--status: no job is 'nope' (there are: queued, running, " in ran.err


def test_a_job_is_shown_with_its_caller(cli):
    shown = cli("jobs", "show", job("anna", status="failed", error=Problem("timeout", "late")), "--json").json
    assert (shown["status"], shown["caller"], shown["tool"]) == ("failed", "anna", "crm_search_records")
    assert shown["error"] == {"code": "timeout", "message": "late"}


def test_an_unknown_job_is_named_with_the_next_step(cli):
    ran = cli("jobs", "show", "job_1")
    assert ran.code == 2
    assert "wirepost jobs list" in ran.err


@pytest.mark.parametrize(
    ("status", "code"), [("succeeded", 0), ("partial", 0), ("failed", 1), ("expired", 1)]
)
def test_waiting_ends_with_the_job_and_says_how(cli, status, code):
    ran = cli("jobs", "wait", job(status=status), "--json")
    assert (ran.code, ran.json["status"]) == (code, status)


def test_waiting_gives_up_in_the_end(cli):
    ran = cli("jobs", "wait", job(), "--timeout", "0")
    assert ran.code == 1
    assert "no server" in ran.err


def test_a_result_is_written_as_json_lines(cli):
    ran = cli("jobs", "result", job(status="succeeded", rows=ROWS, warnings=["slow"]))
    assert [json.loads(line) for line in ran.out.splitlines()] == ROWS
    assert ran.err == "warning: slow\n"


def test_a_result_is_written_to_a_new_file_in_the_form_of_its_name(cli):
    done = job(status="succeeded", rows=ROWS)
    ran = cli("jobs", "result", done, "--output", "out.csv")
    assert (ran.code, ran.err) == (0, "out.csv: 2 rows\n")
    assert Path("out.csv").read_text().splitlines() == [
        "id,text,score,tags",
        "1,größer,0.5,",
        '2,,,"[""a""]"',
    ]
    again = cli("jobs", "result", done, "--output", "out.csv")
    assert again.code == 2
    assert "exists already" in again.err


def test_without_a_result_no_file_is_left(cli):
    ran = cli("jobs", "result", job(status="failed"), "--output", "out.jsonl")
    assert ran.code == 2
    assert "failed and has no result" in ran.err
    assert not Path("out.jsonl").exists()


def test_what_waits_for_a_person_is_withdrawn_and_that_is_on_record(cli):
    async def work(place):
        waiting, _ = await place.long_work.jobs.add_waiting(
            "approval",
            key="k",
            owner="anna",
            tool="t",
            connection="stripe-sandbox",
            environment="sandbox",
            expires_at=place.clock.now() + timedelta(hours=1),
            details={},
        )
        return waiting.id

    waiting = with_post(work)
    assert cli("jobs", "cancel", waiting, "--json").json["status"] == "cancelled"
    recorded = [each["record"] for each in cli("audit", "list", "--json").json]
    assert [(each["event"], each["job"], each["owner"]) for each in recorded] == [
        ("job.cancelled", waiting, "anna")
    ]


def test_what_cannot_be_cancelled_is_said(cli):
    ran = cli("jobs", "cancel", job())
    assert ran.code == 1
    assert "cannot be cancelled" in ran.err


def test_only_jobs_of_configured_connections_can_be_followed(cli):
    ran = cli("jobs", "track", "nowhere", "openai.batch", "batch_1")
    assert ran.code == 1
    assert NotConnected.__name__ not in ran.err
    assert "'nowhere' does not exist" in ran.err


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_jobs_in_the_memory_of_the_running_server_are_left_to_its_tools(cli):
    ran = cli("jobs", "track", "stripe-sandbox", "stripe.report", "frr_1")
    assert ran.code == 2
    assert "wirepost tools call job_track connection=stripe-sandbox kind=stripe.report" in ran.err
