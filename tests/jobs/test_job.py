"""A job is one row, has one id at one provider, and shows its caller what it may know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from wirepost.jobs.job import COLUMNS, Job, changed, handle, opened, view
from wirepost.tools.jobs import TERMINAL, Started

NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
PLACE = {"owner": "anna", "connection": "openai", "environment": "test", "now": NOW.timestamp()}


def job(**fields):
    return opened(Started("openai.batch", "batch_1", **fields), **PLACE, tool="t", intent="int_1")


def test_a_row_is_read_as_it_was_written():
    written = changed(
        job(details={"a": [1]}),
        NOW.timestamp() + 1,
        status="failed",
        error={"code": "x", "message": "y"},
        usage={"input_tokens": 1},
        warnings=("w",),
    )
    columns = written.columns
    assert Job.of_row(tuple(columns[name] for name in COLUMNS.split(", "))) == written


def test_one_job_at_a_provider_has_one_id_wherever_it_is_found():
    assert job().id == job(details={"other": 1}).id
    others = [
        opened(Started("openai.batch", "batch_2"), **PLACE).id,
        opened(Started("openai.response", "batch_1"), **PLACE).id,
        opened(Started("openai.batch", "batch_1"), **PLACE | {"connection": "openai-2"}).id,
    ]
    assert len({job().id, *others}) == 4


def test_jobs_without_an_id_at_their_provider_have_different_ones():
    started = Started("sagemaker.async", None)
    first = opened(started, **PLACE, intent="int_1")
    assert first.id == opened(started, **PLACE, intent="int_1").id
    assert len({first.id, opened(started, **PLACE, intent="int_2").id, opened(started, **PLACE).id}) == 3


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_what_is_over_at_the_provider_goes_on_here_until_its_result_is_copied(status):
    assert job(status=status).status == "running"


def test_moments_are_those_of_the_first_start_and_the_end():
    queued = job()
    running = changed(queued, NOW.timestamp() + 5, status="running")
    ended = changed(running, NOW.timestamp() + 9, status="succeeded", file="fil_1")
    assert (queued.started_at, running.started_at, ended.started_at) == (
        None,
        NOW.timestamp() + 5,
        NOW.timestamp() + 5,
    )
    assert (running.ended_at, ended.ended_at, ended.version) == (None, NOW.timestamp() + 9, 2)


def test_its_handle_says_when_to_ask_again_and_until_when():
    given = handle(job(poll_after_s=30, expires_at=NOW + timedelta(hours=24)))
    assert (given.status, given.poll_after_s, given.expires_at) == ("queued", 30, "2026-11-26T10:00:00Z")


def test_what_has_ended_need_not_be_asked_for_again():
    ended = changed(job(), NOW.timestamp(), status="succeeded", file="fil_1")
    shown = view(ended)
    assert (shown.poll_after_s, shown.result_available) == (None, True)


def test_kinds_of_providers_have_a_dot_and_keys_of_others_are_not_shown():
    waiting = Job("job_1", "anna", "approval", "", "", "t", created_at=0, changed_at=0, provider_id="key")
    assert waiting.is_local
    assert view(waiting).provider_id is None
    assert not job().is_local
    assert view(job()).provider_id == "batch_1"
