"""Streams of the sandboxes, as vendors' own clients asked for and read them (`recorded/streams.json`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.clock import ManualClock
from support.model_vendor import model_vendor
from wirepost.sandbox.chunks import PIECE, chunked, pieces

PROVIDERS = Path(__file__).parents[1] / "providers"
RECORDED = [
    (path.parts[-3], each)
    for path in sorted(PROVIDERS.glob("*/recorded/streams.json"))
    for each in json.loads(path.read_text())["requests"]
]


def events_of(text: str) -> list[dict[str, Any]]:
    """The data of server-sent events; the word that ends some streams is none."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


def text_of(event: dict[str, Any]) -> str:
    """What one event adds to the text, in the form of each vendor."""
    if event.get("type") == "response.output_text.delta":
        return str(event["delta"])
    if event.get("type") == "content_block_delta":
        return str(event["delta"]["text"])
    if "candidates" in event:
        return str(event["candidates"][0]["content"]["parts"][0]["text"])
    return "".join(each["delta"].get("content") or "" for each in event.get("choices") or ())


@pytest.mark.parametrize(
    ("vendor", "recorded"), RECORDED, ids=[f"{vendor} {each['path']}" for vendor, each in RECORDED]
)
async def test_a_vendors_own_client_reads_the_stream(
    vendor: str, recorded: dict[str, Any], clock: ManualClock
) -> None:
    sandbox = model_vendor(vendor, clock).sandbox
    transport = httpx2.ASGITransport(sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="https://vendor.invalid") as client:
        answer = await client.request(
            recorded["method"], recorded["path"], headers=recorded["headers"], json=recorded["body"]
        )
    events, read = events_of(answer.text), recorded["read"]
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "".join(map(text_of, events)) == read["text"]
    assert len([event for event in events if text_of(event)]) == len(list(pieces(read["text"]))) > 1
    if "events" in read:
        assert [event["type"] for event in events] == read["events"]
    assert f'"{read["end"]}"' in answer.text


def test_every_vendor_of_models_with_a_stream_has_a_recording() -> None:
    assert {vendor for vendor, _ in RECORDED} == {"anthropic", "gemini", "huggingface", "openai"}


@pytest.mark.parametrize("usage", [None, {"total_tokens": 3}])
def test_what_a_chat_has_used_is_told_last_and_only_where_it_was_asked_for(usage: Any) -> None:
    events = events_of(chunked({"id": "c1"}, "x" * (PIECE + 1), "stop", usage).body.decode())
    assert [bool(event.get("usage")) for event in events] == [False] * 4 + [True] * (usage is not None)
    assert [event["choices"][0]["finish_reason"] for event in events[:4]] == [None, None, None, "stop"]
