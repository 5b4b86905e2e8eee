"""Callers: who they are is all that counts, and a caller without scopes may use what is offered."""

from __future__ import annotations

import dataclasses

import pytest

from wirepost.calls.caller import LOCAL, Caller


def test_the_owner_of_the_machine_may_use_everything_that_is_offered() -> None:
    assert Caller("local", scopes=None, client=None) == LOCAL


def test_no_scopes_are_something_else_than_all_scopes() -> None:
    assert Caller("a", frozenset()) != Caller("a", None)


def test_a_caller_cannot_be_changed_on_the_way() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LOCAL.id = "somebody else"  # type: ignore[misc]


def test_callers_with_equal_rights_can_share_a_list() -> None:
    assert len({Caller("a", frozenset({"x", "y"})), Caller("a", frozenset({"y", "x"}))}) == 1


@pytest.mark.parametrize(
    ("scopes", "is_operator"), [(None, True), ({"admin"}, True), ({"crm.danger"}, False)]
)
def test_operators_are_those_who_may_everything_and_those_with_the_scope(scopes, is_operator) -> None:
    assert Caller("a", None if scopes is None else frozenset(scopes)).is_operator is is_operator
