"""Deciding: refused before anything is read where no plan can help, otherwise with the plan in hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from support.clock import START, ManualClock
from support.sample_vendor import Assembled, assembled
from support.samples import sample_pay_note
from wirepost.calls.attempt import Attempt
from wirepost.calls.audit import records
from wirepost.calls.caller import LOCAL, Caller
from wirepost.calls.policy import Decision, Subject
from wirepost.tools.context import no_progress
from wirepost.upstream.scope import Scope

PAY = {"note": "n_1", "amount": "50.00", "currency": "eur"}
OVER_20 = {"over": "20.00", "currency": "eur"}


@asynccontextmanager
async def judged(directory: Path, *rules: dict[str, Any], **options: Any) -> AsyncIterator[Assembled]:
    async with assembled(directory, ManualClock(), rules=list(rules), **options) as path:
        yield path


async def error(path: Assembled, name: str, /, **arguments: Any) -> dict[str, Any]:
    outcome = await path.call(name, **arguments)
    assert outcome.is_error, outcome.envelope
    found: dict[str, Any] = outcome.envelope["error"]
    assert found["outcome"] == "not_applied"
    return found


async def data(path: Assembled, name: str, /, **arguments: Any) -> dict[str, Any]:
    outcome = await path.call(name, **arguments)
    assert not outcome.is_error, outcome.envelope
    found: dict[str, Any] = outcome.envelope["data"]
    return found


# --- without a preview ---


@pytest.mark.parametrize("tool", ["sample_get_note", "sample_update_note"])
async def test_reads_and_reversible_writes_are_allowed(tmp_path: Path, tool: str) -> None:
    async with judged(tmp_path) as path:
        assert await data(path, tool, note="n_1") == {"id": "n_1"}


@pytest.mark.parametrize(
    ("effect", "code"), [("deny", "forbidden_by_policy"), ("approve", "approval_required")]
)
@pytest.mark.parametrize("tool", ["sample_get_note", "sample_update_note"])
async def test_reads_and_reversible_writes_can_be_stopped(
    tmp_path: Path, tool: str, effect: str, code: str
) -> None:
    async with judged(tmp_path, {"id": "stop", "effect": effect, "reason": "closed"}) as path:
        found = await error(path, tool, note="n_1")
        assert (found["code"], found["rule"]) == (code, "stop")
        assert "closed" in found["message"]
        assert not path.vendor.requests


# --- with a preview ---


async def test_a_preview_shows_plan_decision_and_a_confirmation_that_works(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        preview = await data(path, "sample_pay_note", **PAY, mode="preview")
        token = preview.pop("confirmation")
        assert preview == {
            "plan": "Pay",
            "effects": [{"what": "Paid", "after": "50.00"}],
            "reversible": False,
            "expires_at": "2026-11-25T10:10:00Z",
            "decision": {"effect": "confirm", "rule": "default:W3", "reason": "the default for W3 tools"},
        }
        assert await data(path, "sample_pay_note", **PAY, confirmation=token) == {"id": "n_1"}


async def test_our_own_tools_are_confirmed_like_all_others(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        token = (await error(path, "board_pin_card", card="c_1"))["plan"]["confirmation"]
        assert await data(path, "board_pin_card", card="c_1", confirmation=token) == {"id": "c_1"}


async def test_an_execution_without_confirmation_gets_the_plan_with_one(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        found = await error(path, "sample_pay_note", **PAY)
        assert (found["code"], found["rule"]) == ("confirmation_required", "default:W3")
        token = found["plan"]["confirmation"]
        assert await data(path, "sample_pay_note", **PAY, confirmation=token) == {"id": "n_1"}


async def test_a_confirmation_that_does_not_fit_gets_a_new_plan(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        other = (await data(path, "sample_pay_note", **PAY | {"note": "n_2"}, mode="preview"))["confirmation"]
        found = await error(path, "sample_pay_note", **PAY, confirmation=other)
        assert found["code"] == "confirmation_mismatch"
        token = found["plan"]["confirmation"]
        assert await data(path, "sample_pay_note", **PAY, confirmation=token) == {"id": "n_1"}
        again = await error(path, "sample_pay_note", **PAY, intent="another", confirmation=token)
        assert again["code"] == "confirmation_mismatch"
        assert "already used" in again["message"]
        assert again["plan"]["confirmation"] != token


async def test_a_wrong_confirmation_is_refused_even_where_none_is_needed(tmp_path: Path) -> None:
    async with judged(tmp_path, {"id": "free", "effect": "allow"}) as path:
        assert (await error(path, "sample_pay_note", **PAY, confirmation="x"))[
            "code"
        ] == "confirmation_mismatch"
        assert await data(path, "sample_pay_note", **PAY) == {"id": "n_1"}


async def test_a_caller_cannot_use_the_confirmation_of_another(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        token = (await data(path, "sample_pay_note", **PAY, mode="preview"))["confirmation"]
        found = await error(path, "sample_pay_note", caller=Caller("bert"), **PAY, confirmation=token)
        assert found["code"] == "confirmation_mismatch"


@pytest.mark.parametrize("mode", ["preview", "execute"])
async def test_what_is_denied_is_not_even_planned(tmp_path: Path, mode: str) -> None:
    async with judged(tmp_path, {"id": "never", "effect": "deny", "risks": ["W3"]}) as path:
        found = await error(path, "sample_pay_note", **PAY | {"amount": "no amount"}, mode=mode)
        assert (found["code"], found["rule"]) == ("forbidden_by_policy", "never")
        assert "plan" not in found


@pytest.mark.parametrize("mode", ["preview", "execute"])
async def test_what_needs_approval_shows_its_plan_without_a_confirmation(tmp_path: Path, mode: str) -> None:
    async with judged(tmp_path, {"id": "eyes", "effect": "approve", "risks": ["W3"]}) as path:
        found = await error(path, "sample_pay_note", **PAY, mode=mode)
        assert (found["code"], found["rule"]) == ("approval_required", "eyes")
        assert found["plan"]["effects"] == [{"what": "Paid", "after": "50.00"}]
        assert "confirmation" not in found["plan"]


@pytest.mark.parametrize(
    ("amount", "code"),
    [("20.00", None), ("20.01", "forbidden_by_policy"), ("50.00", "forbidden_by_policy")],
)
async def test_a_rule_on_amounts_decides_once_the_amount_is_known(
    tmp_path: Path, amount: str, code: str | None
) -> None:
    rules = [
        {"id": "much", "effect": "deny", "amount": OVER_20},
        {"id": "free", "effect": "allow"},
    ]
    async with judged(tmp_path, *rules) as path:
        outcome = await path.call("sample_pay_note", **PAY | {"amount": amount})
        assert outcome.envelope.get("error", {}).get("code") == code


async def test_a_confirmation_does_not_help_against_a_rule_on_amounts(tmp_path: Path) -> None:
    rule = {"id": "much", "effect": "approve", "amount": OVER_20}
    async with judged(tmp_path) as before:
        token = (await data(before, "sample_pay_note", **PAY, mode="preview"))["confirmation"]
    async with judged(tmp_path, rule) as path:
        found = await error(path, "sample_pay_note", **PAY, confirmation=token)
        assert (found["code"], found["rule"]) == ("approval_required", "much")


async def test_money_rules_of_the_connection_come_before_every_permission(tmp_path: Path) -> None:
    money = {"max_per_action": {"eur": "49.99"}, "max_per_day": {"usd": "10.00"}}
    async with judged(tmp_path, {"id": "free", "effect": "allow"}, money=money) as path:
        found = await error(path, "sample_pay_note", **PAY)
        assert (found["code"], found["rule"]) == ("forbidden_by_policy", "money")
        assert await data(path, "sample_pay_note", **PAY | {"amount": "49.99"})
        dollars = PAY | {"currency": "usd", "amount": "10.00"}
        assert await data(path, "sample_pay_note", **dollars, intent="first")
        found = await error(path, "sample_pay_note", **dollars, intent="second")
        assert (found["code"], found["rule"]) == ("forbidden_by_policy", "money")


async def test_every_decision_is_recorded_with_its_rule(tmp_path: Path) -> None:
    rules = [{"id": "small", "effect": "allow", "amount": {"up_to": "20.00", "currency": "eur"}}]
    async with judged(tmp_path, *rules) as path:
        await path.call("sample_pay_note", **PAY | {"amount": "1.00"})
        await path.call("sample_pay_note", **PAY)
        await path.call("sample_get_note", note="n_1")
        found = [row[2] async for row in records(path.database)]
    assert [
        '"rule":"small"' in found[0],
        '"rule":"default:W3"' in found[1],
        '"rule":"default:R"' in found[2],
    ] == [True] * 3


# --- explained without a call ---


async def test_a_rule_on_amounts_is_left_open_where_the_amount_is_not_known(tmp_path: Path) -> None:
    async with judged(tmp_path, {"id": "much", "effect": "deny", "amount": OVER_20}) as path:
        subject = Subject(sample_pay_note, "sample", "sandbox", "anna", is_money_known=False)
        assert path.judge.explain(subject) == Decision(
            "confirm", "amount", "depends on amount or target; a preview tells"
        )


# --- used out of order ---


async def test_nothing_is_decided_before_tool_and_arguments_are_known(tmp_path: Path) -> None:
    async with judged(tmp_path) as path:
        attempt = Attempt(LOCAL, "sample_pay_note", {}, no_progress, START, 0, 45, Scope(45))
        with pytest.raises(RuntimeError, match="the tool is not known"):
            await path.judge.decide(attempt)
        attempt.tool = sample_pay_note
        with pytest.raises(TypeError, match="cannot be planned"):
            await path.judge.decide(attempt)
        with pytest.raises(RuntimeError, match="was not planned"):
            path.judge.new_plan(attempt)
