"""Answers and errors in Anthropic's form (https://platform.claude.com/docs/en/api/errors)."""

from __future__ import annotations

from typing import Any

import orjson

from wirepost.sandbox.chunks import named_events, pieces
from wirepost.sandbox.vendor import Request, Response

Json = dict[str, Any]

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
OVERLOADED = "Overloaded"


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def error_of(status: int, message: str) -> Json:
    """The body of an error."""
    kind = ERRORS.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}}


def json_answer(body: Json, status: int = 200) -> Response:
    """JSON."""
    return Response(status, orjson.dumps(body))


def body_of(request: Request) -> Json:
    """The JSON object that was sent; raises `Refused`."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "The request body is not valid JSON")
    return body


def stream_of(message: Json) -> Response:
    """A message as server-sent events (https://platform.claude.com/docs/en/build-with-claude/streaming)."""
    (block,) = message["content"]
    if block["type"] == "text":
        empty = {**block, "text": ""}
        deltas = [{"type": "text_delta", "text": each} for each in pieces(block["text"])]
    else:
        given = orjson.dumps(block["input"]).decode()
        empty = {**block, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": each} for each in pieces(given)]
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    used = {"output_tokens": message["usage"]["output_tokens"]}
    events: list[Json] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        *({"type": "content_block_delta", "index": 0, "delta": each} for each in deltas),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": used},
        {"type": "message_stop"},
    ]
    return named_events(events)
