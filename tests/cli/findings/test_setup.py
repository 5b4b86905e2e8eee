"""Findings about configuration and tools."""

from __future__ import annotations

from wirepost.cli.findings.setup import configuration, tools
from wirepost.core.errors import ConfigError
from wirepost.settings import load


def test_every_problem_is_a_finding_with_its_place() -> None:
    problems = [
        ConfigError("must be a number", file="w.yaml", line=3, key="limits.call_s"),
        ConfigError("is no YAML", file="w.yaml"),
        ConfigError("is odd", key="a", hint="did you mean b?"),
    ]
    found = [(finding.what, finding.fix) for finding in configuration(None, problems)]
    assert found == [
        ("limits.call_s (w.yaml:3) must be a number", "wirepost config explain limits.call_s"),
        ("the file (w.yaml) is no YAML", None),
        ("a is odd", "did you mean b?"),
    ]


def test_a_fine_configuration_says_where_it_is(configure) -> None:
    assert [each.status for each in configuration(load(environ={}), [])] == ["ok"]
    path = configure("read_only: true")
    found = [each.what for each in configuration(load(environ={}), [])]
    assert found[0] == str(path)
    assert found[1].startswith("read only")


def test_a_list_that_is_too_long_is_to_be_looked_at(configure) -> None:
    configure("tools: {preset: null, toolsets: [crm, stripe, slack]}")
    found = next(tools(load(environ={})))
    assert found.status == "warning"
    assert "some clients stop at 40 tools" in found.why
    assert "connection_help" in found.why


def test_tools_that_are_left_out_are_listed_by_reason(configure) -> None:
    configure("tools: {exclude: [stripe_create_refund]}")
    found = list(tools(load(environ={})))
    assert found[0].status == "ok"
    assert "tokens" in found[0].what
    assert ("stripe_create_refund", "tools.exclude names it") in [(each.what, each.why) for each in found]
    assert any("and" in each.what and "more" in each.what for each in found[1:])
