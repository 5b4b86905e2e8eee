"""The sandbox: as our client meets it, through every end of a batch, and as any other client sees it."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson
import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import OutcomeUnknown, Rejected, Unavailable
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started

MODEL = "gemini-2.5-flash"
MOOD = {"type": "object", "properties": {"label": {"enum": ["positive", "negative"]}}}
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Tell me of lamps, of chairs and of tables"}]}]}
DAY_S = 24 * 3600


async def submitted(vendor: ModelVendor, *most: int, model: str = MODEL, intent: str = "int_1") -> Started:
    items = [
        BatchItem(f"r{number}", Prompt(model, f"Task {number}", max_output_tokens=each))
        for number, each in enumerate(most)
    ]
    return await vendor.models.submit_batch(items, key="wp_1", intent=intent)


async def asked(
    vendor: ModelVendor, method: str, path: str, body: Any = None, key: str | None = "AIza-x"
) -> httpx2.Response:
    transport = httpx2.ASGITransport(vendor.sandbox.app)
    headers = {} if key is None else {"x-goog-api-key": key}
    async with httpx2.AsyncClient(transport=transport, base_url="https://gemini.invalid") as client:
        return await client.request(method, path, json=body, headers=headers)


async def test_answers_vectors_and_models(vendor: ModelVendor) -> None:
    said = await vendor.models.generate(Prompt(MODEL, "Judge.", data=("Broken and late",), json_schema=MOOD))
    assert orjson.loads(said.text) == {"label": "negative"}
    assert said.usage.input_tokens > 0 < said.usage.output_tokens
    cut = await vendor.models.generate(Prompt(MODEL, "Tell a long tale", max_output_tokens=2))
    assert cut.finish_reason == "length"
    found = await vendor.models.embed(["a lamp", "a chair"], model="gemini-embedding-001", dimensions=8)
    assert [len(each) for each in found.vectors] == [8, 8]
    assert MODEL in {each.id for each in await vendor.models.list_models()}


async def test_a_batch_is_followed_to_its_rows(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, 100, 100)
    assert (await vendor.look(begun)).status == "queued"
    vendor.clock.advance(6)
    assert (await vendor.look(begun)).status == "running"
    vendor.clock.advance(30)
    seen = await vendor.look(begun)
    assert (seen.status, seen.done, seen.total) == ("succeeded", 2, 2)
    rows = await vendor.rows(begun)
    assert [(row["custom_id"], row["text"]) for row in rows] == [
        ("r0", "In short: Task 0"),
        ("r1", "In short: Task 1"),
    ]


async def test_requests_that_failed_are_rows_that_say_why(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, 100, 0)
    vendor.clock.advance(31)
    assert (await vendor.look(begun)).status == "partial"
    good, bad = await vendor.rows(begun)
    assert (good["status"], bad["status"], bad["error"]) == (
        "ok",
        "failed",
        "max_output_tokens must be positive",
    )


async def test_a_batch_can_fail_expire_or_be_cancelled(vendor: ModelVendor) -> None:
    failing = await submitted(vendor, 100, model="gemini-sandbox-fails")
    late = await submitted(vendor, 100, model="gemini-sandbox-never")
    stopped = await submitted(vendor, 100)
    await vendor.cancel(stopped)
    vendor.clock.advance(6)
    assert (await vendor.look(stopped)).status == "cancelled"
    with pytest.raises(Rejected):
        await vendor.cancel(stopped)
    vendor.clock.advance(2 * DAY_S)
    failed = await vendor.look(failing)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "internal error" in failed.error.message
    assert (await vendor.look(late)).status == "expired"


async def test_a_batch_whose_answer_was_lost_is_found_by_its_name(vendor: ModelVendor) -> None:
    await submitted(vendor, 100, intent="int_0")
    vendor.sandbox.inject(Fault("lost_answer", match="POST *:batchGenerateContent"))
    with pytest.raises(OutcomeUnknown):
        await submitted(vendor, 100)
    found = await vendor.models.find_batch("int_1", vendor.clock.now())
    assert found is not None
    vendor.clock.advance(31)
    assert (await vendor.look(found)).status == "succeeded"
    assert vendor.sandbox.summary()["batches"] == 2


async def test_too_many_requests_wait_as_long_as_the_body_says(vendor: ModelVendor) -> None:
    vendor.sandbox.inject(Fault("status", status=429, retry_after="2"))
    assert (await vendor.models.generate(Prompt(MODEL, "Write"))).text
    assert sum(vendor.clock.slept) >= 2


async def test_an_overloaded_model_is_asked_again_but_not_for_ever(vendor: ModelVendor) -> None:
    vendor.sandbox.inject(Fault("status", status=503))
    assert (await vendor.models.generate(Prompt(MODEL, "Write"))).text
    vendor.sandbox.inject(Fault("status", status=503, times=None))
    with pytest.raises(Unavailable):
        await vendor.models.generate(Prompt(MODEL, "Write"))


async def test_a_stream_tells_the_same_answer_in_parts(vendor: ModelVendor) -> None:
    """As https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent has it."""
    whole = (await asked(vendor, "POST", f"/v1beta/models/{MODEL}:generateContent", HELLO)).json()
    stream = await asked(vendor, "POST", f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse", HELLO)
    assert stream.headers["content-type"].startswith("text/event-stream")
    events = [orjson.loads(line[6:]) for line in stream.text.splitlines() if line.startswith("data: ")]
    texts = [event["candidates"][0]["content"]["parts"][0]["text"] for event in events]
    assert len(texts) > 1
    assert "".join(texts) == whole["candidates"][0]["content"]["parts"][0]["text"]
    assert ["usageMetadata" in event for event in events] == [False] * (len(events) - 1) + [True]


@pytest.mark.parametrize(
    ("path", "body", "key", "refusal"),
    [
        (f"models/{MODEL}:generateContent", HELLO, None, (403, "PERMISSION_DENIED")),
        (f"models/{MODEL}:generateContent", HELLO, "x", (400, "INVALID_ARGUMENT")),
        (f"models/{MODEL}:generateContent", {}, "AIza-x", (400, "INVALID_ARGUMENT")),
        (f"models/{MODEL}:generateContent", [], "AIza-x", (400, "INVALID_ARGUMENT")),
        ("models/gemini-0:generateContent", HELLO, "AIza-x", (404, "NOT_FOUND")),
        (f"models/{MODEL}:sing", HELLO, "AIza-x", (404, "NOT_FOUND")),
        (f"models/{MODEL}:batchGenerateContent", {}, "AIza-x", (400, "INVALID_ARGUMENT")),
        ("batches/none:cancel", {}, "AIza-x", (404, "NOT_FOUND")),
        ("interactions", {"model": MODEL}, "AIza-x", (400, "INVALID_ARGUMENT")),
        (
            "interactions",
            {"model": MODEL, "input": "x", "background": True, "store": False},
            "AIza-x",
            (400, "INVALID_ARGUMENT"),
        ),
    ],
)
async def test_refusals_are_googles_own(
    vendor: ModelVendor, path: str, body: Any, key: str | None, refusal: tuple[int, str]
) -> None:
    answer = await asked(vendor, "POST", f"/v1beta/{path}", body, key)
    assert (answer.status_code, answer.json()["error"]["status"]) == refusal


async def test_limits_pages_and_a_new_start(vendor: ModelVendor) -> None:
    page = (await asked(vendor, "GET", "/v1beta/models?pageSize=2")).json()
    rest = (await asked(vendor, "GET", f"/v1beta/models?pageToken={page['nextPageToken']}")).json()
    assert len({each["name"] for each in page["models"] + rest["models"]}) == 5
    assert "nextPageToken" not in rest
    vendor.sandbox.limit(0.5, 1)
    assert (await asked(vendor, "GET", "/v1beta/models")).status_code == 200
    limited = await asked(vendor, "GET", "/v1beta/models")
    assert limited.status_code == 429
    assert limited.json()["error"]["details"][1]["retryDelay"] == "2s"
    assert "AIza" not in str(vendor.sandbox.requests)
    await submitted_once(vendor)
    vendor.sandbox.reset()
    assert vendor.sandbox.summary()["batches"] == 0


async def submitted_once(vendor: ModelVendor) -> None:
    """One batch is there."""
    vendor.sandbox.buckets.clear()
    await submitted(vendor, 100)
    assert vendor.sandbox.summary()["batches"] == 1
