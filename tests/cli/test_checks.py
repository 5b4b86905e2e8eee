"""What can be checked without a port and without a provider."""

from __future__ import annotations

from wirepost.cli.checks import configuration_problems


def test_everything_unusable_is_found_at_once(configure) -> None:
    configure(
        "connections:\n  a: {provider: strip, environment: sandbox}\n"
        "  b: {provider: github, environment: sandbox}\n"
        "policy:\n  rules:\n    - {id: x, effect: deny, tools: [nothing]}\n"
    )
    loaded, problems, missing = configuration_problems(None)
    assert loaded is not None
    assert [(each.key, each.line) for each in problems] == [
        ("connections.a.provider", 2),
        ("connections.b.environment", 3),
        ("policy.rules[x]", 6),
    ]
    assert missing == []


def test_a_file_that_cannot_be_read_has_no_settings(configure) -> None:
    configure("a: [")
    loaded, problems, _ = configuration_problems(None)
    assert loaded is None
    assert [problem.line for problem in problems] == [1]


def test_options_of_the_command_line_count(configure) -> None:
    loaded, _, _ = configuration_problems(None, {"data_dir": "/x"})
    assert loaded is not None
    assert str(loaded.settings.data_dir) == "/x"
