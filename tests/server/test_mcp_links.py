"""A call that lacks an account, as each kind of client sees it."""

from __future__ import annotations

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestURLParams, ElicitResult

from support.raw import Raw, call, connected
from support.stand_in import ERAS, StandInCalls, client, person, serve
from wirepost.core.clock import Clock
from wirepost.server.local import LocalSocket
from wirepost.server.presence import Presence

MODERN, HANDSHAKE = ERAS
RAW = {"name": "raw", "version": "1"}
FIRST = "https://wirepost.example.com/connect/crm?c=1"


async def test_a_person_opens_the_link_and_the_same_call_is_answered() -> None:
    calls, ask = StandInCalls(connects=True), person("accept")
    async with client(serve(calls), MODERN, elicitation_callback=ask) as c:
        result = await c.call_tool("read", {})
    assert result.structured_content == {"data": {"read": True}}
    (shown,) = ask.questions
    assert isinstance(shown, ElicitRequestURLParams)
    assert (shown.url, shown.mode) == (FIRST, "url")
    assert [name for name, _ in calls.waited] == ["crm"]
    assert len(calls.made) == 2


async def test_whoever_is_not_done_in_time_gets_a_link_as_text_and_no_second_round() -> None:
    calls, ask = StandInCalls(connects=False), person("accept")
    async with client(serve(calls), MODERN, elicitation_callback=ask) as c:
        result = await c.call_tool("read", {})
    assert result.is_error is True
    assert result.structured_content["error"]["code"] == "auth_expired"
    assert result.structured_content["error"]["connect_url"]
    assert len(ask.questions) == len(calls.waited) == 1


@pytest.mark.parametrize("answer", ["decline", "cancel"])
async def test_a_person_who_does_not_want_to_is_not_asked_again(answer) -> None:
    calls, ask = StandInCalls(), person(answer)
    async with client(serve(calls), MODERN, elicitation_callback=ask) as c:
        result = await c.call_tool("read", {})
    assert result.is_error is True
    error = result.structured_content["error"]
    assert error["declined"] is True
    assert "connect_url" not in error
    assert calls.refused == [("read", {})]
    assert (len(calls.made), calls.waited) == (1, [])


async def test_a_round_without_an_answer_gets_the_link_as_text() -> None:
    calls = StandInCalls()
    async with client(serve(calls), MODERN, elicitation_callback=person()) as c:
        asked = await c.session.call_tool("read", {}, allow_input_required=True)
        again = await c.session.call_tool(
            "read", {}, request_state=asked.request_state, allow_input_required=True
        )
    assert again.is_error is True
    assert calls.waited == []


async def test_first_the_account_is_connected_and_then_the_plan_is_accepted_in_one_call() -> None:
    calls, ask = StandInCalls(connects=True), person("accept", "yes")
    async with client(serve(calls), MODERN, elicitation_callback=ask) as c:
        result = await c.call_tool("buy", {"amount": "20.00"})
    assert result.structured_content == {"data": {"paid": "20.00"}}
    assert [question.mode for question in ask.questions] == ["url", "form"]


async def test_an_account_that_is_lost_between_link_and_plan_is_not_asked_for_twice() -> None:
    calls = StandInCalls(connects=True)

    async def ask(context, params):
        asked.append(params.mode)
        if params.mode == "form":
            calls.is_connected = False
            return ElicitResult(action="accept", content={"confirm": True})
        return ElicitResult(action="accept")

    asked: list[str] = []
    async with client(serve(calls), MODERN, elicitation_callback=ask) as c:
        result = await c.call_tool("buy", {"amount": "20.00"})
    assert result.structured_content["error"]["connect_url"]
    assert asked == ["url", "form"]


async def test_the_link_is_in_no_state_that_the_client_keeps() -> None:
    async with client(serve(StandInCalls()), MODERN, elicitation_callback=person()) as c:
        asked = await c.session.call_tool("read", {}, allow_input_required=True)
    assert asked.input_requests["connect"].params.url == FIRST
    assert "crm" not in asked.request_state


async def test_a_handshake_client_with_links_gets_the_error_that_names_it_and_calls_again_itself() -> None:
    calls, ask = StandInCalls(), person()
    async with client(serve(calls), HANDSHAKE, elicitation_callback=ask) as c:
        assert c.protocol_version == "2025-11-25"
        with pytest.raises(MCPError) as refused:
            await c.call_tool("read", {})
        calls.is_connected = True
        result = await c.call_tool("read", {})
    (named,) = refused.value.error.data["elicitations"]
    assert refused.value.error.code == -32042
    assert (named["mode"], named["url"]) == ("url", FIRST)
    assert named["elicitationId"]
    assert result.structured_content == {"data": {"read": True}}
    assert ask.questions == []


async def test_a_handshake_client_is_told_of_the_link_also_after_it_accepted_a_plan() -> None:
    calls = StandInCalls(is_connected=True)

    async def ask(context, params):
        calls.is_connected = False
        return ElicitResult(action="accept", content={"confirm": True})

    async with client(serve(calls), HANDSHAKE, elicitation_callback=ask) as c:
        with pytest.raises(MCPError) as refused:
            await c.call_tool("buy", {"amount": "20.00"})
    assert refused.value.error.code == -32042


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_cannot_ask_gets_the_link_in_the_error(era) -> None:
    async with client(serve(StandInCalls()), era) as c:
        result = await c.call_tool("read", {})
    assert result.is_error is True
    error = result.structured_content["error"]
    assert (error["connect_url"], error["expires_in_s"]) == (FIRST, 600)
    assert (error["connection"], error["account"]) == ("crm", "Acme (1)")


LINKS, FORMS, NEITHER = {"elicitation": {"url": {}}}, {"elicitation": {"form": {}}}, {}


async def answer_to(raw: Raw, version: str, capabilities: dict[str, Any]) -> dict[str, Any]:
    """What a client of this version that declares this gets for a call that lacks an account."""
    if version == "2026-07-28":
        asked = call(2, "read")
        meta = asked["params"]["_meta"]
        asked["params"]["_meta"] = {**meta, "io.modelcontextprotocol/clientCapabilities": capabilities}
        await raw.send(asked)
        return await raw.receive()
    opening = {"protocolVersion": version, "capabilities": capabilities, "clientInfo": RAW}
    await raw.send(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "read", "arguments": {}}},
    )
    assert (await raw.receive())["result"]["protocolVersion"] == version
    return await raw.receive()


@pytest.mark.parametrize(
    ("version", "capabilities", "form"),
    [
        ("2026-07-28", LINKS, "question"),
        ("2026-07-28", FORMS, "result"),
        ("2026-07-28", NEITHER, "result"),
        ("2025-11-25", LINKS, "error"),
        ("2025-11-25", FORMS, "result"),
        ("2025-11-25", NEITHER, "result"),
        ("2025-06-18", LINKS, "result"),
        ("2025-03-26", NEITHER, "result"),
        ("2024-11-05", NEITHER, "result"),
    ],
)
async def test_each_kind_of_client_gets_the_link_in_the_form_it_knows(
    tmp_path, version, capabilities, form
) -> None:
    local = LocalSocket(serve(StandInCalls()), Presence(Clock()))
    await local.listen(str(tmp_path / "s"))
    async with connected(tmp_path / "s") as raw:
        answer = await answer_to(raw, version, capabilities)
    await local.close()
    if form == "question":
        assert answer["result"]["resultType"] == "input_required"
        asked = answer["result"]["inputRequests"]["connect"]
        assert (asked["method"], asked["params"]["mode"]) == ("elicitation/create", "url")
        assert asked["params"]["url"] == FIRST
        assert "elicitationId" not in asked["params"]
    elif form == "error":
        assert answer["error"]["code"] == -32042
        assert answer["error"]["data"]["elicitations"][0]["url"] == FIRST
    else:
        assert answer["result"]["isError"] is True
        assert answer["result"]["structuredContent"]["error"]["connect_url"] == FIRST
