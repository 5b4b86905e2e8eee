"""The finished list is made once and handed out, and only to those who may have it."""

from __future__ import annotations

import pytest
from mcp.shared.exceptions import MCPError

from support.raw import connected, request
from support.stand_in import ERAS, StandInCalls, Tools, client, entry, serve
from wirepost.core.clock import Clock
from wirepost.server.local import LocalSocket
from wirepost.server.presence import Presence

both = pytest.mark.parametrize("era", ERAS)


class CountedTools(Tools):
    """Counts how often the entries are read."""

    read = 0

    def __getattribute__(self, name):
        if name == "entries":
            CountedTools.read += 1
        return super().__getattribute__(name)


@both
async def test_the_list_is_made_once_however_often_it_is_asked_for(era):
    CountedTools.read = 0
    calls = StandInCalls(listed=CountedTools([entry("one")]))
    async with client(serve(calls), era, cache=None) as c:
        answers = [await c.list_tools() for _ in range(4)]
    assert CountedTools.read == 1
    assert [[tool.name for tool in answer.tools] for answer in answers] == [["one"]] * 4


@both
async def test_a_page_that_does_not_exist_is_refused_before_and_after(era):
    async with client(serve(StandInCalls()), era, cache=None) as c:
        for _ in range(2):
            with pytest.raises(MCPError) as refused:
                await c.session.list_tools(params={"cursor": "2"})
            assert refused.value.error.code == -32602
            await c.list_tools()


@both
async def test_another_list_is_another_answer(era):
    calls = StandInCalls()
    async with client(serve(calls), era, cache=None) as c:
        await c.list_tools()
        calls.listed = Tools([entry("other")])
        assert [tool.name for tool in (await c.list_tools()).tools] == ["other"]


async def test_each_protocol_version_gets_what_its_schema_has(tmp_path):
    local = LocalSocket(serve(StandInCalls()), Presence(Clock()))
    await local.listen(str(tmp_path / "s"))
    seen = {}
    for version in ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"):
        async with connected(tmp_path / "s") as raw:
            info = {"name": "raw", "version": "1"}
            await raw.send(
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "initialize",
                    "params": {"protocolVersion": version, "capabilities": {}, "clientInfo": info},
                },
                {"jsonrpc": "2.0", "method": "notifications/initialized"},
                {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
                {"jsonrpc": "2.0", "id": 3, "method": "tools/list"},
            )
            answers = {(answer := await raw.receive())["id"]: answer["result"] for _ in range(3)}
            assert answers[1]["protocolVersion"] == version
            assert answers[2] == answers[3]
            seen[version] = answers[2]
    async with connected(tmp_path / "s") as raw:
        await raw.send(request(1, "tools/list"), request(2, "tools/list"))
        first, second = (await raw.receive())["result"], (await raw.receive())["result"]
    await local.close()
    assert first == second
    assert (first["resultType"], first["ttlMs"], first["cacheScope"]) == ("complete", 300000, "private")
    assert first["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "wirepost"
    assert not any("resultType" in answer for answer in seen.values())


async def test_nobody_gets_the_list_before_the_handshake(tmp_path):
    local = LocalSocket(serve(StandInCalls()), Presence(Clock()))
    await local.listen(str(tmp_path / "s"))
    async with client(serve(StandInCalls()), "legacy") as c:
        await c.list_tools()
    async with connected(tmp_path / "s") as raw:
        await raw.send({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert (await raw.receive())["error"]["code"] == -32602
    await local.close()
