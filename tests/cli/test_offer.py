"""Which tools a configuration offers, and why the others are left out."""

from __future__ import annotations

import pytest

from wirepost.cli.offer import find_tool, offer
from wirepost.core.errors import ConfigError
from wirepost.settings import load
from wirepost.tools.index import all_tools


def test_every_tool_is_offered_or_left_out_with_a_reason() -> None:
    found = offer(load(environ={}))
    assert {tool.name for tool in found.listed} | set(found.left_out) == {tool.name for tool in all_tools()}
    assert "stripe_create_refund" in {tool.name for tool in found.listed}
    assert found.left_out["stripe_void_invoice"] == "not in the preset support; it is in finance"


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("read_only: true", "stripe_create_refund", "read_only is on"),
        ("tools: {exclude: [stripe_create_refund]}", "stripe_create_refund", "tools.exclude names it"),
    ],
)
def test_the_reason_is_the_one_that_counts(configure, text: str, name: str, reason: str) -> None:
    configure(text)
    assert offer(load(environ={})).left_out[name] == reason


def test_the_offer_is_what_a_server_lists(cli) -> None:
    listed = cli("tools", "call", "policy_explain", "tool=nothing", "--json").json["error"]["fields"][0][
        "allowed"
    ]
    assert sorted(tool.name for tool in offer(load(environ={})).listed) == listed


def test_an_unknown_name_is_told_by_line(configure) -> None:
    configure("tools:\n  exclude:\n    - stripe_nothing\n")
    with pytest.raises(ConfigError, match=r"^wirepost.yaml:2: tools.exclude: there is no"):
        offer(load(environ={}))


def test_a_tool_is_found_by_name() -> None:
    assert find_tool("stripe_void_invoice").name == "stripe_void_invoice"
    with pytest.raises(ConfigError, match="did you mean stripe_void_invoice"):
        find_tool("stripe_void_invoce")
    with pytest.raises(ConfigError, match="tools list --all"):
        find_tool("xyzzy")
