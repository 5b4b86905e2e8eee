"""Validation's findings as errors in a person's words."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from wirepost.settings import ServerSettings, Settings
from wirepost.settings.overlay import Layers, Origin
from wirepost.settings.problems import first_problem, problems_in


def problems(tree: dict[str, object]) -> list[str]:
    layers = Layers(tree, {(key,): Origin("file", "w.yaml", line) for line, key in enumerate(tree, 1)})
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(tree)
    return [str(problem) for problem in problems_in(caught.value, layers)]


def test_no_message_is_validations_own() -> None:
    connection = {
        "provider": 1,
        "environment": "live",
        "accounts": ["x"],
        "limits": {"burst": 1.5},
        "compact": "x",
    }
    found = problems(
        {
            "server": {"host": "", "port": -1, "idle_exit_s": [], "odd": 1},
            "connections": {"x y": {}, "a": connection},
            "policy": {"rules": [{"id": "a", "effect": "deny", "reason": "x" * 301}]},
        }
    )
    known = ", ".join(ServerSettings.model_fields)
    assert found == [
        "w.yaml:1: server.host: must not be empty",
        "w.yaml:1: server.idle_exit_s: must be a number",
        f"w.yaml:1: server.odd: is not a known option (known: {known})",
        "w.yaml:1: server.port: must be at least 0",
        "w.yaml:2: connections.a.accounts[0]: must be an account id (acct_…)",
        "w.yaml:2: connections.a.compact: must be true or false",
        "w.yaml:2: connections.a.environment: must be one of production, test, sandbox",
        "w.yaml:2: connections.a.limits.burst: must be a whole number",
        "w.yaml:2: connections.a.provider: must be a text; put it in quotes",
        "w.yaml:2: connections.x y: must be a name of at most 40 lower-case letters, digits, - and _",
        "w.yaml:2: connections.x y.environment: is required (one of production, test, sandbox)",
        "w.yaml:2: connections.x y.provider: is required",
        "w.yaml:3: policy.rules[0].reason: must have at most 300 characters",
    ]


def test_a_model_that_stands_alone_is_spoken_of_without_the_path_to_it() -> None:
    with pytest.raises(ValidationError) as caught:
        ServerSettings.model_validate({"prot": 1})
    assert first_problem(caught.value, ServerSettings) == "prot is not a known option (did you mean port?)"
