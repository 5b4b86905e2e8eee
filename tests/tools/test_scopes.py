"""What a caller's scopes contain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wirepost.tools.scopes import caller_scope, implied


@pytest.mark.parametrize(
    ("risk", "scope"),
    [("R", "crm.read"), ("W1", "crm.write"), ("W2", "crm.write"), ("W3", "crm.money"), ("W4", "crm.danger")],
)
def test_the_scope_of_a_tool_follows_from_toolset_and_risk(risk, scope) -> None:
    assert caller_scope(SimpleNamespace(toolset="crm", risk=risk)) == scope


@pytest.mark.parametrize(
    ("held", "contained"),
    [
        ({"crm.read"}, {"crm.read"}),
        ({"crm.write"}, {"crm.read", "crm.write"}),
        ({"crm.money"}, {"crm.read", "crm.write", "crm.money"}),
        ({"crm.danger", "stripe.read"}, {"crm.read", "crm.write", "crm.danger", "stripe.read"}),
        ({"admin", "openid", "write", ""}, {"admin", "openid", "write", ""}),
        (set(), set()),
    ],
)
def test_a_larger_scope_contains_the_smaller_ones_of_its_toolset(held, contained) -> None:
    assert implied(held) == contained
