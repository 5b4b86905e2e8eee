"""Which tools a request to an MCP endpoint calls, seen before the protocol looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from mcp.shared.inbound import decode_header_value
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope

CALL = "tools/call"


async def called_tools(scope: Scope, receive: Receive, max_body: int) -> tuple[frozenset[str], Receive]:
    """Names of the tools, and what gives the request's body once more.

    The current protocol says it in headers, which it compares with the body later on; older ones only in the
    body, which may be a batch. More than `max_body` bytes are not looked at: they are refused anyway.
    """
    if scope["method"] != "POST":
        return frozenset(), receive
    headers = Headers(scope=scope)
    if headers.get("mcp-protocol-version") in MODERN_PROTOCOL_VERSIONS:
        name = decode_header_value(headers.get("mcp-name")) if headers.get("mcp-method") == CALL else None
        return frozenset({name} if name else ()), receive
    messages, body = await _read(receive, max_body)
    return _names_in(body) if len(body) <= max_body else frozenset(), _repeat(messages, receive)


async def _read(receive: Receive, max_body: int) -> tuple[list[Message], bytes]:
    messages: list[Message] = []
    parts: list[bytes] = []
    has_more, size = True, 0
    while has_more and size <= max_body:
        message = await receive()
        messages.append(message)
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        has_more = message["type"] == "http.request" and message.get("more_body", False)
    return messages, b"".join(parts)


def _repeat(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def again() -> Message:
        message = next(waiting, None)
        return await receive() if message is None else message

    return again


def _names_in(body: bytes) -> frozenset[str]:
    try:
        said: Any = orjson.loads(body)
    except ValueError:
        return frozenset()
    calls = [each for each in (said if isinstance(said, list) else [said]) if isinstance(each, dict)]
    params = [each.get("params") for each in calls if each.get("method") == CALL]
    names = [each.get("name") for each in params if isinstance(each, dict)]
    return frozenset(name for name in names if isinstance(name, str))
