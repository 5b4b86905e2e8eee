"""Answers in the background: asked as Google's own client asks, and every end they can come to."""

from __future__ import annotations

import json
from pathlib import Path

import orjson
import pytest

from support.model_vendor import ModelVendor
from wirepost.contracts.generation import Prompt
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.gemini.interactions import interaction, said_in
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started

MODEL = "gemini-2.5-flash"
RECORDED = Path(__file__).with_name("recorded") / "interactions.json"


async def submitted(vendor: ModelVendor, prompt: Prompt) -> Started:
    return await vendor.models.submit_background(prompt, key="wp_1", intent="int_1")


# https://ai.google.dev/gemini-api/docs/interactions, and `InteractionStatus` of google-genai 3.6.1
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("queued", "queued"),
        ("in_progress", "running"),
        ("requires_action", "waiting_input"),
        ("completed", "succeeded"),
        ("failed", "failed"),
        ("cancelled", "cancelled"),
        ("incomplete", "partial"),
        ("budget_exceeded", "partial"),
        ("requires_continuation", "partial"),
        ("of_tomorrow", "running"),
    ],
)
def test_every_state(theirs: str, ours: str) -> None:
    assert interaction({"id": "i1", "status": theirs}).status == ours


def test_thoughts_are_left_out_and_paid_for() -> None:
    steps = [
        {"type": "user_input", "content": [{"type": "text", "text": "Write"}]},
        {"type": "thought", "summary": [{"type": "text", "text": "hm"}]},
        {"type": "model_output", "content": [{"type": "text", "text": "Hi"}, {"type": "image", "data": ""}]},
    ]
    usage = {"total_input_tokens": 7, "total_output_tokens": 2, "total_thought_tokens": 3}
    said = said_in({"status": "completed", "model": MODEL, "steps": steps, "usage": usage})
    assert (said.text, said.finish_reason, said.model) == ("Hi", "stop", MODEL)
    assert (said.usage.input_tokens, said.usage.output_tokens) == (7, 5)


async def test_an_answer_is_followed_and_read(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, Prompt(MODEL, "Write"))
    assert (begun.kind, begun.status) == ("gemini.interaction", "queued")
    vendor.clock.advance(6)
    assert (await vendor.look(begun)).status == "running"
    vendor.clock.advance(6)
    seen = await vendor.look(begun)
    assert seen.status == "succeeded"
    assert seen.usage is not None
    assert seen.usage.output_tokens > 0
    (row,) = await vendor.rows(begun)
    assert (row["text"], row["finish_reason"], row["model"]) == ("In short: Write", "stop", MODEL)


async def test_an_answer_can_be_cut_stopped_or_fail(vendor: ModelVendor) -> None:
    cut = await submitted(vendor, Prompt(MODEL, "Write of lamps and chairs", max_output_tokens=1))
    stopped = await submitted(vendor, Prompt(MODEL, "Write"))
    failing = await submitted(vendor, Prompt("gemini-sandbox-fails", "Write"))
    await vendor.cancel(stopped)
    vendor.clock.advance(11)
    assert (await vendor.look(cut)).status == "partial"
    assert (await vendor.rows(cut))[0]["finish_reason"] == "length"
    assert (await vendor.look(stopped)).status == "cancelled"
    failed = await vendor.look(failing)
    assert failed.status == "failed"
    assert failed.error is not None
    assert "internal error" in failed.error.message


async def test_one_that_gemini_does_not_know(vendor: ModelVendor) -> None:
    with pytest.raises(Rejected) as refused:
        await vendor.look(Started("gemini.interaction", "none"))
    assert refused.value.code == "not_found"


async def test_a_lost_answer_leaves_doubt(vendor: ModelVendor) -> None:
    vendor.sandbox.inject(Fault("lost_answer", match="POST /v1beta/interactions"))
    with pytest.raises(OutcomeUnknown):
        await submitted(vendor, Prompt(MODEL, "Write"))
    assert vendor.sandbox.summary()["interactions"] == 1
    with pytest.raises(OutcomeUnknown):  # it would be paid for again
        await vendor.models.find_background("int_1", vendor.clock.now())


async def test_requests_are_those_of_googles_own_client(vendor: ModelVendor) -> None:
    begun = await submitted(vendor, Prompt(MODEL, "Write", "Short.", ("data",), {"type": "object"}))
    await vendor.look(begun)
    await vendor.cancel(begun)
    ours = [
        (
            each.method,
            each.url.path.replace(str(begun.provider_id), "i1"),
            orjson.loads(each.content) if each.content else None,
        )
        for each in vendor.judge.requests
    ]
    theirs = json.loads(RECORDED.read_text())["requests"]
    theirs[0]["body"]["input"][0]["content"][1]["text"] = '<data index="1">\ndata\n</data>'
    assert ours == [(each["method"], each["path"].partition("?")[0], each["body"]) for each in theirs]
