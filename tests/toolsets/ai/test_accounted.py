"""Models as a call may use them: allowed ones, within the budget of the day, counted, and asked once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.ai_desk import DEFAULT, MODEL, AiDesk, Script, ai_desk
from support.clock import ManualClock
from wirepost.calls.caller import Caller
from wirepost.contracts.generation import Usage

# Prices of gpt-5-mini as published on 2025-08-07: 0.25 dollars a million tokens in, 2 dollars a million out.
COST_NANO = 1000 * 250 + 100 * 2000
ASK = {"prompt": "Greet"}


def with_budget(amount: str) -> dict[str, Any]:
    return {"models": {"default": {"connection": "ai", "model": MODEL, "max_cost_per_day": amount}}}


async def test_what_was_used_is_counted_with_its_published_price(desk: AiDesk) -> None:
    desk.script.answers += ["Hello!", "Bye!"]
    first = await desk.ok("ai_generate_text", **ASK)
    await desk.ok("ai_generate_text", prompt="Say goodbye")
    assert first["data"]["usage"] == {"input_tokens": 1000, "output_tokens": 100, "cost": "0.00045"}
    assert await desk.spent() == [(MODEL, "default", 2, 2000, 200, 2 * COST_NANO)]


async def test_both_attempts_at_an_answer_are_counted_even_where_none_fits(desk: AiDesk) -> None:
    desk.script.answers += ["no JSON", "no JSON"]
    await desk.error("ai_analyze_text", task="summary", text="some text")
    assert await desk.spent() == [(MODEL, "default", 2, 2000, 200, 2 * COST_NANO)]


async def test_secrets_that_differ_are_not_asked_about_once(desk: AiDesk) -> None:
    """What the records do not show counts all the same for whether a question was asked before."""
    desk.script.answers += ["AlicePw1234", "BobsPw9876"]
    for password in ("AlicePw1234", "BobsPw9876"):
        found = await desk.ok("ai_generate_text", prompt=f"Repeat password={password}")
        assert found["meta"]["cache"] == "miss"


async def test_hosted_models_are_allowed_and_paid_like_others(tmp_path: Path, clock: ManualClock) -> None:
    ask = {"connection": "ai", "payload": "{}"}
    listed = {"per_connection": {"ai": {"allow": ["gpt-5-*"], "max_cost_per_day": "0.01"}}}
    async with ai_desk(tmp_path, clock, settings={**with_budget("1"), **listed}) as desk:
        for background in (False, True):
            error = await desk.error(
                "ai_invoke_endpoint",
                **ask,
                endpoint="claude-opus",
                background=background,
                intent=f"{background}",
            )
            assert (error["code"], error["rule"]) == ("forbidden_by_policy", "ai.allow")
        assert not desk.script.endpoints
        await desk.ok("ai_invoke_endpoint", **ask, endpoint="gpt-5-hosted", intent="c")
        desk.script.usage = Usage(input_tokens=40_000)  # a cent
        desk.script.answers.append("Hello!")
        await desk.ok("ai_generate_text", **ASK)
        error = await desk.error("ai_invoke_endpoint", **ask, endpoint="gpt-5-hosted", intent="d")
        assert error["code"] == "quota_exhausted"
        assert len(desk.script.endpoints) == 1


async def test_an_unknown_price_is_said_and_not_made_up(tmp_path: Path, clock: ManualClock) -> None:
    settings = {"models": {"default": {"connection": "ai", "model": "our-own-model"}}}
    async with ai_desk(tmp_path, clock, settings=settings) as desk:
        desk.script.answers.append("Hello!")
        found = await desk.ok("ai_generate_text", **ASK)
        assert found["warnings"] == ["The price of the model is not known, so its cost is not counted"]
        assert "cost" not in found["data"]["usage"]
        assert await desk.spent() == [("our-own-model", "default", 1, 1000, 100, 0)]


async def test_a_spent_budget_ends_the_day_before_anything_is_sent(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with ai_desk(tmp_path, clock, settings=with_budget("0.01")) as desk:
        desk.script.usage = Usage(input_tokens=40_000)  # a cent
        desk.script.answers += ["Hello!", "Good morning!"]
        await desk.ok("ai_generate_text", **ASK)
        for tool, arguments in (
            ("ai_generate_text", {"prompt": "once more"}),
            ("ai_embed_text", {"items": ["a"]}),
            ("ai_submit_batch", {"task": "summary", "items": ["a"], "intent": "a"}),
            ("ai_submit_background", {"prompt": "once more", "intent": "b"}),
        ):
            error = await desk.error(tool, **arguments)
            assert (error["code"], error["outcome"]) == ("quota_exhausted", "not_applied"), tool
            assert 0 < error["retry_after_s"] <= 86_400
        assert (len(desk.script.asked), desk.script.batches, desk.script.backgrounds) == (1, [], [])
        clock.advance(86_400)
        await desk.ok("ai_generate_text", prompt="once more")


async def test_naming_the_model_itself_does_not_evade_the_budget_of_its_alias(
    tmp_path: Path, clock: ManualClock
) -> None:
    async with ai_desk(tmp_path, clock, settings=with_budget("0.00")) as desk:
        error = await desk.error("ai_generate_text", **ASK, connection="ai", model=MODEL)
        assert error["code"] == "quota_exhausted"


async def test_the_budget_of_a_connection_holds_for_all_its_models(
    tmp_path: Path, clock: ManualClock
) -> None:
    settings = {**DEFAULT, "per_connection": {"ai": {"allow": ["gpt-5"], "max_cost_per_day": "0.01"}}}
    async with ai_desk(tmp_path, clock, settings=settings) as desk:
        desk.script.usage = Usage(output_tokens=10_000)
        desk.script.answers += ["Hello!"]
        await desk.ok("ai_generate_text", **ASK, connection="ai", model="gpt-5")
        assert (await desk.error("ai_generate_text", prompt="more"))["code"] == "quota_exhausted"


async def test_the_budget_stops_the_second_attempt_too(tmp_path: Path, clock: ManualClock) -> None:
    async with ai_desk(tmp_path, clock, settings=with_budget("0.01")) as desk:
        desk.script.usage = Usage(input_tokens=40_000)
        desk.script.answers.append("no JSON")
        error = await desk.error("ai_analyze_text", task="summary", text="some text")
        assert error["code"] == "quota_exhausted"
        assert len(desk.script.asked) == 1


async def test_the_same_question_is_asked_once(desk: AiDesk, clock: ManualClock) -> None:
    desk.script.answers += ["Hello!", "Hello again!"]
    first, second = await desk.ok("ai_generate_text", **ASK), await desk.ok("ai_generate_text", **ASK)
    assert second["data"]["text"] == first["data"]["text"]
    assert (first["meta"]["cache"], second["meta"]["cache"]) == ("miss", "hit")
    assert second["data"]["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert "usage" not in second["meta"]
    assert await desk.spent() == [(MODEL, "default", 1, 1000, 100, COST_NANO)]
    clock.advance(3600)
    assert (await desk.ok("ai_generate_text", **ASK))["data"]["text"] == "Hello again!"


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "Greet "},
        {"prompt": "Greet", "instructions": "In German"},
        {"prompt": "Greet", "max_output_tokens": 7},
        {"prompt": "Greet", "json_schema": '{"type": "object"}'},
        {"prompt": "Greet", "connection": "ai", "model": "gpt-5"},
    ],
)
async def test_another_question_is_another_answer(desk: AiDesk, other: dict[str, Any]) -> None:
    desk.script.answers += ["{}", "{}"]
    await desk.ok("ai_generate_text", **ASK)
    assert (await desk.ok("ai_generate_text", **other))["meta"]["cache"] == "miss"


ANNA, BEN = Caller("anna", None), Caller("ben", None)


@pytest.mark.parametrize(("owner", "expected"), [("shared", "hit"), ("caller", "miss")])
async def test_callers_share_answers_where_they_share_the_account(
    tmp_path: Path, clock: ManualClock, owner: str, expected: str
) -> None:
    async with ai_desk(tmp_path, clock, owner=owner) as desk:
        desk.script.answers += ["Hello!", "Hello!"]
        await desk.ok("ai_generate_text", ANNA, **ASK)
        assert (await desk.ok("ai_generate_text", BEN, **ASK))["meta"]["cache"] == expected


async def test_an_answer_that_did_not_fit_is_not_kept(desk: AiDesk) -> None:
    desk.script.answers += ["no JSON", "no JSON"]
    await desk.error("ai_analyze_text", task="summary", text="some text")
    desk.script.say({"summary": "Text.", "language": "en"})
    assert (await desk.ok("ai_analyze_text", task="summary", text="some text"))["meta"]["cache"] == "miss"
    assert (await desk.ok("ai_analyze_text", task="summary", text="some text"))["meta"]["cache"] == "hit"


async def test_without_a_cache_every_question_is_asked(tmp_path: Path, clock: ManualClock) -> None:
    async with ai_desk(tmp_path, clock, settings={**DEFAULT, "cache": {"kind": "off"}}) as desk:
        desk.script.answers += ["Hello!", "Hello!"]
        for _ in range(2):
            assert (await desk.ok("ai_generate_text", **ASK))["meta"]["cache"] == "miss"


async def test_a_model_that_takes_too_long_is_given_up(tmp_path: Path, clock: ManualClock) -> None:
    settings = {"models": {"default": {"connection": "ai", "model": MODEL, "timeout_s": 0.01}}}
    async with ai_desk(tmp_path, clock, Script(hangs=True), settings=settings) as desk:
        error = await desk.error("ai_generate_text", **ASK)
        assert (error["code"], error["retryable"]) == ("timeout", True)


async def test_models_that_callers_may_not_use_are_neither_asked_nor_listed(
    tmp_path: Path, clock: ManualClock
) -> None:
    settings = {**DEFAULT, "per_connection": {"ai": {"allow": ["text-*"]}}}
    async with ai_desk(tmp_path, clock, settings=settings) as desk:
        error = await desk.error("ai_generate_text", **ASK, connection="ai", model="gpt-5")
        assert (error["code"], error["rule"]) == ("forbidden_by_policy", "ai.allow")
        assert desk.script.asked == []
        listed = (await desk.ok("ai_list_models"))["data"]["records"]
        assert [each["id"] for each in listed] == [MODEL, "text-embedding-3-small"]


async def test_prompts_are_in_the_audit_as_length_and_hash(desk: AiDesk) -> None:
    desk.script.answers.append("Hello, Mrs Miller!")
    await desk.ok("ai_generate_text", prompt="Greet Mrs Miller", instructions="Mrs Miller is angry")
    (record,) = await desk.audited()
    assert "Miller" not in json.dumps(record)
    assert record["arguments"]["prompt"] == {
        "sha256": "34231a4a692e85ab13f3882738be41d2e4b55fcb6e56012ae64544acd3f311b6",
        "characters": 16,
    }


async def test_an_operator_may_want_prompts_in_the_audit(tmp_path: Path, clock: ManualClock) -> None:
    async with ai_desk(tmp_path, clock, log_prompts=True) as desk:
        desk.script.answers.append("Hello!")
        await desk.ok("ai_generate_text", prompt="Greet Mrs Miller")
        assert (await desk.audited())[0]["arguments"]["prompt"] == "Greet Mrs Miller"
