"""tools/list and tools/call in both protocol generations, with nothing but the protocol involved."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult

from support.clock import ManualClock
from support.stand_in import ECHO, ERAS, StandInCalls, client, entry, person, serve

both = pytest.mark.parametrize("era", ERAS)
MODERN = ERAS[0]
PLAN = "Pay 20.00 EUR\nThis cannot be undone.\n• Balance: 100.00 EUR → 80.00 EUR\n• A receipt is sent"


@both
async def test_tools_are_listed_exactly_as_declared_and_in_order(era):
    async with client(serve(StandInCalls()), era) as c:
        listed = await c.list_tools()
    assert [tool.model_dump(by_alias=True, exclude_none=True) for tool in listed.tools] == ECHO.entries


async def test_the_list_may_be_kept_for_five_minutes_by_its_owner():
    async with client(serve(StandInCalls()), MODERN) as c:
        listed = await c.list_tools()
    assert (listed.ttl_ms, listed.cache_scope) == (300_000, "private")


@both
async def test_the_server_says_who_it_is_and_how_to_use_it(era):
    async with client(serve(StandInCalls()), era) as c:
        assert (c.server_info.name, c.server_info.title, c.server_info.version) == (
            "wirepost",
            "Wirepost",
            "1.2.3",
        )
        for word in ("connection", "cursor", "intent", "preview", "confirmation", "meta.untrusted"):
            assert word in c.instructions
        assert len(c.instructions) < 1500


@both
async def test_a_result_is_structured_and_the_same_json_once_as_compact_text(era):
    async with client(serve(StandInCalls()), era) as c:
        result = await c.call_tool("echo", {"text": "Grüße"})
    assert result.structured_content == {"data": {"text": "Grüße"}, "warnings": []}
    assert [block.type for block in result.content] == ["text"]
    assert result.content[0].text == '{"data":{"text":"Grüße"},"warnings":[]}'
    assert result.is_error is False


@both
async def test_an_unknown_tool_is_an_error_result_with_our_envelope(era):
    async with client(serve(StandInCalls()), era) as c:
        result = await c.session.call_tool("nothing", {})
    assert result.is_error is True
    assert result.structured_content["error"]["code"] == "invalid_arguments"
    assert orjson.loads(result.content[0].text) == result.structured_content


@both
async def test_the_client_is_known_by_name_to_the_call_path(era):
    calls = StandInCalls()
    async with client(serve(calls), era) as c:
        await c.call_tool("echo", {})
    caller, name, arguments = calls.made[0]
    assert (caller.id, caller.scopes, name, arguments) == ("local", None, "echo", {})
    assert caller.client.startswith("mcp ")


@both
async def test_progress_is_sent_once_a_second_and_only_forward(era):
    clock = ManualClock()
    calls = StandInCalls(clock=clock, steps=[(1, 0), (2, 0.4), (3, 0.4), (4, 0.4), (4, 2), (3, 2), (9, 0)])
    seen = []

    async def note(done, total, message):
        seen.append((done, total, message))

    async with client(serve(calls), era) as c:
        await c.call_tool("steps", {}, progress_callback=note)
    assert seen == [(1, 10, "step 1"), (4, 10, "step 4"), (9, 10, "step 9")]


async def test_nobody_is_told_of_progress_who_did_not_ask():
    seen = []

    async def note(message):
        seen.append(message)

    async with client(serve(StandInCalls(steps=[(1, 0)])), "legacy", message_handler=note) as c:
        await c.call_tool("steps", {})
    assert seen == []


@both
async def test_a_call_that_the_client_gives_up_is_cancelled(era):
    calls = StandInCalls()
    async with client(serve(calls), era) as c:
        call = asyncio.ensure_future(c.call_tool("wait", {}))
        async with asyncio.timeout(5):
            await calls.waiting.wait()
            call.cancel()
            await calls.cancelled.wait()


@both
async def test_a_person_is_shown_the_plan_and_an_accepted_plan_is_carried_out(era):
    calls, ask = StandInCalls(), person("yes")
    async with client(serve(calls), era, elicitation_callback=ask) as c:
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.structured_content == {"data": {"paid": "20.00"}}
    assert [question.message for question in ask.questions] == [PLAN]
    assert list(ask.questions[0].requested_schema["properties"]) == ["confirm"]
    assert [arguments for _, _, arguments in calls.made] == [
        {"amount": "20.00"},
        {"amount": "20.00", "confirmation": "first"},
    ]


@both
@pytest.mark.parametrize("answer", ["no", "decline", "cancel"])
async def test_nothing_is_done_when_the_person_does_not_agree(era, answer):
    calls = StandInCalls()
    async with client(serve(calls), era, elicitation_callback=person(answer)) as c:
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.is_error is True
    assert result.structured_content["error"]["declined"] is True
    assert calls.refused == [("pay", {"amount": "20.00"})]
    assert [arguments for _, _, arguments in calls.made] == [{"amount": "20.00"}]


@both
async def test_a_plan_that_changed_meanwhile_is_shown_again(era):
    calls, ask = StandInCalls(plans=["first", "second"]), person("yes", "yes")
    async with client(serve(calls), era, elicitation_callback=ask) as c:
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.structured_content == {"data": {"paid": "20.00"}}
    assert len(ask.questions) == 2


@both
async def test_a_client_without_forms_gets_the_plan_and_the_token_as_an_error(era):
    calls = StandInCalls()
    async with client(serve(calls), era) as c:
        refused = await c.call_tool("pay", {"amount": "20.00"})
        assert refused.is_error is True
        error = refused.structured_content["error"]
        assert error["code"] == "confirmation_required"
        paid = await c.call_tool("pay", {"amount": "20.00", "confirmation": error["plan"]["confirmation"]})
    assert paid.structured_content == {"data": {"paid": "20.00"}}


async def test_a_handshake_client_that_fails_to_ask_gets_the_plan_as_an_error():
    async def broken(context, params):
        raise MCPError(-32601, "not today")

    async with client(serve(StandInCalls()), "legacy", elicitation_callback=broken) as c:
        result = await c.call_tool("pay", {"amount": "20.00"})
    assert result.structured_content["error"]["code"] == "confirmation_required"


async def _question(c, **arguments):
    asked = await c.session.call_tool("pay", arguments, allow_input_required=True)
    assert asked.result_type == "input_required"
    return asked


YES = {"confirm": ElicitResult(action="accept", content={"confirm": True})}


async def test_what_the_client_keeps_between_the_rounds_cannot_be_read_or_changed():
    calls = StandInCalls()
    async with client(serve(calls), MODERN, elicitation_callback=person()) as c:
        asked = await _question(c, amount="20.00")
        assert "first" not in asked.request_state
        broken = asked.request_state[:-2] + ("AA" if asked.request_state[-2:] != "AA" else "BB")
        with pytest.raises(MCPError) as refused:
            await c.session.call_tool("pay", {"amount": "20.00"}, input_responses=YES, request_state=broken)
    assert refused.value.error.code == -32602
    assert len(calls.made) == 1


async def test_an_answer_counts_only_for_the_arguments_that_were_shown():
    calls = StandInCalls()
    async with client(serve(calls), MODERN, elicitation_callback=person()) as c:
        asked = await _question(c, amount="20.00")
        with pytest.raises(MCPError):
            await c.session.call_tool(
                "pay", {"amount": "2000.00"}, input_responses=YES, request_state=asked.request_state
            )
    assert len(calls.made) == 1


async def test_an_answer_survives_a_restart_of_the_server():
    calls = StandInCalls()
    async with client(serve(calls), MODERN, elicitation_callback=person()) as c:
        asked = await _question(c, amount="20.00")
    async with client(serve(calls), MODERN) as c:
        paid = await c.session.call_tool(
            "pay", {"amount": "20.00"}, input_responses=YES, request_state=asked.request_state
        )
    assert paid.structured_content == {"data": {"paid": "20.00"}}


async def test_a_round_without_an_answer_asks_again():
    calls = StandInCalls()
    async with client(serve(calls), MODERN, elicitation_callback=person()) as c:
        asked = await _question(c, amount="20.00")
        again = await c.session.call_tool(
            "pay", {"amount": "20.00"}, request_state=asked.request_state, allow_input_required=True
        )
    assert again.result_type == "input_required"


async def test_subscriptions_are_served_because_some_hosts_insist():
    async with client(serve(StandInCalls()), MODERN) as c, c.listen(tools_list_changed=True) as subscription:
        assert subscription is not None


@both
async def test_two_lists_of_the_same_server_are_kept_apart(era):
    calls = StandInCalls()
    async with client(serve(calls), era, cache=None) as c:
        await c.list_tools()
        calls.listed = type(ECHO)([entry("other")])
        assert [tool.name for tool in (await c.list_tools()).tools] == ["other"]
