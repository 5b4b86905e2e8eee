"""Both HTTP transports in both protocol generations, over a real socket."""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from mcp.client.sse import sse_client

from support.raw import call
from support.serving import served
from support.stand_in import ECHO, ERAS, StandInCalls, client, person, serve, stand_in_app
from wirepost.server.asgi import build_asgi
from wirepost.server.presence import Presence

WAYS = ("http", "sse")
ways = pytest.mark.parametrize("way", WAYS)
both = pytest.mark.parametrize("era", ERAS)


def at(base, way):
    return f"{base}/mcp" if way == "http" else sse_client(f"{base}/sse")


def asgi(calls, presence=None, **settings):
    return build_asgi(stand_in_app(**settings), serve(calls), presence=presence)


@ways
@both
async def test_tools_are_listed_and_called(way, era):
    calls = StandInCalls(steps=[(1, 0)])
    seen = []

    async def note(done, total, message):
        seen.append(done)

    async with served(asgi(calls)) as base, client(at(base, way), era) as c:
        assert [tool.name for tool in (await c.list_tools()).tools] == [each["name"] for each in ECHO.entries]
        answer = await c.call_tool("echo", {"text": "hi"})
        assert answer.structured_content["data"] == {"text": "hi"}
        assert (await c.call_tool("nothing", {})).is_error
        await c.call_tool("steps", {}, progress_callback=note)
    assert seen == [1]


@ways
@both
@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_a_person_is_asked(way, era, answer):
    calls = StandInCalls()
    options = {"elicitation_callback": person(answer)}
    async with served(asgi(calls)) as base, client(at(base, way), era, **options) as c:
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.is_error is (answer == "no")
    assert len(calls.refused) == (answer == "no")


@ways
@both
async def test_without_a_form_the_token_does(way, era):
    async with served(asgi(StandInCalls())) as base, client(at(base, way), era) as c:
        refused = await c.call_tool("pay", {"amount": "20.00"})
        token = refused.structured_content["error"]["plan"]["confirmation"]
        paid = await c.call_tool("pay", {"amount": "20.00", "confirmation": token})
    assert paid.structured_content == {"data": {"paid": "20.00"}}


@ways
@both
async def test_a_call_that_is_given_up_is_cancelled(way, era):
    calls = StandInCalls()
    async with served(asgi(calls)) as base, client(at(base, way), era) as c:
        waiting = asyncio.ensure_future(c.call_tool("wait", {}))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
            waiting.cancel()
            await calls.cancelled.wait()


async def test_a_lost_connection_cancels_the_call():
    calls = StandInCalls()
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "wait",
    }
    async with served(asgi(calls)) as base, httpx2.AsyncClient() as http:
        asked = asyncio.ensure_future(http.post(f"{base}/mcp", json=call(1, "wait"), headers=headers))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
            asked.cancel()
            await calls.cancelled.wait()


@both
async def test_without_sessions_calls_work_and_plans_come_back_as_errors_to_older_clients(era):
    app, options = asgi(StandInCalls(), stateless=True), {"elicitation_callback": person("yes")}
    async with served(app) as base, client(f"{base}/mcp", era, **options) as c:
        assert not (await c.call_tool("echo", {"text": "hi"})).is_error
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.is_error is (era == "legacy")


async def test_a_plan_is_confirmed_on_another_server_of_the_same_secret():
    first, second = StandInCalls(), StandInCalls()
    async with served(asgi(first, stateless=True)) as one, served(asgi(second, stateless=True)) as other:
        async with client(f"{one}/mcp", "auto", elicitation_callback=person()) as c:
            asked = await c.session.call_tool("pay", {"amount": "1.00"}, allow_input_required=True)
        async with client(f"{other}/mcp", "auto") as c:
            answer = await person("yes")(None, None)
            paid = await c.session.call_tool(
                "pay",
                {"amount": "1.00"},
                input_responses={"confirm": answer},
                request_state=asked.request_state,
            )
    assert paid.structured_content == {"data": {"paid": "1.00"}}


@ways
@both
async def test_a_client_counts_as_present(way, era):
    calls, presence = StandInCalls(), Presence(stand_in_app().clock)
    async with served(asgi(calls, presence)) as base, client(at(base, way), era) as c:
        waiting = asyncio.ensure_future(c.call_tool("wait", {}))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
        assert presence.count >= 1
        waiting.cancel()
    assert presence.count == 0


async def test_a_path_that_does_not_exist_is_not_found():
    async with served(asgi(StandInCalls())) as base, httpx2.AsyncClient() as http:
        assert (await http.get(f"{base}/nothing")).status_code == 404
