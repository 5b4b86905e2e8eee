"""`wirepost connections`: what is configured, and what its credentials may do."""

from __future__ import annotations

import pytest

from wirepost.cli.connections import _lines
from wirepost.core.errors import ConfigError

SHOPS = """\
connections:
  sandbox: {provider: stripe, environment: sandbox}
  shop: {provider: stripe, environment: test, key: env:SURELY_NOT_SET}
"""
FOUND = {
    "name": "chat",
    "provider": "slack",
    "environment": "production",
    "identity": "the\x1b[31m bot",
    "account": "Nordlicht",
    "account_id": "T1",
    "scopes": ["chat:write"],
    "quota": {"remaining": 10},
    "clock_skew_s": -2.5,
    "missing": {"slack_find_users": ["users:read"]},
    "warnings": ["the token ends tomorrow"],
}


def test_connections_are_listed_with_what_is_missing(cli, configure) -> None:
    configure(SHOPS)
    rows = cli("connections", "list", "--json").json
    assert [(row["name"], row["status"]) for row in rows] == [("sandbox", "ready"), ("shop", "not_connected")]
    assert "SURELY_NOT_SET" in rows[1]["problem"]
    assert "SURELY_NOT_SET" in cli("connections", "list").out


def test_a_check_asks_and_tells_who_the_credential_is(cli, configure) -> None:
    configure(SHOPS)
    result = cli("connections", "check", "sandbox")
    assert result.code == 0
    assert "sandbox: stripe sandbox: works as" in result.out
    (found,) = cli("connections", "check", "sandbox", "--json").json
    assert found["missing"] == {}
    assert found["took_ms"] >= 0


def test_one_that_cannot_be_used_makes_the_command_fail(cli, configure) -> None:
    configure(SHOPS)
    result = cli("connections", "check")
    assert result.code == 1
    assert "shop: stripe test:" in result.out
    assert "works as" in result.out, "the others are asked all the same"


def test_an_unknown_name_is_refused_with_those_that_exist(cli, configure) -> None:
    configure(SHOPS)
    result = cli("connections", "check", "shpo")
    assert result.code == 2
    assert "sandbox, shop" in result.err


def test_everything_found_is_shown_without_control_characters() -> None:
    assert _lines(FOUND) == [
        "chat: slack production: works as the[31m bot",
        "  account Nordlicht (T1)",
        "  granted: chat:write",
        "  slack_find_users is not listed: needs users:read",
        "  quota: remaining 10",
        "  clocks differ by 2.5 s",
        "  the token ends tomorrow",
    ]


@pytest.mark.parametrize("error", [ConfigError("the key belongs to production", hint="change it")])
def test_an_error_is_shown_with_what_to_do(error) -> None:
    found = {**FOUND, "error": {"message": error.message, "hint": error.hint}}
    assert _lines(found) == ["chat: slack production: the key belongs to production", "  change it"]
