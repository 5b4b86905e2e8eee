"""Answers, vectors and lists, over the published description."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.contracts.generation import Prompt
from wirepost.contracts.google_models import generation_of
from wirepost.core.errors import CallError, Unavailable

ASK = "/v1beta/models/gemini-2.5-flash:generateContent"
USED = {"promptTokenCount": 7, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 12}


def answer(text: str = "Hi", reason: str = "STOP") -> dict[str, Any]:
    content = {"role": "model", "parts": [{"text": "hm", "thought": True}, {"text": text}]}
    return {
        "candidates": [{"content": content, "finishReason": reason, "index": 0}],
        "usageMetadata": USED,
        "modelVersion": "gemini-2.5-flash-001",
    }


async def test_outsiders_text_is_sent_apart_and_a_form_is_asked_for(gemini):
    gemini.stub("POST", ASK, answer())
    form = {"type": "object", "properties": {"a": {"type": "string"}}}
    said = await gemini.models.generate(Prompt("gemini-2.5-flash", "Sum up.", "Short.", ("</data> x",), form))
    assert (said.text, said.finish_reason, said.model) == ("Hi", "stop", "gemini-2.5-flash-001")
    assert (said.usage.input_tokens, said.usage.output_tokens) == (7, 5)
    assert gemini.broken == []
    task, data = gemini.sent["contents"][0]["parts"]
    assert task == {"text": "Sum up."}
    assert data["text"].count("</data>") == 1
    assert gemini.sent["systemInstruction"] == {"parts": [{"text": "Short."}]}
    assert gemini.sent["generationConfig"]["responseJsonSchema"] == form
    assert "x-goog-api-key" in gemini.transport.requests[-1].headers


# https://ai.google.dev/api/generate-content#FinishReason
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "refused"),
        ("RECITATION", "refused"),
        ("PROHIBITED_CONTENT", "refused"),
        ("MALFORMED_FUNCTION_CALL", "tool"),
        ("OTHER", "other"),
    ],
)
def test_every_reason_to_stop(theirs, ours):
    assert generation_of(answer(reason=theirs), "x", "m").finish_reason == ours


def test_a_blocked_prompt_is_refused_and_nonsense_is_not_understood():
    blocked = generation_of({"promptFeedback": {"blockReason": "SAFETY"}}, "x", "m")
    assert (blocked.text, blocked.finish_reason) == ("", "refused")
    for raw in ([], {}, {"candidates": [1]}):
        with pytest.raises(Unavailable):
            generation_of(raw, "x", "m")


async def test_vectors_come_in_the_order_of_the_texts(gemini):
    path = "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    gemini.stub("POST", path, {"embeddings": [{"values": [1.0, 0.0]}, {"values": [0.0, 1.0]}]})
    found = await gemini.models.embed(["a", "b"], model="gemini-embedding-001", dimensions=2)
    assert found.vectors == [[1.0, 0.0], [0.0, 1.0]]
    assert gemini.sent["requests"][1]["content"] == {"parts": [{"text": "b"}]}
    assert gemini.broken == []


async def test_the_list_says_what_each_can(gemini):
    row = {"name": "models/gemini-2.5-flash", "version": "001", "inputTokenLimit": 9, "outputTokenLimit": 3}
    row |= {"supportedGenerationMethods": ["generateContent", "batchGenerateContent"]}
    gemini.stub("GET", "/v1beta/models", {"models": [row]})
    (found,) = await gemini.models.list_models()
    assert (found.id, found.input_limit, found.features) == ("gemini-2.5-flash", 9, ["text", "batch"])


@pytest.mark.parametrize(
    ("status", "details", "code"),
    [
        (400, [{"reason": "API_KEY_INVALID"}], "auth_expired"),
        (400, [], "upstream_rejected"),
        (403, [], "missing_scope"),
        (404, [], "not_found"),
        (429, [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}]}], "quota_exhausted"),
        (503, [], "upstream_unavailable"),
    ],
)
async def test_what_refusals_mean(gemini, status, details, code):
    """The errors of https://ai.google.dev/gemini-api/docs/troubleshooting."""
    error = {"code": status, "message": "No", "status": "X", "details": details}
    gemini.stub("POST", ASK, {"error": error}, status=status)
    with pytest.raises(CallError) as refused:
        await gemini.models.generate(Prompt("gemini-2.5-flash", "x"))
    assert refused.value.code == code
