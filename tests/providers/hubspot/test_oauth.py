"""How HubSpot is asked for a consent, and its two words for one refusal."""

from __future__ import annotations

from support.asking import asking
from wirepost.providers.hubspot.client import API_VERSION
from wirepost.providers.hubspot.oauth import OAUTH, TOKEN


def test_scopes_are_separated_by_spaces_and_a_challenge_is_sent() -> None:
    address, sent = asking("hubspot", scopes=["oauth", "crm.objects.contacts.read"])
    assert address == "https://app.hubspot.com/oauth/authorize"
    assert sent["scope"] == "oauth crm.objects.contacts.read"
    assert sent["redirect_uri"] == "https://wirepost.example/oauth/callback/hubspot"
    assert sent["code_challenge_method"] == "S256"
    assert "optional_scope" not in sent


def test_the_dated_version_is_the_one_of_all_requests() -> None:
    assert f"https://api.hubapi.com/oauth/{API_VERSION}/token" == TOKEN


def test_the_standard_s_word_goes_before_hubspot_s_own() -> None:
    own = {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
    assert OAUTH.refusal_of(own) == "BAD_REFRESH_TOKEN"
    assert OAUTH.refusal_of({**own, "error": "invalid_grant"}) == "invalid_grant"
    assert OAUTH.refusal_of({"access_token": "x", "status": "fine"}) is None
