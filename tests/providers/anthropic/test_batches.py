"""Batches: every end they can come to, every state, and the rows they bring."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.anthropic.batches import started
from wirepost.providers.anthropic.sandbox.messages import EXPIRES, FAILS
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started

MODEL = "claude-haiku-4-5"
DAY_S = 24 * 3600
RECORDED = Path(__file__).with_name("recorded") / "batches.json"


def items(*models: str) -> list[BatchItem]:
    return [BatchItem(f"r{number}", Prompt(model, f"Task {number}")) for number, model in enumerate(models)]


async def submitted(anthropic: ModelVendor, *models: str) -> Started:
    return await anthropic.models.submit_batch(items(*models), key="wp_1", intent="int_1")


def raw_of(state: str, **counts: int) -> dict[str, Any]:
    every = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    return {"id": "msgbatch_1", "processing_status": state, "request_counts": every | counts}


# https://platform.claude.com/docs/en/build-with-claude/batch-processing
@pytest.mark.parametrize(
    ("state", "counts", "ours"),
    [
        ("in_progress", {"processing": 2}, "running"),
        ("canceling", {"processing": 2}, "cancelling"),
        ("ended", {"succeeded": 2}, "succeeded"),
        ("ended", {"succeeded": 1, "errored": 1}, "partial"),
        ("ended", {"succeeded": 1, "canceled": 1}, "partial"),
        ("ended", {"succeeded": 1, "expired": 1}, "partial"),
        ("ended", {"errored": 2}, "failed"),
        ("ended", {"canceled": 2}, "cancelled"),
        ("ended", {"expired": 2}, "expired"),
        ("of_tomorrow", {"processing": 2}, "running"),
    ],
)
def test_every_state_and_every_end(state: str, counts: dict[str, int], ours: str) -> None:
    assert started(raw_of(state, **counts)).status == ours


async def test_a_batch_is_followed_to_its_rows(anthropic: ModelVendor) -> None:
    begun = await submitted(anthropic, MODEL, MODEL)
    assert (begun.kind, begun.status, begun.total) == ("anthropic.batch", "running", 2)
    assert begun.expires_at == anthropic.clock.now() + timedelta(days=1)
    seen = await anthropic.look(begun)
    assert (seen.status, seen.done, seen.total) == ("running", 0, 2)
    anthropic.clock.advance(31)
    seen = await anthropic.look(begun)
    assert (seen.status, seen.done, seen.provider_status) == ("succeeded", 2, "ended")
    rows = {row["custom_id"]: row for row in await anthropic.rows(begun)}
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert rows["r1"]["text"] == "In short: Task 1"
    assert rows["r1"]["usage"]["output_tokens"] > 0


async def test_requests_that_failed_are_rows_that_say_why(anthropic: ModelVendor) -> None:
    begun = await submitted(anthropic, MODEL, FAILS)
    anthropic.clock.advance(31)
    assert (await anthropic.look(begun)).status == "partial"
    rows = {row["custom_id"]: row for row in await anthropic.rows(begun)}
    assert (rows["r0"]["status"], rows["r1"]["status"]) == ("ok", "failed")
    assert rows["r1"]["error"] == "Overloaded"


async def test_a_batch_of_which_nothing_succeeded_failed(anthropic: ModelVendor) -> None:
    begun = await submitted(anthropic, FAILS)
    anthropic.clock.advance(31)
    seen = await anthropic.look(begun)
    assert seen.status == "failed"
    assert seen.error is not None


async def test_what_is_not_come_to_within_a_day_expires(anthropic: ModelVendor) -> None:
    half, whole = await submitted(anthropic, MODEL, EXPIRES), await submitted(anthropic, EXPIRES)
    anthropic.clock.advance(DAY_S + 1)
    assert (await anthropic.look(half)).status == "partial"
    assert {row["status"] for row in await anthropic.rows(half)} == {"ok", "expired"}
    assert (await anthropic.look(whole)).status == "expired"


async def test_a_batch_is_cancelled_in_two_steps(anthropic: ModelVendor) -> None:
    begun = await submitted(anthropic, MODEL)
    await anthropic.cancel(begun)
    assert (await anthropic.look(begun)).status == "cancelling"
    anthropic.clock.advance(6)
    assert (await anthropic.look(begun)).status == "cancelled"
    with pytest.raises(Rejected):
        await anthropic.cancel(begun)


async def test_results_are_gone_after_a_month(anthropic: ModelVendor) -> None:
    begun = await submitted(anthropic, MODEL)
    anthropic.clock.advance(29 * DAY_S + 1)
    seen = await anthropic.look(begun)
    assert seen.warnings == ("Anthropic no longer has the results",)
    with pytest.raises(Rejected):
        await anthropic.rows(begun)


async def test_a_batch_that_anthropic_does_not_know(anthropic: ModelVendor) -> None:
    with pytest.raises(Rejected) as refused:
        await anthropic.look(Started("anthropic.batch", "msgbatch_none"))
    assert refused.value.code == "not_found"


async def test_a_lost_answer_leaves_doubt_only_where_a_batch_was_made(anthropic: ModelVendor) -> None:
    since = anthropic.clock.now()
    assert await anthropic.models.find_batch("int_1", since) is None
    anthropic.sandbox.inject(Fault(kind="lost_answer", match="POST /v1/messages/batches"))
    with pytest.raises(OutcomeUnknown):
        await submitted(anthropic, MODEL)
    with pytest.raises(OutcomeUnknown, match="msgbatch_"):
        await anthropic.models.find_batch("int_1", since)
    with pytest.raises(OutcomeUnknown, match="msgbatch_"):
        await anthropic.models.find_batch("int_1", since + timedelta(seconds=50))  # by a slower clock
    assert await anthropic.models.find_batch("int_1", since + timedelta(hours=1)) is None
    assert anthropic.sandbox.summary()["batches"] == 1


async def test_overload_refuses_a_batch_for_certain(anthropic: ModelVendor) -> None:
    anthropic.sandbox.inject(Fault(kind="status", status=529))
    with pytest.raises(Unavailable) as refused:
        await submitted(anthropic, MODEL)
    assert refused.value.outcome == "not_applied"
    assert anthropic.sandbox.summary()["batches"] == 0


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65])
async def test_an_id_that_anthropic_does_not_take_is_not_sent(anthropic: ModelVendor, name: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        await anthropic.models.submit_batch([BatchItem(name, Prompt(MODEL, "x"))], key="k", intent="i")
    assert refused.value.fields[0]["path"] == "custom_id"
    assert anthropic.judge.requests == []


async def test_a_batch_has_bounds(anthropic: ModelVendor) -> None:
    for many in (0, 100_001):
        with pytest.raises(InvalidCall, match="100,000"):
            await anthropic.models.submit_batch(
                [BatchItem(str(number), Prompt(MODEL, "x")) for number in range(many)], key="k", intent="i"
            )


async def test_what_no_description_covers_is_asked_as_the_vendors_own_client_asks(
    anthropic: ModelVendor,
) -> None:
    begun = await submitted(anthropic, MODEL)
    await anthropic.cancel(begun)
    anthropic.clock.advance(31)
    await anthropic.rows(begun)
    ours = [
        (request.method, request.url.path.replace(begun.provider_id or "", "msgbatch_1"), request.content)
        for request in anthropic.judge.requests
        if request.url.path.endswith(("/cancel", "/results"))
    ]
    theirs = [
        (each["method"], each["path"], b"")
        for each in json.loads(RECORDED.read_text())["requests"]
        if each["path"].endswith(("/cancel", "/results"))
    ]
    assert ours == theirs
