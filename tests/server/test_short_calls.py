"""Short calls: what is answered once needs no stream, all else has one, and nobody who left is served."""

from __future__ import annotations

import asyncio

import pytest

from wirepost.server.short_calls import WATCH_AFTER_S, ShortCalls

MODERN = [(b"mcp-protocol-version", b"2026-07-28"), (b"mcp-method", b"tools/call")]
BODY = b'{"method":"tools/call","params":{"name":"echo","arguments":{}}}'


class Apps:
    """Two applications that note what reached them."""

    def __init__(self) -> None:
        self.served: list[tuple[str, list[dict]]] = []
        self.app = ShortCalls(self._named("streamed"), self._named("plain"))

    def _named(self, name):
        async def serve(scope, receive, send):
            messages = [await receive()]
            while messages[-1].get("more_body"):
                messages.append(await receive())
            self.served.append((name, messages))

        return serve


async def ask(app, *bodies, headers=MODERN):
    messages = [{"type": "http.request", "body": each, "more_body": True} for each in bodies]
    messages[-1]["more_body"] = False
    coming = iter(messages)

    async def receive():
        return next(coming)

    await app({"type": "http", "headers": headers}, receive, None)
    return messages


async def test_a_call_that_asks_for_an_answer_only_needs_no_stream():
    apps = Apps()
    messages = await ask(apps.app, BODY)
    assert apps.served == [("plain", messages)]


@pytest.mark.parametrize(
    "meta", [b'"_meta":{"progressToken":1}', b'"_meta":{"io.modelcontextprotocol/logLevel":"info"}']
)
async def test_whoever_wants_to_be_told_meanwhile_gets_a_stream(meta):
    apps = Apps()
    messages = await ask(apps.app, BODY.replace(b'"name"', meta + b',"name"'))
    assert apps.served == [("streamed", messages)]


async def test_a_body_in_pieces_arrives_whole_and_in_order():
    apps = Apps()
    messages = await ask(apps.app, BODY[:10], BODY[10:20], BODY[20:])
    assert apps.served == [("streamed", messages)]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"mcp-protocol-version", b"2025-11-25"), (b"mcp-method", b"tools/call")],
        [(b"mcp-protocol-version", b"2026-07-28"), (b"mcp-method", b"subscriptions/listen")],
        [(b"mcp-method", b"tools/call")],
    ],
)
async def test_all_else_is_left_as_it_is(headers):
    apps = Apps()
    messages = await ask(apps.app, BODY, headers=headers)
    assert apps.served == [("streamed", messages)]


async def test_a_call_ends_when_its_client_leaves():
    gone, begun = asyncio.Event(), asyncio.Event()
    ends: list[str] = []

    async def plain(scope, receive, send):
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    first = [{"type": "http.request", "body": BODY}]

    async def receive():
        if first:
            return first.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(
        ShortCalls(plain, plain)({"type": "http", "headers": MODERN}, receive, None)
    )
    async with asyncio.timeout(WATCH_AFTER_S + 5):
        await begun.wait()
        gone.set()
        await serving
    assert ends == ["cancelled"]
