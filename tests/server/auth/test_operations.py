"""Which tools a request calls."""

from __future__ import annotations

import json

import pytest

from wirepost.server.auth.operations import called_tools

CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay", "arguments": {}}}
LIST = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
MODERN = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "pay"}


async def asked(body: object = b"", method: str = "POST", parts: int = 1, **headers: str):
    """The names, and the body that whoever comes next reads."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    size = max(1, -(-len(content) // parts))
    pieces = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    messages = [
        {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
        for number, piece in enumerate(pieces, 1)
    ]
    messages.append({"type": "http.disconnect"})

    async def receive():
        return messages.pop(0)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    names, again = await called_tools({"method": method, "headers": named}, receive, 1000)
    read = b""
    while (message := await again())["type"] == "http.request":
        read += message.get("body", b"")
    assert read == content
    return names


async def test_the_current_protocol_says_it_in_headers() -> None:
    assert await asked(LIST, **MODERN) == {"pay"}
    assert await asked(CALL, **{**MODERN, "mcp-method": "tools/list"}) == set()
    assert await asked(CALL, **{**MODERN, "mcp-name": ""}) == set()
    assert await asked(b"", **{**MODERN, "mcp-name": "=?base64?cGF5?="}) == {"pay"}


@pytest.mark.parametrize("parts", [1, 3, 1000])
@pytest.mark.parametrize(
    ("body", "names"),
    [
        (CALL, {"pay"}),
        (LIST, set()),
        ([LIST, CALL, {**CALL, "params": {"name": "read"}}], {"pay", "read"}),
        ([CALL, 3, {"method": "tools/call"}, {"method": "tools/call", "params": {"name": 4}}], {"pay"}),
        (b"", set()),
        (b"{", set()),
        ("text", set()),
    ],
)
async def test_older_ones_say_it_in_the_body(body, names, parts) -> None:
    assert await asked(body, parts=parts) == names
    assert await asked(body, parts=parts, **{"mcp-protocol-version": "2025-11-25"}) == names


@pytest.mark.parametrize("parts", [1, 7])
async def test_a_body_that_is_too_large_is_handed_on_unread(parts) -> None:
    assert await asked({**CALL, "padding": "x" * 1000}, parts=parts) == set()


async def test_what_is_no_post_calls_nothing() -> None:
    assert await asked(CALL, method="GET") == set()
