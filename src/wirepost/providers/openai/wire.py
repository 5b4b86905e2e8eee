"""Prompts and answers in OpenAI's two forms: responses, and chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirepost.contracts.generation import FinishReason, Generation, Prompt, Usage
from wirepost.contracts.prompting import blocks
from wirepost.upstream import parts

Json = dict[str, Any]
LEAST_TOKENS = 16
"""OpenAI takes no smaller bound for a response."""
_CHAT_ENDS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "content_filter": "refused",
    "tool_calls": "tool",
    "function_call": "tool",
}


def response_body(prompt: Prompt, **more: Any) -> Json:
    """Of `POST /v1/responses`."""
    body: Json = {
        "model": prompt.model,
        "input": [{"role": "user", "content": text} for text in blocks(prompt)],
        "max_output_tokens": max(LEAST_TOKENS, prompt.max_output_tokens),
        **more,
    }
    if prompt.instructions:
        body["instructions"] = prompt.instructions
    if prompt.json_schema is not None:
        body["text"] = {"format": {"type": "json_schema", **_form(prompt.json_schema)}}
    return body


def chat_body(prompt: Prompt) -> Json:
    """Of `POST /v1/chat/completions`, as compatible servers know it."""
    messages: list[Json] = []
    if prompt.instructions:
        messages.append({"role": "system", "content": prompt.instructions})
    messages.append({"role": "user", "content": [{"type": "text", "text": text} for text in blocks(prompt)]})
    body: Json = {"model": prompt.model, "messages": messages, "max_tokens": prompt.max_output_tokens}
    if prompt.json_schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": _form(prompt.json_schema)}
    return body


def of_response(body: Mapping[str, Any]) -> Generation:
    """What a response says; a refusal is text with the reason `refused`."""
    found = list(_parts(body))
    said = "".join(parts.text(each.get("text")) for each in found if each.get("type") == "output_text")
    refused = "".join(parts.text(each.get("refusal")) for each in found if each.get("type") == "refusal")
    reason = parts.text(parts.mapping(body.get("incomplete_details")).get("reason"))
    return Generation(
        text=said or refused,
        finish_reason="refused" if refused else _end(parts.text(body.get("status")), reason),
        model=parts.line(body.get("model")),
        usage=usage_of_response(body),
    )


def usage_of_response(body: Mapping[str, Any]) -> Usage:
    """What a response has used."""
    usage = parts.mapping(body.get("usage"))
    return Usage(
        input_tokens=parts.count(usage.get("input_tokens")),
        output_tokens=parts.count(usage.get("output_tokens")),
        cached_input_tokens=_cached(usage.get("input_tokens_details")),
    )


def of_chat(body: Mapping[str, Any]) -> Generation:
    """What a chat completion says."""
    choice = parts.needed(next(iter(parts.rows(body.get("choices"))), None))
    message, usage = parts.needed(choice.get("message")), parts.mapping(body.get("usage"))
    refused, end = parts.text(message.get("refusal")), parts.text(choice.get("finish_reason"))
    return Generation(
        text=refused or parts.text(message.get("content")),
        finish_reason="refused" if refused else _CHAT_ENDS.get(end, "other"),
        model=parts.line(body.get("model")),
        usage=Usage(
            input_tokens=parts.count(usage.get("prompt_tokens")),
            output_tokens=parts.count(usage.get("completion_tokens")),
            cached_input_tokens=_cached(usage.get("prompt_tokens_details")),
        ),
    )


def _cached(details: Any) -> int | None:
    return parts.number(parts.mapping(details).get("cached_tokens"))


def _parts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in parts.needed_rows(body.get("output")):
        if item.get("type") == "message":
            yield from parts.rows(item.get("content"))


def _end(status: str, reason: str) -> FinishReason:
    if status != "incomplete":
        return "stop" if status == "completed" else "other"
    return {"max_output_tokens": "length", "content_filter": "refused"}.get(reason, "other")  # type: ignore[return-value]


def _form(schema: Mapping[str, Any]) -> Json:
    """Strict where the schema is closed, as OpenAI wants it then; otherwise its word is taken for advice."""
    return {"name": "answer", "schema": schema, "strict": _is_closed(schema)}


def _is_closed(schema: Any) -> bool:
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, Mapping):
        return True
    if "properties" in schema:
        names = set(schema["properties"])
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != names:
            return False
    return all(_is_closed(each) for each in schema.values())
