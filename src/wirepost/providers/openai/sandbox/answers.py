"""What the sandbox answers to prompts, in both forms."""

from __future__ import annotations

from typing import Any

import orjson

from wirepost.providers.openai.sandbox.wire import Refused, check_model
from wirepost.sandbox.chunks import chunked
from wirepost.sandbox.model import Reply, answer, tokens, vector
from wirepost.sandbox.vendor import Request, Response

Json = dict[str, Any]
_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}


def body_of(request: Request) -> Json:
    """The JSON of a request."""
    try:
        body = orjson.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "We could not parse the JSON body of your request.", "invalid_request_error", None)
    return body


def json_response(body: Json) -> Response:
    """An answer in one piece."""
    return Response(200, orjson.dumps(body))


def response(body: Json, response_id: str, created_at: int) -> Json:
    """A finished response."""
    model = check_model(body.get("model"))
    texts = _texts(body.get("input"), "input_text")
    form = (body.get("text") or {}).get("format") or {}
    reply = _reply(texts, form.get("schema"), body.get("max_output_tokens"))
    content = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    message = {
        "id": response_id.replace("resp", "msg"),
        "type": "message",
        "role": "assistant",
        "status": "incomplete" if reply.is_cut else "completed",
        "content": [content],
    }
    return {
        "id": response_id,
        "object": "response",
        "created_at": created_at,
        "status": "incomplete" if reply.is_cut else "completed",
        "background": bool(body.get("background")),
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if reply.is_cut else None,
        "instructions": body.get("instructions"),
        "metadata": body.get("metadata") or {},
        "model": model,
        "output": [message],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": reply.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": reply.output_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": reply.input_tokens + reply.output_tokens,
        },
    }


def chat(body: Json, completion_id: str, created: int) -> Response:
    """A chat completion, whole or as a stream."""
    model = check_model(body.get("model"))
    messages = body.get("messages") or []
    texts = [text for each in messages if each.get("role") == "user" for text in _of_message(each, "text")]
    schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    reply = _reply(texts, schema, body.get("max_completion_tokens") or body.get("max_tokens"))
    end = "length" if reply.is_cut else "stop"
    shared = {"id": completion_id, "created": created, "model": model}
    usage = {
        "prompt_tokens": reply.input_tokens,
        "completion_tokens": reply.output_tokens,
        "total_tokens": reply.input_tokens + reply.output_tokens,
    }
    if body.get("stream"):
        wants_usage = (body.get("stream_options") or {}).get("include_usage")
        return chunked(shared, reply.text, end, usage if wants_usage else None)
    message: Json = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": end, "logprobs": None}
    return json_response({**shared, "object": "chat.completion", "choices": [choice], "usage": usage})


def embeddings(body: Json) -> Response:
    """Vectors."""
    model = check_model(body.get("model"))
    given = body.get("input")
    texts = given if isinstance(given, list) else [given]
    size = body.get("dimensions") or _DIMENSIONS.get(model, 64)
    rows: list[Json] = [
        {"object": "embedding", "index": number, "embedding": vector(str(text), size)}
        for number, text in enumerate(texts)
    ]
    used = sum(tokens(str(text)) for text in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    shown: Json = {"object": "list", "data": rows, "model": model, "usage": usage}
    return json_response(shown)


def _reply(texts: list[str], schema: Any, max_tokens: Any) -> Reply:
    if not texts:
        raise Refused(
            400, "Missing required parameter: 'input'.", "invalid_request_error", "missing_required_parameter"
        )
    return answer(texts[0], texts[1:], schema, max_tokens or 4096)


def _texts(given: Any, kind: str) -> list[str]:
    if isinstance(given, str):
        return [given]
    return [text for each in given or [] if each.get("role") == "user" for text in _of_message(each, kind)]


def _of_message(message: Json, kind: str) -> list[str]:
    content = message.get("content")
    if isinstance(content, str):
        return [content]
    return [str(part["text"]) for part in content or [] if part.get("type") == kind]
