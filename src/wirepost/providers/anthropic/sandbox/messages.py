"""What the sandbox's models are and how they answer a message."""

from __future__ import annotations

from typing import Any

import orjson

from wirepost.providers.anthropic.sandbox.wire import OVERLOADED, Json, Refused
from wirepost.sandbox.model import answer

FAILS, EXPIRES = "claude-sandbox-errored", "claude-sandbox-expired"
"""Models whose messages fail, or that never come to a request of a batch."""
NAMES = {
    "claude-sonnet-4-5": "Claude Sonnet 4.5",
    "claude-haiku-4-5": "Claude Haiku 4.5",
    "claude-opus-4-5": "Claude Opus 4.5",
    "claude-3-haiku-20240307": "Claude Haiku 3",
    FAILS: "Sandbox model that fails",
    EXPIRES: "Sandbox model that never comes to it",
}
_OPEN = "For 'object' type, 'additionalProperties' must be explicitly set to false"
CREATED = "2025-09-29T00:00:00Z"
INPUT_LIMIT, OUTPUT_LIMIT = 200_000, 64_000


def model_of(name: str) -> Json:
    """A model of the list."""
    return {
        "id": name,
        "type": "model",
        "display_name": NAMES[name],
        "created_at": CREATED,
        "lifecycle": "active",
        "max_input_tokens": INPUT_LIMIT,
        "max_tokens": OUTPUT_LIMIT,
    }


def message_of(params: Json, number: int) -> Json:
    """The answer to one message; raises `Refused`."""
    _check(params)
    if params["model"] == FAILS:
        raise Refused(529, OVERLOADED)
    task, *data = _texts(params["messages"][-1]["content"])
    schema, tool = _schema(params)
    reply = answer(f"{params.get('system') or ''} {task}".strip(), data, schema, params["max_tokens"])
    if reply.input_tokens > INPUT_LIMIT:
        raise Refused(400, f"prompt is too long: {reply.input_tokens} tokens > {INPUT_LIMIT} maximum")
    block: Json = {"type": "text", "text": reply.text}
    reason = "max_tokens" if reply.is_cut else "end_turn"
    if tool is not None:
        given = {} if reply.is_cut else orjson.loads(reply.text)
        block = {"type": "tool_use", "id": f"toolu_{number:024}", "name": tool, "input": given}
        reason = "max_tokens" if reply.is_cut else "tool_use"
    return {
        "id": f"msg_{number:024}",
        "type": "message",
        "role": "assistant",
        "model": params["model"],
        "content": [block],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens},
    }


def _check(params: Json) -> None:
    for name in ("model", "max_tokens", "messages"):
        if name not in params:
            raise Refused(400, f"{name}: Field required")
    if params["model"] not in NAMES:
        raise Refused(404, f"model: {params['model']}")
    if not isinstance(params["max_tokens"], int) or params["max_tokens"] < 1:
        raise Refused(400, "max_tokens: Input should be greater than or equal to 1")
    if params["max_tokens"] > OUTPUT_LIMIT:
        raise Refused(400, f"max_tokens: {params['max_tokens']} > {OUTPUT_LIMIT}")
    if not params["messages"]:
        raise Refused(400, "messages: at least one message is required")


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(part.get("text") or "") for part in content if part.get("type") == "text"] or [""]


def _schema(params: Json) -> tuple[Json | None, str | None]:
    """The form of the answer, and the tool that must be called for it."""
    form = (params.get("output_config") or {}).get("format")
    if form:
        _check_closed(form["schema"])
        return form["schema"], None
    wanted = (params.get("tool_choice") or {}).get("name")
    for tool in params.get("tools") or []:
        if tool["name"] == wanted:
            return tool["input_schema"], wanted
    return None, None


def _check_closed(schema: Any) -> None:
    """Structured outputs take closed objects only."""
    if isinstance(schema, list):
        for each in schema:
            _check_closed(each)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise Refused(400, f"output_config.format.schema: {_OPEN}")
    for each in schema.values():
        _check_closed(each)
