"""A question is one of a kind: who can ask people says so, and whose answer counts is always named."""

from __future__ import annotations

from wirepost.contracts.asking import Asking
from wirepost.providers import load_provider, provider_names


def test_slack_alone_asks_people() -> None:
    offering = [each for each in map(load_provider, provider_names()) if Asking in each.offers]
    assert [each.name for each in offering] == ["slack"]
    assert {"ask", "find", "close"} == Asking.__abstractmethods__
