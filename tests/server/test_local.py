"""The local socket: private, shared by any number of clients, ended in order."""

from __future__ import annotations

import asyncio
import socket
import stat

from support.raw import call, connected
from support.stand_in import StandInCalls, serve
from wirepost.core.clock import Clock
from wirepost.server import local as module
from wirepost.server.local import LocalSocket
from wirepost.server.presence import Presence


def local_socket(calls: StandInCalls | None = None, presence: Presence | None = None) -> LocalSocket:
    return LocalSocket(serve(calls or StandInCalls()), presence or Presence(Clock()))


async def test_only_this_user_can_open_it(tmp_path):
    local = local_socket()
    await local.listen(str(tmp_path / "s"))
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    await local.close()


async def test_many_clients_are_served_at_the_same_time(tmp_path):
    local = local_socket()
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as first, connected(tmp_path / "s") as second:
        await first.send(call(1, "wait"))
        await second.send(call(1, "echo", text="second"))
        assert (await second.receive())["result"]["structuredContent"]["data"] == {"text": "second"}
    await local.close()


async def test_what_a_killed_server_left_behind_is_replaced(tmp_path):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "s"))
    left.close()
    local = local_socket()
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as raw:
        await raw.send(call(1, "echo"))
        assert (await raw.receive())["id"] == 1
    await local.close()


async def test_nothing_is_left_behind_at_the_end(tmp_path):
    local = local_socket()
    await local.listen(str(tmp_path / "s"))
    await local.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_running_call_may_answer_before_the_end(tmp_path):
    calls = StandInCalls(steps=[(1, 0.2)])
    local = local_socket(calls)
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as raw:
        await raw.send(call(1, "echo"), call(2, "steps"))
        assert (await raw.receive())["id"] == 1
        await local.close(answers_within_s=5)
        assert [answer.get("result", {}).get("isError") for answer in await raw.rest()] == [False]


async def test_a_call_that_does_not_end_is_cut_off_with_an_answer(tmp_path):
    calls = StandInCalls()
    local = local_socket(calls)
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as raw:
        await raw.send(call(1, "wait"))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
        await local.close(answers_within_s=0.05)
        answers = await raw.rest()
    assert [(answer["id"], answer["error"]["message"]) for answer in answers] == [(1, "Connection closed")]
    assert calls.cancelled.is_set()


async def test_the_number_of_clients_is_bounded_and_the_next_one_is_told(tmp_path):
    local = local_socket()
    await local.listen(str(tmp_path / "s"))
    path = str(tmp_path / "s")
    streams = [await asyncio.open_unix_connection(path) for _ in range(module.MAX_CONNECTIONS)]
    async with connected(path) as raw:
        (refusal,) = await raw.rest()
    assert "largest number" in refusal["error"]["message"]
    for _, writer in streams:
        writer.close()
    await local.close()


async def test_a_client_counts_as_present_while_it_is_connected(tmp_path):
    presence = Presence(Clock())
    local = local_socket(presence=presence)
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as raw:
        await raw.send(call(1, "echo"))
        await raw.receive()
        assert presence.count == 1
        raw.end_input()
        await raw.rest()
    await local.close()
    assert presence.count == 0
