"""The form in which Bedrock's models are asked and answer (Converse).

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirepost.contracts.generation import FinishReason, Generation, Prompt, Usage
from wirepost.contracts.prompting import blocks
from wirepost.upstream import parts

TOOL = "answer"
"""Name of the one tool that a model must use where its answer has a schema."""
_FINISHED: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",  # the forced tool is the answer
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "refused",
    "content_filtered": "refused",
}
Json = dict[str, Any]


def body_of(prompt: Prompt) -> Json:
    """The request for a prompt."""
    body: Json = {
        "messages": [{"role": "user", "content": [{"text": text} for text in blocks(prompt)]}],
        "inferenceConfig": {"maxTokens": prompt.max_output_tokens},
    }
    if prompt.instructions:
        body["system"] = [{"text": prompt.instructions}]
    if prompt.json_schema is not None:
        spec = {
            "name": TOOL,
            "description": "Gives the answer to the task",
            "inputSchema": {"json": dict(prompt.json_schema)},
        }
        body["toolConfig"] = {"tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": TOOL}}}
    return body


def generation_of(answer: Mapping[str, Any], model: str) -> Generation:
    """What a model has answered; raises `Unavailable` for what is no answer of a model."""
    message = parts.needed(parts.mapping(answer.get("output")).get("message"))
    return Generation(
        text="".join(_texts(message.get("content"))),
        finish_reason=_FINISHED.get(parts.text(answer.get("stopReason")), "other"),
        model=model,
        usage=usage_of(answer.get("usage")),
    )


def usage_of(told: Any) -> Usage:
    """Tokens as Bedrock counts them: those read from its cache are not among `inputTokens`."""
    counts = told if isinstance(told, Mapping) else {}
    cached = parts.count(counts.get("cacheReadInputTokens"))
    written = parts.count(counts.get("cacheWriteInputTokens"))
    return Usage(
        input_tokens=parts.count(counts.get("inputTokens")) + cached + written,
        output_tokens=parts.count(counts.get("outputTokens")),
        cached_input_tokens=cached or None,
    )


def _texts(content: Any) -> Iterator[str]:
    """The parts of an answer; where the tool was used, that is the whole of it."""
    found = parts.rows(content)
    used = [parts.needed(each["toolUse"]) for each in found if each.get("toolUse") is not None]
    if used:
        yield parts.dumped(used[0].get("input"))
        return
    yield from (parts.text(each.get("text")) for each in found)
