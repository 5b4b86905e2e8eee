"""How GitHub is asked for a consent."""

from __future__ import annotations

from support.asking import asking


def test_scopes_are_separated_by_spaces_and_a_challenge_is_sent() -> None:
    # https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
    address, sent = asking("github")
    assert address == "https://github.com/login/oauth/authorize"
    assert sent["scope"] == "repo read:org"
    assert sent["code_challenge_method"] == "S256"
    assert sent["redirect_uri"] == "https://wirepost.example/oauth/callback/github"


def test_a_github_app_is_asked_for_no_scopes_at_all() -> None:
    assert "scope" not in asking("github", scopes=[])[1]
