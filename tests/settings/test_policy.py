"""Rules of the policy as they are written."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from wirepost.settings import AmountRange, PolicySettings, Rule


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"id": "a"}, "Field required"),
        ({"id": "A b", "effect": "deny"}, "String should match pattern"),
        ({"id": "a", "effect": "ask"}, "'allow', 'confirm', 'approve' or 'deny'"),
        ({"id": "a", "effect": "deny", "risks": ["W5"]}, "'R', 'W1', 'W2', 'W3' or 'W4'"),
        ({"id": "a", "effect": "deny", "environments": ["live"]}, "'production', 'test' or 'sandbox'"),
        ({"id": "a", "effect": "deny", "tools": [""]}, "at least 1 character"),
        ({"id": "a", "effect": "deny", "amount": {"over": "1"}}, "Field required"),
        ({"id": "a", "effect": "deny", "amount": {"currency": "eur"}}, "exactly one of over and up_to"),
        (
            {"id": "a", "effect": "deny", "amount": {"over": "1", "up_to": "2", "currency": "eur"}},
            "exactly one of over and up_to",
        ),
        ({"id": "a", "effect": "deny", "amount": {"over": "1.005", "currency": "eur"}}, "decimals"),
        ({"id": "a", "effect": "deny", "amount": {"over": "1", "currency": "zzz"}}, "three-letter"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Rule.model_validate(rule)


def test_two_rules_cannot_have_one_id() -> None:
    with pytest.raises(ValidationError, match="has two rules with the id a"):
        PolicySettings.model_validate(
            {"rules": [{"id": "a", "effect": "deny"}, {"id": "a", "effect": "allow"}]}
        )


def test_an_amount_is_kept_exactly() -> None:
    assert AmountRange.model_validate({"over": "100.00", "currency": "EUR"}).over == "100.00"
