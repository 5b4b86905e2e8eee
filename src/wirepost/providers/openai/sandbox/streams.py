"""A response as a stream (https://platform.openai.com/docs/api-reference/responses-streaming)."""

from __future__ import annotations

from typing import Any

from wirepost.sandbox.chunks import named_events, pieces
from wirepost.sandbox.vendor import Response

Json = dict[str, Any]


def streamed(found: Json) -> Response:
    """The same response, told bit by bit: its message, the text of that, and what all came to."""
    (message,) = found["output"]
    (part,) = message["content"]
    begun = {**found, "status": "in_progress", "output": [], "usage": None}
    item, at = {"output_index": 0}, {"item_id": message["id"], "output_index": 0, "content_index": 0}
    events: list[Json] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            **item,
            "item": {**message, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": {**part, "text": ""}},
        *(
            {"type": "response.output_text.delta", **at, "delta": each, "logprobs": []}
            for each in pieces(part["text"])
        ),
        {"type": "response.output_text.done", **at, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **at, "part": part},
        {"type": "response.output_item.done", **item, "item": message},
        {"type": f"response.{found['status']}", "response": found},
    ]
    return named_events({**event, "sequence_number": number} for number, event in enumerate(events))
