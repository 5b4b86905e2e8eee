"""What doctor says of accounts that people connected, before a call finds it out."""

from __future__ import annotations

import pytest

from wirepost.cli.findings.accounts import accounts
from wirepost.connections.accounts import Account

NOW = 1_800_000_000.0
DAY = 86400.0


def about(**facts):
    return list(accounts([Account("crm", account_label="Ac\x1bme", **facts)], NOW))


@pytest.mark.parametrize(
    ("facts", "status", "what"),
    [
        (
            {"state": "needs_reauth", "reason": "revoked\n"},
            "error",
            "crm: the consent of Acme has ended: revoked",
        ),
        ({"state": "needs_reauth"}, "error", "the provider ended it"),
        ({"state": "revoking", "owner": "anna"}, "warning", "crm: Acme (anna) is removed here"),
        ({"state": "degraded"}, "warning", "could not be renewed: the provider does not answer"),
        ({"state": "degraded", "reason": "http_502"}, "warning", "could not be renewed: http_502"),
        ({"refresh_expires_at": NOW + 6 * DAY}, "warning", "ends on 2027-01-21"),
    ],
)
def test_what_ends_is_named_with_the_command_that_mends_it(facts, status, what) -> None:
    (finding,) = about(**facts)
    assert finding.status == status
    assert what in finding.what
    assert "\x1b" not in finding.what
    if facts.get("state") != "degraded":
        assert finding.fix.startswith("wirepost connections ")


@pytest.mark.parametrize(
    "facts", [{}, {"refresh_expires_at": NOW + 8 * DAY}, {"state": "needs_reauth", "part": "user"}]
)
def test_what_is_well_is_not_worth_a_word(facts) -> None:
    assert about(**facts) == []


def test_an_account_without_a_name_is_one_all_the_same() -> None:
    (finding,) = accounts([Account("crm", state="needs_reauth")], NOW)
    assert "the consent of an account has ended" in finding.what
