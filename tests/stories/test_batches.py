"""An agent starts a batch, goes away, and gets result and use by one handle from a later server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.running import Running, running
from support.serving import served
from support.worlds import world_at
from wirepost.providers.openai.sandbox import OpenAiSandbox

GOOD = {"custom_id": "good", "prompt": "Say something about lamps"}
REQUESTS = [GOOD, {"custom_id": "more", "prompt": "Say something about chairs"}]


@asynccontextmanager
async def cloud(clock: ManualClock) -> AsyncIterator[tuple[OpenAiSandbox, str]]:
    """A provider that lives on while our server comes and goes."""
    vendor = OpenAiSandbox(world_at(clock.now()), clock)
    async with served(vendor.socket_app, lifespan="off") as base:
        yield vendor, base


@asynccontextmanager
async def server(directory: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setenv("CLOUD_KEY", "sk-test")
    connection = {
        "provider": "openai",
        "environment": "test",
        "key": "env:CLOUD_KEY",
        "base_url": base,
        "api": "responses",
    }
    alias = {"connection": "cloud", "model": "gpt-5-mini"}
    async with (
        running(directory, connections={"cloud": connection}, ai={"models": {"default": alias}}) as wirepost,
        wirepost.app.hub.at_work(),
    ):
        yield wirepost


async def ended(wirepost: Running, job: str) -> dict[str, Any]:
    for _ in range(10):
        shown = (await wirepost.ok("job_get", job=job, wait_s=10))["data"]
        if shown["status"] in {"succeeded", "partial", "failed"}:
            return shown
    raise AssertionError(shown)


async def test_a_batch_outlives_the_server_that_started_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cloud(clock) as (vendor, base):
        async with server(tmp_path, base, monkeypatch) as first:
            started = (await first.ok("ai_submit_batch", requests=REQUESTS, intent="reviews"))["data"]
            again = await first.ok("ai_submit_batch", requests=REQUESTS, intent="reviews")
            assert again["data"]["job"] == started["job"]
            assert again["meta"]["idempotency"]["replayed"] is True
        assert vendor.summary()["batches"] == 1, "one intent starts one batch, which is paid once"
        clock.advance(60)
        async with server(tmp_path, base, monkeypatch) as second:
            shown = await ended(second, started["job"])
            assert (shown["status"], shown["progress"]) == ("succeeded", {"done": 2, "total": 2})
            result = await second.ok("job_get_result", job=started["job"])
            rows = [each["row"] for each in result["data"]["records"]]
            assert {row["custom_id"] for row in rows} == {"good", "more"}
            assert all(row["usage"]["output_tokens"] > 0 for row in rows)
            assert shown["usage"]["input_tokens"] > 0 < shown["usage"]["output_tokens"]
            assert result["meta"]["untrusted"], "what a model says is content"
