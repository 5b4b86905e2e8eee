"""Batches: asked as Google's own client asks, every state, and their rows."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from support.looking import look_by, rows_of
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.contracts.google_models import answered_row, status_of
from wirepost.core.errors import InvalidCall, Rejected, Unavailable
from wirepost.providers.gemini.batches import KINDS
from wirepost.tools.jobs import Started

(KIND,) = KINDS
RECORDED = Path(__file__).with_name("recorded") / "batches.json"
ONE = Started("gemini.batch", "batches/b1")
PATH = "/v1beta/batches/b1"
SUBMIT = "/v1beta/models/gemini-2.5-flash:batchGenerateContent"


def raw_of(state, **more):
    return {"name": "batches/b1", "metadata": {"state": state, "displayName": "int_1", **more}}


def looked(gemini):
    return look_by(gemini.client, gemini.clock.now(), ONE)


# https://ai.google.dev/gemini-api/docs/batch-api, and JobState of Vertex AI
@pytest.mark.parametrize("prefix", ["JOB_STATE_", "BATCH_STATE_"])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("PENDING", "queued"),
        ("QUEUED", "queued"),
        ("RUNNING", "running"),
        ("SUCCEEDED", "succeeded"),
        ("PARTIALLY_SUCCEEDED", "partial"),
        ("FAILED", "failed"),
        ("CANCELLING", "cancelling"),
        ("CANCELLED", "cancelled"),
        ("EXPIRED", "expired"),
        ("OF_TOMORROW", "running"),
    ],
)
def test_every_state_under_both_prefixes(prefix, theirs, ours):
    assert status_of(prefix + theirs) == ours


async def test_requests_are_those_of_googles_own_client(gemini):
    gemini.tell("POST", SUBMIT, raw_of("BATCH_STATE_PENDING"))
    gemini.tell("GET", PATH, raw_of("BATCH_STATE_RUNNING"))
    gemini.tell("POST", f"{PATH}:cancel", {})
    gemini.tell("GET", "/v1beta/batches", {"operations": [raw_of("BATCH_STATE_RUNNING")]})
    items = [BatchItem("r0", Prompt("gemini-2.5-flash", "Task 0"))]
    begun = await gemini.models.submit_batch(items, key="k", intent="int_1")
    assert (begun.kind, begun.provider_id, begun.status, begun.total) == (
        "gemini.batch",
        "batches/b1",
        "queued",
        1,
    )
    assert (await KIND.look(looked(gemini))).status == "running"
    assert KIND.cancel
    await KIND.cancel(looked(gemini))
    found = await gemini.models.find_batch("int_1", gemini.clock.now())
    assert found is not None
    assert found.provider_id == "batches/b1"
    ours = [
        (each.method, each.url.raw_path.decode(), orjson.loads(each.content) if each.content else None)
        for each in gemini.transport.requests
    ]
    theirs = json.loads(RECORDED.read_text())["requests"]
    assert ours == [(each["method"], each["path"], each["body"]) for each in theirs]


async def test_no_batch_of_that_name(gemini):
    gemini.tell("GET", "/v1beta/batches", {})
    assert await gemini.models.find_batch("int_1", gemini.clock.now()) is None


async def test_answers_and_failures_are_rows(gemini):
    content = {"role": "model", "parts": [{"text": "Hi"}]}
    good = {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": {}}
    rows = [
        {"metadata": {"key": "r0"}, "response": good},
        {"metadata": {"key": "r1"}, "error": {"code": 3, "message": "Too long"}},
    ]
    stats = {"requestCount": "2", "successfulRequestCount": "1", "failedRequestCount": "1"}
    output = {"inlinedResponses": {"inlinedResponses": rows}}
    gemini.tell("GET", PATH, raw_of("BATCH_STATE_SUCCEEDED", batchStats=stats, output=output))
    seen = await KIND.look(looked(gemini))
    assert (seen.status, seen.done, seen.total) == ("partial", 2, 2)
    first, second = await rows_of(KIND, looked(gemini))
    assert (first["custom_id"], first["status"], first["text"]) == ("r0", "ok", "Hi")
    assert (second["custom_id"], second["status"], second["error"]) == ("r1", "failed", "Too long")


async def test_a_batch_with_more_answers_than_other_reads_take_is_read(gemini):
    content = {"role": "model", "parts": [{"text": "x" * 10_000}]}
    good = {"candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": {}}
    rows = [{"metadata": {"key": f"r{number}"}, "response": good} for number in range(1000)]
    output = {"inlinedResponses": {"inlinedResponses": rows}}
    gemini.tell("GET", PATH, raw_of("BATCH_STATE_SUCCEEDED", output=output))
    assert (await KIND.look(looked(gemini))).status == "succeeded"
    assert len(await rows_of(KIND, looked(gemini))) == 1000


async def test_a_batch_that_is_no_object_is_not_understood(gemini):
    gemini.tell("GET", PATH, [])
    with pytest.raises(Unavailable):
        await KIND.look(looked(gemini))


async def test_a_batch_that_fails_says_why(gemini):
    gemini.tell("GET", PATH, {**raw_of("BATCH_STATE_FAILED"), "error": {"message": "No quota"}})
    seen = await KIND.look(looked(gemini))
    assert seen.error is not None
    assert seen.error.message == "No quota"


async def test_a_batch_that_gemini_does_not_know(gemini):
    gemini.tell("GET", PATH, {"error": {"code": 404, "message": "None", "status": "NOT_FOUND"}}, status=404)
    with pytest.raises(Rejected) as refused:
        await KIND.look(looked(gemini))
    assert refused.value.code == "not_found"


async def test_a_batch_asks_one_model_and_answers_in_files_are_not_read(gemini):
    items = [BatchItem("a", Prompt("gemini-2.5-flash", "x")), BatchItem("b", Prompt("gemini-2.5-pro", "x"))]
    with pytest.raises(InvalidCall, match="one model"):
        await gemini.models.submit_batch(items, key="k", intent="i")
    gemini.tell("GET", PATH, raw_of("BATCH_STATE_SUCCEEDED", output={"responsesFile": "files/f"}))
    with pytest.raises(InvalidCall, match="files"):
        await rows_of(KIND, looked(gemini))


def test_an_odd_answer_has_failed_alone() -> None:
    """The rows beside it are read, and counted."""
    row = answered_row("a", {"responseId": "r"}, "Gemini", "gemini-2.5-flash")
    assert (row.custom_id, row.status) == ("a", "failed")
    assert "not understood" in str(row.error)
