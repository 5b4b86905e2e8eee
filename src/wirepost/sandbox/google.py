"""What imitations of Google's models share: models, answers, streams, vectors, errors in Google's form.

https://ai.google.dev/gemini-api/docs/troubleshooting, https://cloud.google.com/apis/design/errors
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from wirepost.sandbox.chunks import pieces
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.model import answer, tokens, vector
from wirepost.sandbox.vendor import Request, Response

NEVER, FAILS = "gemini-sandbox-never", "gemini-sandbox-fails"
"""What is asked of the one in the background is never answered, of the other it fails."""
ANSWERING = ("gemini-2.5-flash", "gemini-2.5-pro", NEVER, FAILS)
EMBEDDING = "gemini-embedding-001"
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
LIMITED = 429
_REASONS = {503: "The model is overloaded. Please try again later.", 500: "An internal error has occurred."}
DIMENSIONS = 3072
MOST_TOKENS = 65_536


Json = dict[str, Any]


class Refused(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str, details: Sequence[Json] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, list(details)

    def response(self) -> Response:
        """As it is sent."""
        error: Json = {
            "code": self.status,
            "message": self.message,
            "status": STATUSES.get(self.status, "UNKNOWN"),
        }
        if self.details:
            error["details"] = self.details
        return Response(self.status, orjson.dumps({"error": error}))


def body_of(request: Request) -> Json:
    """The JSON object that was sent; raises `Refused`."""
    try:
        body = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "Invalid JSON payload received.")
    return body


def check_model(name: str, known: Sequence[str] = ANSWERING) -> str:
    """The model, which is there; raises `Refused`."""
    if name not in known:
        message = f"models/{name} is not found for API version v1beta, or is not supported for this method."
        raise Refused(404, message)
    return name


def on_demand(fault: Fault) -> Refused:
    """The refusal that was asked for."""
    if fault.status == LIMITED:
        return limited(int(fault.retry_after or 1))
    return Refused(fault.status, _REASONS.get(fault.status, "The sandbox was told to refuse this request."))


def limited(wait_s: int) -> Refused:
    """Too many requests."""
    kind = "type.googleapis.com/google.rpc."
    quota = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}
    return Refused(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        [
            {"@type": f"{kind}QuotaFailure", "violations": [quota]},
            {"@type": f"{kind}RetryInfo", "retryDelay": f"{wait_s}s"},
        ],
    )


def model_of(name: str) -> Json:
    """A model, as the list shows it."""
    methods = ["embedContent", "countTokens"]
    if name != EMBEDDING:
        methods = ["generateContent", "countTokens", "batchGenerateContent"]
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": name,
        "inputTokenLimit": 2048 if name == EMBEDDING else 1_048_576,
        "outputTokenLimit": 1 if name == EMBEDDING else MOST_TOKENS,
        "supportedGenerationMethods": methods,
    }


MODELS = tuple(model_of(name) for name in (*ANSWERING, EMBEDDING))


def content(model: str, body: Json, answer_id: str) -> Json:
    """The answer of `generateContent`; raises `Refused`."""
    check_model(model)
    texts = _texts(body)
    config = body.get("generationConfig") or {}
    most = config.get("maxOutputTokens", MOST_TOKENS)
    if not texts:
        raise Refused(400, "* GenerateContentRequest.contents: contents is not specified")
    if most < 1:
        raise Refused(400, "max_output_tokens must be positive")
    reply = answer(texts[0], texts[1:], config.get("responseJsonSchema"), most)
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": reply.text}]},
                "finishReason": "MAX_TOKENS" if reply.is_cut else "STOP",
                "index": 0,
            }
        ],
        "usageMetadata": {
            "promptTokenCount": reply.input_tokens,
            "candidatesTokenCount": reply.output_tokens,
            "totalTokenCount": reply.input_tokens + reply.output_tokens,
        },
        "modelVersion": model,
        "responseId": answer_id,
    }


def streamed(found: Json) -> Response:
    """The same as server-sent events; only the last says why it ended and what it used."""
    (candidate,) = found["candidates"]
    text = candidate["content"]["parts"][0]["text"]
    shared = {"modelVersion": found["modelVersion"], "responseId": found["responseId"]}
    events: list[Json] = [
        {**shared, "candidates": [{"content": {"role": "model", "parts": [{"text": each}]}, "index": 0}]}
        for each in pieces(text)
    ]
    events[-1]["candidates"][0]["finishReason"] = candidate["finishReason"]
    events[-1]["usageMetadata"] = found["usageMetadata"]
    lines = (f"data: {orjson.dumps(event).decode()}\r\n\r\n" for event in events)
    return Response(200, "".join(lines).encode(), content_type="text/event-stream")


def embedded(model: str, body: Json) -> Json:
    """The vector of one content; raises `Refused`."""
    check_model(model, (EMBEDDING,))
    text = "".join(str(part.get("text") or "") for part in (body.get("content") or {}).get("parts") or [])
    return {"values": vector(text, body.get("outputDimensionality") or DIMENSIONS)}


def counted(model: str, body: Json) -> Json:
    """How many tokens contents have."""
    check_model(model, (*ANSWERING, EMBEDDING))
    return {"totalTokens": sum(map(tokens, _texts(body)))}


def _texts(body: Json) -> list[str]:
    contents = body.get("contents") or []
    return [str(part["text"]) for each in contents for part in each.get("parts") or [] if "text" in part]
