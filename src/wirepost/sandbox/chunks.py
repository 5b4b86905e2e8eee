"""Answers as server-sent events, and chat completions in the chunks that many vendors of models share.

https://html.spec.whatwg.org/multipage/server-sent-events.html,
https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from wirepost.sandbox.vendor import Response

Json = dict[str, Any]
PIECE = 40
"""Characters that come at once."""
_DONE = "data: [DONE]\n\n"


def pieces(text: str) -> Iterator[str]:
    """A text in the parts in which it is streamed."""
    return (text[at : at + PIECE] for at in range(0, len(text), PIECE))


def named_events(events: Iterable[Json]) -> Response:
    """Events, each under the name that its `type` says."""
    return _stream(f"event: {event['type']}\ndata: {orjson.dumps(event).decode()}\n\n" for event in events)


def chunked(shared: Json, text: str, end: str, usage: Json | None) -> Response:
    """A chat completion; what it used comes last, and only where that was asked for."""
    deltas: list[Json] = [{"role": "assistant", "content": ""}, *({"content": each} for each in pieces(text))]
    choices: list[Json] = [{"index": 0, "delta": each, "finish_reason": None} for each in deltas]
    choices.append({"index": 0, "delta": {}, "finish_reason": end})
    more = {} if usage is None else {"usage": None}
    chunks: list[Json] = [{"choices": [each], **more} for each in choices]
    if usage is not None:
        chunks.append({"choices": [], "usage": usage})
    told = ({**shared, "object": "chat.completion.chunk", **each} for each in chunks)
    return _stream([*(f"data: {orjson.dumps(each).decode()}\n\n" for each in told), _DONE])


def _stream(lines: Iterable[str]) -> Response:
    return Response(200, "".join(lines).encode(), content_type="text/event-stream; charset=utf-8")
