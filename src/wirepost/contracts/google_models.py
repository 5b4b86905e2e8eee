"""How Google's models are asked and what they answer: the same at Gemini's API and in Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.contracts.generation import BatchRow, FinishReason, Generation, Prompt, Usage
from wirepost.contracts.prompting import blocks
from wirepost.core.errors import Unavailable
from wirepost.tools.jobs import JobStatus
from wirepost.upstream import faults, parts

Json = dict[str, Any]

# https://ai.google.dev/api/generate-content#FinishReason
FINISHED: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "refused",
    "RECITATION": "refused",
    "BLOCKLIST": "refused",
    "PROHIBITED_CONTENT": "refused",
    "SPII": "refused",
    "IMAGE_SAFETY": "refused",
    "MALFORMED_FUNCTION_CALL": "tool",
    "UNEXPECTED_TOOL_CALL": "tool",
}
# https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/JobState and https://ai.google.dev/gemini-api/docs/batch-api
STATES: dict[str, JobStatus] = {
    "PENDING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "UPDATING": "running",
    "PAUSED": "running",
    "SUCCEEDED": "succeeded",
    "PARTIALLY_SUCCEEDED": "partial",
    "FAILED": "failed",
    "CANCELLING": "cancelling",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_PREFIXES = ("JOB_STATE_", "BATCH_STATE_")


def body_of(prompt: Prompt) -> Json:
    """One request for content."""
    config: Json = {"maxOutputTokens": prompt.max_output_tokens}
    if prompt.json_schema is not None:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": dict(prompt.json_schema)}
    body: Json = {
        "contents": [{"role": "user", "parts": [{"text": text} for text in blocks(prompt)]}],
        "generationConfig": config,
    }
    if prompt.instructions is not None:
        body["systemInstruction"] = {"parts": [{"text": prompt.instructions}]}
    return body


def generation_of(raw: Any, name: str, model: str) -> Generation:
    """What an answer says; raises `Unavailable` for what is no answer.

    A prompt that was blocked has no candidates. Thoughts are left out, but are paid for as output.
    """
    if not isinstance(raw, Mapping):
        raise faults.not_understood(name)
    answered = parts.line(raw.get("modelVersion")) or model
    usage = usage_of(raw.get("usageMetadata"))
    candidates = raw.get("candidates")
    if not candidates and raw.get("promptFeedback"):
        return Generation("", "refused", answered, usage)
    first = parts.needed(next(iter(parts.rows(candidates)), None))
    said = parts.rows(parts.mapping(first.get("content")).get("parts"))
    text = "".join(parts.text(each.get("text")) for each in said if not each.get("thought"))
    return Generation(text, FINISHED.get(parts.text(first.get("finishReason")), "other"), answered, usage)


def answered_row(custom_id: str, raw: Any, name: str, model: str) -> BatchRow:
    """An answer as a row of a batch; what is no answer has failed, and the rows beside it have not."""
    try:
        said = generation_of(raw, name, model)
    except Unavailable as error:
        return BatchRow(custom_id=custom_id, status="failed", error=error.message)
    return BatchRow(
        custom_id=custom_id,
        status="ok",
        text=said.text,
        finish_reason=said.finish_reason,
        model=said.model,
        usage=said.usage,
    )


def usage_of(raw: Any) -> Usage:
    """What was used."""
    counted = raw if isinstance(raw, Mapping) else {}
    return Usage(
        input_tokens=parts.count(counted.get("promptTokenCount")),
        output_tokens=parts.count(counted.get("candidatesTokenCount"))
        + parts.count(counted.get("thoughtsTokenCount")),
        cached_input_tokens=parts.count(counted.get("cachedContentTokenCount")) or None,
    )


def status_of(state: Any) -> JobStatus:
    """Our word for the state of a batch, under either prefix. A state of tomorrow is no end."""
    word = parts.text(state)
    for prefix in _PREFIXES:
        word = word.removeprefix(prefix)
    return STATES.get(word, "running")
