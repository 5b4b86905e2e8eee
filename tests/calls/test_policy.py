"""Policy: the first fitting rule decides, and a rule that cannot do what it says stops the start."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.samples import (
    SAMPLES,
    board_list_cards,
    sample_delete_note,
    sample_get_note,
    sample_pay_note,
    sample_send_note,
    sample_update_note,
)
from wirepost.calls.policy import Decision, Policy, Subject, refusal
from wirepost.core.errors import ConfigError
from wirepost.core.money import Money, OpenAmount
from wirepost.settings import Rule
from wirepost.tools.tool import AnyTool


def rule(id_: str = "r", effect: str = "deny", **conditions: Any) -> Rule:
    return Rule.model_validate({"id": id_, "effect": effect, **conditions})


def subject(tool: AnyTool = sample_pay_note, **facts: Any) -> Subject:
    return Subject(
        **{"tool": tool, "connection": "stripe-live", "environment": "production", "caller": "anna"} | facts
    )


def decide(rules: list[Rule], tool: AnyTool = sample_pay_note, **facts: Any) -> Decision | None:
    return Policy(rules).decide(subject(tool, **facts))


def effect(rules: list[Rule], tool: AnyTool = sample_pay_note, **facts: Any) -> str:
    decision = decide(rules, tool, **facts)
    return decision.effect if decision else "open"


def eur(amount: str) -> Money:
    return Money.parse(amount, "eur")


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (sample_get_note, "allow"),
        (sample_update_note, "allow"),
        (sample_send_note, "confirm"),
        (sample_pay_note, "confirm"),
        (sample_delete_note, "confirm"),
    ],
)
def test_without_rules_the_risk_decides(tool: AnyTool, expected: str) -> None:
    decision = decide([], tool)
    assert decision is not None
    assert (decision.effect, decision.rule) == (expected, f"default:{tool.risk}")


def test_the_first_fitting_rule_decides() -> None:
    allow, deny = rule("a", "allow", tools=["sample_*"]), rule("d", "deny", risks=["W3"])
    assert decide([allow, deny]) == Decision("allow", "a", "rule a")
    assert decide([deny, allow]) == Decision("deny", "d", "rule d")
    assert effect([rule("x", "deny", callers=["bert"]), allow, deny]) == "allow"


def test_the_public_reason_is_told() -> None:
    assert decide([rule("d", "deny", reason="Refunds are made by finance.")]) == Decision(
        "deny", "d", "Refunds are made by finance."
    )


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"tools": ["sample_pay_note"]}, True),
        ({"tools": ["sample_*_note"]}, True),
        ({"tools": ["other", "sample_pay*"]}, True),
        ({"tools": ["*"]}, True),
        ({"tools": ["sample_pay"]}, False),
        ({"tools": ["SAMPLE_PAY_NOTE"]}, False),
        ({"tools": ["pay"]}, False),
        ({"risks": ["W3"]}, True),
        ({"risks": ["W1", "W3"]}, True),
        ({"risks": ["W2", "W4"]}, False),
        ({"connections": ["stripe-live"]}, True),
        ({"connections": ["stripe-*"]}, True),
        ({"connections": ["*-test"]}, False),
        ({"environments": ["production"]}, True),
        ({"environments": ["test", "sandbox"]}, False),
        ({"callers": ["anna"]}, True),
        ({"callers": ["an*"]}, True),
        ({"callers": ["ann"]}, False),
        ({"callers": ["ANNA"]}, False),
        ({"tools": ["sample_*"], "risks": ["W3"], "connections": ["stripe-*"], "callers": ["anna"]}, True),
        ({"tools": ["sample_*"], "risks": ["W3"], "connections": ["stripe-*"], "callers": ["bert"]}, False),
    ],
)
def test_every_condition_of_a_rule_must_hold(conditions: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - a table of cases
    assert effect([rule(effect="deny", **conditions)]) == ("deny" if fits else "confirm")


def test_our_own_tools_run_on_no_connection() -> None:
    facts = {"connection": "", "environment": ""}
    assert effect([rule(connections=["stripe-*"])], board_list_cards, **facts) == "allow"
    assert effect([rule(environments=["production"])], board_list_cards, **facts) == "allow"
    assert effect([rule(tools=["board_*"])], board_list_cards, **facts) == "deny"


# --- amounts ---


@pytest.mark.parametrize(
    ("limit", "money", "fits"),
    [
        ({"over": "100.00", "currency": "eur"}, eur("100.01"), True),
        ({"over": "100.00", "currency": "eur"}, eur("100.00"), False),
        ({"over": "0", "currency": "eur"}, eur("0.01"), True),
        ({"up_to": "100.00", "currency": "eur"}, eur("100.00"), True),
        ({"up_to": "100.00", "currency": "eur"}, eur("100.01"), False),
        ({"up_to": "100", "currency": "EUR"}, eur("99.99"), True),
        ({"over": "100", "currency": "jpy"}, Money(101, "jpy"), True),
        ({"over": "1.000", "currency": "kwd"}, Money(1000, "kwd"), False),
        ({"over": "1.000", "currency": "kwd"}, Money(1010, "kwd"), True),
        # A limit in euros says nothing about dollars, nor about actions that move no money.
        ({"over": "0", "currency": "eur"}, Money(10**9, "usd"), False),
        ({"up_to": "100", "currency": "eur"}, Money(1, "usd"), False),
        ({"over": "0", "currency": "eur"}, None, False),
        ({"up_to": "100", "currency": "eur"}, None, False),
        # What nobody can tell beforehand is over every limit.
        ({"over": "1000000", "currency": "eur"}, OpenAmount("eur"), True),
        ({"up_to": "1000000", "currency": "eur"}, OpenAmount("eur"), False),
        ({"over": "0", "currency": "eur"}, OpenAmount("usd"), False),
    ],
)
def test_amounts(limit: dict[str, str], money: Money | OpenAmount | None, fits: bool) -> None:  # noqa: FBT001 - a table of cases
    assert effect([rule(amount=limit)], money=money) == ("deny" if fits else "confirm")


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_over_and_up_to_divide_all_amounts(limit: int, minor: int) -> None:
    amount = {"currency": "eur"}
    over = effect([rule(amount=amount | {"over": Money(limit, "eur").major})], money=Money(minor, "eur"))
    up_to = effect([rule(amount=amount | {"up_to": Money(limit, "eur").major})], money=Money(minor, "eur"))
    assert {over, up_to} == {"deny", "confirm"}
    assert (over == "deny") is (minor > limit)


def test_an_unknown_amount_leaves_the_decision_open() -> None:
    limit = rule("limit", "deny", amount={"over": "100", "currency": "eur"})
    assert effect([limit], is_money_known=False) == "open"
    assert effect([limit, rule("all", "allow")], is_money_known=False) == "open"


@pytest.mark.parametrize(
    ("patterns", "targets", "decided"),
    [
        (["#support"], ("C1", "#support"), "deny"),
        (["C1*"], ("C123", "#support"), "deny"),
        (["#sales", "@anna"], ("U1", "@anna"), "deny"),
        (["#support"], ("C1", "#sales"), "confirm"),
        (["*"], (), "confirm"),
        (["#support"], None, "open"),
    ],
)
def test_targets(patterns: list[str], targets: tuple[str, ...] | None, decided: str) -> None:
    assert effect([rule(targets=patterns)], targets=targets) == decided


def test_an_unknown_amount_does_not_matter_to_rules_before_it_or_that_do_not_fit() -> None:
    limit = {"over": "100", "currency": "eur"}
    before = [rule("all", "deny"), rule("limit", "allow", amount=limit)]
    assert effect(before, is_money_known=False) == "deny"
    other_caller = [rule("limit", "allow", amount=limit, callers=["bert"]), rule("all", "deny")]
    assert effect(other_caller, is_money_known=False) == "deny"


# --- read-only ---


@pytest.mark.parametrize("tool", SAMPLES, ids=lambda tool: tool.name)
def test_read_only_beats_every_rule(tool: AnyTool) -> None:
    policy = Policy([rule("all", "allow")], is_read_only=True)
    decision = policy.decide(subject(tool))
    assert decision is not None
    assert decision.effect == ("allow" if tool.risk.is_read else "deny")
    assert decision.rule == ("all" if tool.risk.is_read else "read_only")


def test_read_only_does_not_allow_what_a_rule_denies() -> None:
    decision = Policy([rule("all", "deny")], is_read_only=True).decide(subject(sample_get_note))
    assert decision == Decision("deny", "all", "rule all")


# --- rules that cannot do what they say ---


def start_error(*rules: Rule) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        Policy(rules).check_against(SAMPLES)
    return refused.value


@pytest.mark.parametrize(
    ("conditions", "tool"),
    [
        ({"risks": ["W1"]}, "sample_update_note"),
        ({"risks": ["R"]}, "sample_get_note"),
        ({"tools": ["sample_get_note"]}, "sample_get_note"),
        ({"tools": ["sample_*"]}, "sample_get_note"),
        ({"connections": ["stripe-live"]}, "sample_get_note"),
        ({"risks": ["W1", "W3"]}, "sample_update_note"),
    ],
)
def test_asking_to_confirm_what_has_no_preview_stops_the_start(conditions: dict[str, Any], tool: str) -> None:
    error = start_error(rule("fine", "allow"), rule("ask", "confirm", **conditions))
    assert error.key == "policy.rules[ask]"
    assert tool in error.message
    assert "no preview" in error.message
    assert "approve" in str(error.hint)


@pytest.mark.parametrize(
    "conditions",
    [{"tools": ["slack_*"]}, {"tools": ["sample_get_note"], "risks": ["W3"]}, {"tools": ["Sample_get_note"]}],
)
def test_a_rule_that_fits_no_tool_stops_the_start(conditions: dict[str, Any]) -> None:
    error = start_error(rule("typo", "deny", **conditions))
    assert (error.key, error.message) == ("policy.rules[typo]", "matches no tool")


def test_rules_that_can_be_followed_are_accepted() -> None:
    Policy([]).check_against(SAMPLES)
    Policy(
        [
            rule("a", "allow"),
            rule("b", "deny", tools=["sample_*"]),
            rule("c", "approve", risks=["W1"]),
            rule("d", "confirm", risks=["W2", "W3", "W4"]),
            rule("e", "confirm", tools=["sample_pay_note"], amount={"over": "5", "currency": "eur"}),
        ]
    ).check_against(SAMPLES)


# --- refusals ---


def test_a_denial_names_rule_and_reason() -> None:
    error = refusal(Decision("deny", "d", "Refunds are made by finance."), "sample_pay_note")
    assert error.code == "forbidden_by_policy"
    assert error.message == "sample_pay_note is not allowed: Refunds are made by finance."
    assert error.payload()["rule"] == "d"
    assert error.outcome == "not_applied"


def test_a_missing_approval_says_who_has_to_act() -> None:
    error = refusal(Decision("approve", "a", "four eyes"), "sample_pay_note")
    assert error.code == "approval_required"
    assert "a person" in error.message
    assert "operator" in str(error.hint)
    assert error.payload()["rule"] == "a"
