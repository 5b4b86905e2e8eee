"""Batches and answers in the background: every end they can come to, and every state that OpenAI names."""

from __future__ import annotations

from typing import get_args

import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.providers.openai.jobs import BATCH_STATES, RESPONSE_STATES
from wirepost.tools.jobs import JobStatus, Started


def items(*models: str) -> list[BatchItem]:
    return [BatchItem(f"r{number}", Prompt(model, f"Task {number}")) for number, model in enumerate(models)]


async def submitted(openai: ModelVendor, *models: str) -> Started:
    return await openai.models.submit_batch(items(*models), key="wp_1", intent="int_1")


# https://platform.openai.com/docs/guides/batch and /docs/guides/background
@pytest.mark.parametrize(
    ("states", "known"),
    [
        (
            BATCH_STATES,
            "validating failed in_progress finalizing completed expired cancelling cancelled",
        ),
        (RESPONSE_STATES, "completed failed in_progress cancelled queued incomplete"),
    ],
)
def test_every_state_has_a_status(states: dict[str, JobStatus], known: str) -> None:
    assert set(states) == set(known.split())
    assert set(states.values()) <= set(get_args(JobStatus))


async def test_a_batch_is_followed_to_its_rows(openai: ModelVendor) -> None:
    started = await submitted(openai, "gpt-5", "gpt-5-mini")
    assert (started.kind, started.total) == ("openai.batch", 2)
    assert (await openai.look(started)).status == "queued"
    openai.clock.advance(6)
    assert (await openai.look(started)).status == "running"
    openai.clock.advance(30)
    seen = await openai.look(started)
    assert (seen.status, seen.done, seen.total) == ("succeeded", 2, 2)
    rows = await openai.rows(started)
    assert [(row["custom_id"], row["status"]) for row in rows] == [("r0", "ok"), ("r1", "ok")]
    assert rows[0]["usage"]["input_tokens"] > 0


async def test_requests_that_failed_are_rows_that_say_why(openai: ModelVendor) -> None:
    started = await submitted(openai, "gpt-5", "gpt-99")
    openai.clock.advance(60)
    seen = await openai.look(started)
    assert (seen.status, "failed" in seen.warnings[0]) == ("partial", True)
    rows = {row["custom_id"]: row for row in await openai.rows(started)}
    assert rows["r0"]["status"] == "ok"
    assert rows["r1"]["status"] == "failed"
    assert "gpt-99" in rows["r1"]["error"]


async def test_what_expires_half_way_keeps_what_was_answered(openai: ModelVendor) -> None:
    started = await submitted(openai, "gpt-5", "sandbox-never")
    openai.clock.advance(24 * 3600 + 1)
    seen = await openai.look(started)
    assert (seen.status, seen.provider_status) == ("partial", "expired")
    assert {row["status"] for row in await openai.rows(started)} == {"ok", "expired"}


async def test_what_expires_without_an_answer_has_expired(openai: ModelVendor) -> None:
    started = await submitted(openai, "sandbox-never")
    openai.clock.advance(24 * 3600 + 1)
    assert (await openai.look(started)).status == "expired"


async def test_an_empty_batch_fails(openai: ModelVendor) -> None:
    started = await openai.models.submit_batch([], key="wp_1", intent="int_1")
    openai.clock.advance(10)
    assert (await openai.look(started)).status == "failed"


async def test_a_batch_is_cancelled_in_two_steps(openai: ModelVendor) -> None:
    started = await submitted(openai, "gpt-5")
    await openai.cancel(started)
    assert (await openai.look(started)).status == "cancelling"
    openai.clock.advance(10)
    assert (await openai.look(started)).status == "cancelled"


async def test_a_job_that_openai_does_not_know_is_not_found(openai: ModelVendor) -> None:
    for kind in ("openai.batch", "openai.response"):
        with pytest.raises(Rejected) as refused:
            await openai.look(Started(kind, "batch_none"))
        assert refused.value.code == "not_found"


async def test_a_batch_whose_answer_was_lost_is_found_by_its_intent(openai: ModelVendor) -> None:
    since = openai.clock.now()
    started = await submitted(openai, "gpt-5")
    await openai.models.submit_batch(items("gpt-5"), key="wp_2", intent="int_2")
    found = await openai.models.find_batch("int_1", since)
    assert found is not None
    assert (found.provider_id, found.total) == (started.provider_id, 1)
    assert await openai.models.find_batch("int_3", since) is None


async def test_a_batch_has_a_bound(openai: ModelVendor) -> None:
    many = [BatchItem(str(number), Prompt("gpt-5", "x")) for number in range(50_001)]
    with pytest.raises(InvalidCall, match="50000"):
        await openai.models.submit_batch(many, key="k", intent="i")
    assert openai.judge.requests == []


async def test_an_answer_in_the_background_is_followed_and_read(openai: ModelVendor) -> None:
    started = await openai.models.submit_background(Prompt("gpt-5", "Write"), key="wp_1", intent="int_1")
    assert (await openai.look(started)).status == "queued"
    openai.clock.advance(6)
    assert (await openai.look(started)).status == "running"
    openai.clock.advance(6)
    seen = await openai.look(started)
    assert seen.status == "succeeded"
    assert seen.usage is not None
    assert seen.usage.output_tokens > 0
    (row,) = await openai.rows(started)
    assert row["text"].startswith("In short")


async def test_an_answer_that_was_cut_is_partial_and_one_that_was_stopped_is_cancelled(
    openai: ModelVendor,
) -> None:
    cut = await openai.models.submit_background(
        Prompt("gpt-5", "Write of lamps and chairs " * 9, max_output_tokens=2), key="k", intent="i"
    )
    stopped = await openai.models.submit_background(Prompt("gpt-5", "Write"), key="k", intent="j")
    await openai.cancel(stopped)
    openai.clock.advance(11)
    assert (await openai.look(cut)).status == "partial"
    assert (await openai.look(stopped)).status == "cancelled"


async def test_what_cannot_be_found_is_not_bought_again(openai: ModelVendor) -> None:
    with pytest.raises(OutcomeUnknown):
        await openai.models.find_background("int_1", openai.clock.now())
