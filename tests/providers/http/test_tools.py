"""A job of any service is started once, and never twice where that cannot be known."""

from __future__ import annotations

import pytest


async def test_the_same_intent_starts_one_job(office):
    first = await office.start(intent="nightly")
    assert (await office.start(intent="nightly"))["job"] == first["job"]
    assert len(office.warehouse.started) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_key_that_the_service_knows(office):
    office.warehouse.lose = 1
    job = await office.start(intent="nightly")
    assert job["status"] == "queued"
    assert len(office.warehouse.started) == 1


async def test_without_such_a_key_a_lost_answer_is_never_asked_for_again(office):
    office.warehouse.lose = 1
    for _ in range(2):
        error = await office.wirepost.error("http_start_job", job="plain", intent="nightly")
        assert error["code"] == "outcome_unknown"
    assert office.warehouse.lose == 0


@pytest.mark.parametrize("answer", [{"data": {}}, {"data": {"export": {"id": True}}}])
async def test_an_answer_without_an_id_is_no_failure_that_may_be_repeated(office, answer):
    office.warehouse.answer = answer
    error = await office.wirepost.error("http_start_job", job="plain")
    assert (error["code"], error["outcome"]) == ("outcome_unknown", "unknown")


async def test_unknown_jobs_and_broken_payloads_are_named(office):
    unknown = await office.wirepost.error("http_start_job", job="import")
    assert unknown["fields"][0]["allowed"] == ["export", "plain"]
    broken = await office.wirepost.error("http_start_job", job="export", payload="{")
    assert broken["fields"][0]["path"] == "payload"
    assert office.warehouse.started == {}
