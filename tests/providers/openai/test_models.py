"""Answers, vectors and lists of models, in both forms that OpenAI's API has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.clock import ManualClock
from support.model_vendor import ModelVendor, model_vendor
from wirepost.contracts.generation import BatchItem, Prompt
from wirepost.core.errors import InvalidCall

SCHEMA = {
    "type": "object",
    "properties": {"label": {"type": "string", "enum": ["positive", "neutral", "negative"]}},
    "required": ["label"],
    "additionalProperties": False,
}
MOOD = Prompt("gpt-5-mini", "How is the mood?", "Answer in JSON.", ("I love it, thanks",), SCHEMA)


def sent(openai: ModelVendor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(openai.judge.requests[-1].content)
    return found


async def test_an_answer_has_the_form_that_was_asked_for_and_nothing_is_kept(openai: ModelVendor) -> None:
    found = await openai.models.generate(MOOD)
    assert json.loads(found.text) == {"label": "positive"}
    assert (found.finish_reason, found.model) == ("stop", "gpt-5-mini")
    assert found.usage.input_tokens > 0 < found.usage.output_tokens
    body = sent(openai)
    assert body["store"] is False
    assert body["text"]["format"]["strict"] is True
    assert [each["role"] for each in body["input"]] == ["user", "user"]
    assert "I love it" in body["input"][1]["content"]
    assert "I love it" not in body["instructions"] + body["input"][0]["content"]


async def test_an_open_schema_is_advice(openai: ModelVendor) -> None:
    await openai.models.generate(
        Prompt("gpt-5", "Which?", json_schema={"type": "object", "properties": {"a": {}}})
    )
    assert sent(openai)["text"]["format"]["strict"] is False


async def test_an_answer_that_had_to_end_says_so(openai: ModelVendor) -> None:
    cut = await openai.models.generate(Prompt("gpt-5", "Tell me of lamps " * 20, max_output_tokens=2))
    assert (cut.finish_reason, sent(openai)["max_output_tokens"]) == ("length", 16)


async def test_vectors_come_in_the_order_of_the_texts(openai: ModelVendor) -> None:
    found = await openai.models.embed(["a lamp", "a chair"], model="text-embedding-3-small", dimensions=8)
    assert [len(each) for each in found.vectors] == [8, 8]
    assert found.vectors[0] != found.vectors[1]
    assert found.usage.input_tokens > 0


async def test_models_are_listed(openai: ModelVendor) -> None:
    assert "gpt-5" in {each.id for each in await openai.models.list_models()}


async def test_a_compatible_server_is_asked_by_chat_completions(clock: ManualClock) -> None:
    vendor = model_vendor("openai", clock)
    vendor.settings = vendor.settings.model_copy(update={"api": "chat"})
    found = await vendor.models.generate(MOOD)
    assert json.loads(found.text) == {"label": "positive"}
    assert vendor.judge.requests[-1].url.path == "/v1/chat/completions"
    assert [each["role"] for each in sent(vendor)["messages"]] == ["system", "user"]
    for what in (
        vendor.models.submit_batch([BatchItem("1", MOOD)], key="k", intent="i"),
        vendor.models.submit_background(MOOD, key="k", intent="i"),
    ):
        with pytest.raises(InvalidCall) as refused:
            await what
        assert refused.value.code == "unsupported_by_provider"
    assert vendor.judge.broken == []
    await vendor.upstream.close()


@pytest.mark.parametrize(
    ("base_url", "api", "is_chat"),
    [
        (None, None, False),
        ("https://api.openai.com", None, False),
        ("https://eu.api.openai.com", None, False),
        ("http://localhost:11434", None, True),
        ("http://localhost:11434", "responses", False),
        (None, "chat", True),
    ],
)
async def test_which_form_is_spoken_follows_from_the_address_unless_it_is_said(
    openai: ModelVendor, base_url, api, is_chat
) -> None:
    openai.settings = openai.settings.model_copy(update={"base_url": base_url, "api": api})
    assert openai.models.is_chat is is_chat  # type: ignore[attr-defined]
