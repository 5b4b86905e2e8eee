"""Approvals in Slack need a connection to Slack that hears of buttons, and people named by id."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.settings import ApprovalSettings, Settings

SLACK = {"connection": "chat", "channel": "#approvals", "approvers": ["U0123ABCD"]}
REAL = {"provider": "slack", "environment": "production", "key": "env:SLACK"}


def settings(chat: dict[str, Any], **changes: Any) -> Settings:
    given = {"connections": {"chat": chat}, "approvals": {"slack": {**SLACK, **changes}}}
    return Settings.model_validate(given)


def test_a_call_waits_for_a_day_and_nobody_is_asked_in_slack() -> None:
    assert ApprovalSettings().model_dump() == {"life_s": 86_400, "slack": None}


def test_a_sandbox_hears_of_buttons_by_itself_and_a_real_workspace_with_a_webhook() -> None:
    assert settings({"provider": "slack", "environment": "sandbox"}).approvals.slack is not None
    assert settings({**REAL, "webhooks": {"default": {}}}).approvals.slack is not None


@pytest.mark.parametrize(
    ("connection", "changes", "told"),
    [
        (REAL, {}, "needs webhooks"),
        ({"provider": "stripe", "environment": "sandbox"}, {}, "no connection to Slack"),
        ({"provider": "slack", "environment": "sandbox"}, {"connection": "other"}, "names other"),
        ({"provider": "slack", "environment": "sandbox"}, {"approvers": []}, "at least 1"),
        ({"provider": "slack", "environment": "sandbox"}, {"approvers": ["@frida"]}, "pattern"),
        ({"provider": "slack", "environment": "sandbox"}, {"channel": ""}, "at least 1"),
    ],
)
def test_what_could_not_work_is_refused(
    connection: dict[str, Any], changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        settings(connection, **changes)
