"""Messages as Anthropic has them: a request from a prompt, and what its answer says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirepost.contracts.generation import FinishReason, Generation, Prompt, Usage
from wirepost.contracts.prompting import blocks
from wirepost.providers.anthropic.schemas import strict
from wirepost.upstream import faults, parts

Json = dict[str, Any]

ANSWER_TOOL = "answer"
# https://platform.claude.com/docs/en/api/handling-stop-reasons
FINISHED: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refused",
    "tool_use": "tool",
}
# Models from before `output_config.format`; they answer in a form when they must call a tool.
# https://platform.claude.com/docs/en/build-with-claude/structured-outputs
_WITHOUT_FORMAT = re.compile(r"claude-(?:[23]|instant)|claude-(?:opus|sonnet)-4(?:-[01])?(?:-\d{8})?$")


def body_of(prompt: Prompt) -> Json:
    """The parameters of one message."""
    content = [{"type": "text", "text": text} for text in blocks(prompt)]
    body: Json = {
        "model": prompt.model,
        "max_tokens": prompt.max_output_tokens,
        "messages": [{"role": "user", "content": content}],
    }
    if prompt.instructions is not None:
        body["system"] = prompt.instructions
    if prompt.json_schema is not None:
        body |= _form(prompt.model, prompt.json_schema)
    return body


def generation_of(raw: Any, name: str) -> Generation:
    """What a message says; raises `Unavailable` for what is no message."""
    content = raw.get("content") if isinstance(raw, Mapping) else None
    if not isinstance(content, list):
        raise faults.not_understood(name)
    found = parts.rows(content)
    filled = [each.get("input") for each in found if each.get("name") == ANSWER_TOOL]
    reason = parts.text(raw.get("stop_reason"))
    if filled:
        text = parts.dumped(filled[0])
        reason = "end_turn" if reason == "tool_use" else reason
    else:
        text = "".join(parts.text(each.get("text")) for each in found if each.get("type") == "text")
    model = parts.line(raw.get("model"))
    return Generation(text, FINISHED.get(reason, "other"), model, usage_of(raw.get("usage")))


def usage_of(raw: Any) -> Usage:
    """What was used; Anthropic counts what it read from or wrote to its cache apart from the input."""
    counted = raw if isinstance(raw, Mapping) else {}
    cached = parts.count(counted.get("cache_read_input_tokens"))
    added = parts.count(counted.get("cache_creation_input_tokens"))
    return Usage(
        input_tokens=parts.count(counted.get("input_tokens")) + cached + added,
        output_tokens=parts.count(counted.get("output_tokens")),
        cached_input_tokens=cached or None,
    )


def _form(model: str, schema: Mapping[str, Any]) -> Json:
    if not _WITHOUT_FORMAT.match(model):
        return {"output_config": {"format": {"type": "json_schema", "schema": strict(schema)}}}
    tool = {"name": ANSWER_TOOL, "description": "Gives the answer.", "input_schema": dict(schema)}
    return {"tools": [tool], "tool_choice": {"type": "tool", "name": ANSWER_TOOL}}
