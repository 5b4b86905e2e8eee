"""The desk: scopes besides those of the tools, and which subscriptions are meant."""

from __future__ import annotations

import pytest

from wirepost.calls.caller import Caller
from wirepost.core.errors import NotConnected
from wirepost.events.filters import Filter
from wirepost.tools.scopes import HISTORY


@pytest.mark.parametrize("scopes", [None, frozenset({HISTORY}), frozenset({"admin"})])
async def test_a_scope_is_enough_and_so_is_everything(desks, scopes):
    desks.of(Caller("anna", scopes)).require(HISTORY)


async def test_a_missing_scope_is_named(desks):
    with pytest.raises(NotConnected) as refused:
        desks.of(Caller("anna", frozenset({"event.read"}))).require(HISTORY)
    assert refused.value.payload()["needed"] == [HISTORY]
    assert refused.value.payload()["granted"] == ["event.read"]


async def test_without_a_name_all_defaults_are_meant(desks):
    desk = desks.of(Caller("anna"))
    assert [each.name for each in await desk.given(None)] == ["default"]
    await desk.default(Filter(sources=("shop",)))
    assert [each.name for each in await desk.given(None)] == ["default", "default shop"]
    assert [each.name for each in await desk.given("default shop")] == ["default shop"]
