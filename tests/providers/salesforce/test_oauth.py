"""How Salesforce is asked for a consent: at its login, in a sandbox, or at the organisation's own address."""

from __future__ import annotations

import pytest

from support.asking import asking
from wirepost.core.errors import ConfigError
from wirepost.providers.salesforce.oauth import OAUTH, refusal_of


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({"environment": "production"}, "login.salesforce.com"),
        ({"environment": "test"}, "test.salesforce.com"),
        ({"base_url": "https://acme.my.salesforce.com"}, "acme.my.salesforce.com"),
        ({"base_url": "https://acme--uat.sandbox.my.salesforce.com"}, "acme--uat.sandbox.my.salesforce.com"),
    ],
)
def test_a_consent_is_asked_for_where_the_account_is(settings, host) -> None:
    address, sent = asking("salesforce", **settings)
    assert address == f"https://{host}/services/oauth2/authorize"
    assert sent["scope"] == "api refresh_token openid"
    assert sent["code_challenge_method"] == "S256"


@pytest.mark.parametrize(
    "host",
    [
        "acme.my.salesforce.com.evil.example",
        "evil.example",
        "x.login.salesforce.com",
        "a.b.c.my.salesforce.com",
    ],
)
def test_any_other_host_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="is not an address of this provider"):
        asking("salesforce", base_url=f"https://{host}")


def test_an_app_that_an_administrator_must_allow_is_told_from_a_dead_grant() -> None:
    said = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
    assert OAUTH.refusals[refusal_of(said) or ""] == "config"
    assert refusal_of({**said, "error_description": "expired access/refresh token"}) == "invalid_grant"
    assert refusal_of({"access_token": "00D"}) is None
