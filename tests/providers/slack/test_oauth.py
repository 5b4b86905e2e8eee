"""How Slack is asked for a consent for two tokens, and which of its answers are refusals."""

from __future__ import annotations

import pytest

from support.asking import asking
from wirepost.providers.slack import PROVIDER
from wirepost.providers.slack.oauth import OAUTH, refusal_of


def test_scopes_of_app_and_person_are_asked_for_apart_and_no_challenge_is_sent() -> None:
    # https://docs.slack.dev/authentication/installing-with-oauth
    address, sent = asking(
        "slack", scopes=["chat:write", "channels:read"], user_scopes=("search:read.public", "search:read.im")
    )
    assert address == "https://slack.com/oauth/v2/authorize"
    assert sent["scope"] == "chat:write,channels:read"
    assert sent["user_scope"] == "search:read.public,search:read.im"
    assert sent["redirect_uri"] == "https://wirepost.example/oauth/callback/slack"
    assert not {"code_challenge", "code_challenge_method"} & set(sent)


def test_without_scopes_for_a_person_none_are_asked_for() -> None:
    assert "user_scope" not in asking("slack")[1]


def test_what_is_asked_for_is_what_the_tools_need() -> None:
    bots = {
        scope
        for tool in PROVIDER.tools
        for needed in tool.scopes
        for scope in needed.split("|")
        if not scope.startswith("search:")
    }
    assert bots <= set(OAUTH.scopes)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"ok": True}, None),
        ({"ok": False, "error": "invalid_code"}, "invalid_code"),
        ({"ok": False}, "unknown_error"),
        ({"error": "invalid_code"}, None),
    ],
)
def test_only_ok_false_is_a_refusal(answer, word) -> None:
    assert refusal_of(answer) == word
