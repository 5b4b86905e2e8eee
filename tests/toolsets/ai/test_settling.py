"""Tokens of jobs are counted when these have ended: once, at the prices of batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.ai_desk import AiDesk, ai_desk
from support.clock import ManualClock
from wirepost.calls.caller import LOCAL
from wirepost.jobs.job import Job
from wirepost.toolsets.ai.settling import Settling

SETTINGS = {"models": {"default": {"connection": "ai", "model": "claude-sonnet-4-5"}}}


async def ended(desk: AiDesk, usage: dict[str, Any] | None) -> Job:
    found = await desk.ok("ai_submit_batch", task="summary", items=["a", "b"], intent="a")
    job = await desk.jobs.find(found["data"]["job"], LOCAL.id)
    done = await desk.jobs.change(job, status="succeeded", usage=usage)
    assert done is not None
    return done


async def test_a_batch_is_counted_once_however_often_its_end_is_told(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with ai_desk(tmp_path, clock, settings=SETTINGS, provider="anthropic") as desk:
        job = await ended(desk, {"input_tokens": 100_000, "output_tokens": 10_000})
        settling = Settling(desk.books.usages, desk.connections, clock)
        await settling.job_ended(job)
        await settling.job_ended(job)
        # Half of 3 dollars a million in and 15 dollars a million out.
        nano = (100_000 * 3000 + 10_000 * 15_000) // 2
        assert await desk.spent() == [("claude-sonnet-4-5", "default", 2, 100_000, 10_000, nano)]
        noted = await desk.jobs.find(job.id, LOCAL.id)
        assert (noted.usage or {})["cost"] == "0.225"
        await settling.job_ended(noted)
        assert len(await desk.spent()) == 1


async def test_a_job_without_tokens_is_not_counted(tmp_path: Path, clock: ManualClock) -> None:
    async with ai_desk(tmp_path, clock, settings=SETTINGS, provider="anthropic") as desk:
        job = await ended(desk, None)
        await Settling(desk.books.usages, desk.connections, clock).job_ended(job)
        assert await desk.spent() == []


async def test_a_job_that_was_adopted_is_counted_without_a_price(tmp_path: Path, clock: ManualClock) -> None:
    async with ai_desk(tmp_path, clock, provider="anthropic") as desk:
        job = await desk.jobs.adopt(
            "anthropic.batch", connection="ai", environment="sandbox", provider_id="b", owner=LOCAL.id
        )
        done = await desk.jobs.change(job, status="succeeded", usage={"input_tokens": 7})
        assert done is not None
        await Settling(desk.books.usages, desk.connections, clock).job_ended(done)
        assert await desk.spent() == [("unknown", "", 1, 7, 0, 0)]
        assert ((await desk.jobs.find(job.id, LOCAL.id)).usage or {})["cost"] is None
