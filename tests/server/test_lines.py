"""The framing of stdio on the local socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from support.raw import Raw, call, connected, request
from support.stand_in import StandInCalls, serve
from wirepost.core.clock import Clock
from wirepost.server.lines import MAX_LINE
from wirepost.server.local import LocalSocket
from wirepost.server.presence import Presence


@asynccontextmanager
async def joined(tmp_path, calls: StandInCalls | None = None) -> AsyncIterator[Raw]:
    local = LocalSocket(serve(calls or StandInCalls()), Presence(Clock()))
    path = str(tmp_path / "s")
    await local.listen(path)
    try:
        async with connected(path) as raw:
            yield raw
    finally:
        await local.close()


def text_of(message):
    return message["result"]["structuredContent"]["data"]["text"]


async def test_a_line_that_is_no_message_is_answered_and_the_next_one_works(tmp_path):
    async with joined(tmp_path) as raw:
        await raw.send(b"this is not JSON", b"[1, 2]", b'{"jsonrpc": "2.0"}', call(1, "echo", text="on"))
        refusals = [await raw.receive() for _ in range(3)]
        answer = await raw.receive()
    assert [(refusal["id"], refusal["error"]["code"]) for refusal in refusals] == [(None, -32700)] * 3
    assert text_of(answer) == "on"


async def test_empty_lines_are_nothing(tmp_path):
    async with joined(tmp_path) as raw:
        await raw.send(b"", b"  ", call(1, "echo", text="on"))
        assert text_of(await raw.receive()) == "on"


async def test_a_message_of_the_largest_size_passes_and_a_larger_one_is_refused_by_name(tmp_path):
    envelope = len(str(call(1, "echo", text="")))
    async with joined(tmp_path) as raw:
        await raw.send(call(1, "echo", text="x" * (MAX_LINE - envelope - 100)))
        assert (await raw.receive())["id"] == 1
        await raw.send(call(2, "echo", text="x" * (3 * MAX_LINE)), call(3, "echo", text="on"))
        refusal, answer = await raw.receive(), await raw.receive()
    assert refusal["error"] == {
        "code": -32600,
        "message": f"The message is longer than {MAX_LINE} bytes and was skipped",
    }
    assert (answer["id"], text_of(answer)) == (3, "on")


async def test_answers_still_go_out_after_the_client_has_ended_its_input(tmp_path):
    async with joined(tmp_path) as raw:
        await raw.send(*(call(number, "echo", text=str(number)) for number in range(1, 6)))
        raw.end_input()
        assert sorted(text_of(answer) for answer in await raw.rest()) == ["1", "2", "3", "4", "5"]


async def test_the_last_message_may_lack_its_line_end(tmp_path):
    async with joined(tmp_path) as raw:
        raw.writer.write(b'{"jsonrpc":"2.0","id":9,"method":"ping"}')
        raw.end_input()
        assert [answer["id"] for answer in await raw.rest()] == [9]


async def test_an_open_subscription_does_not_hold_the_end_of_input_up(tmp_path):
    async with joined(tmp_path) as raw:
        await raw.send(request(1, "subscriptions/listen", notifications={"toolsListChanged": True}))
        assert (await raw.receive())["method"] == "notifications/subscriptions/acknowledged"
        raw.end_input()
        await raw.rest()


async def test_a_call_that_was_cancelled_does_not_hold_the_end_of_input_up(tmp_path):
    calls = StandInCalls()
    async with joined(tmp_path, calls) as raw:
        await raw.send(call(1, "wait"))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
        await raw.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        raw.end_input()
        assert await raw.rest() == []


async def test_a_running_call_is_cancelled_when_the_client_is_gone(tmp_path):
    calls = StandInCalls()
    async with joined(tmp_path, calls) as raw:
        await raw.send(call(1, "wait"))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
            raw.writer.transport.abort()
            await calls.cancelled.wait()


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_whatever_arrives_every_line_out_is_a_message(tmp_path_factory, lines):
    async def run() -> None:
        async with joined(tmp_path_factory.mktemp("lines")) as raw:
            await raw.send(*lines)
            raw.end_input()
            assert all(answer["jsonrpc"] == "2.0" for answer in await raw.rest())

    asyncio.run(run())
