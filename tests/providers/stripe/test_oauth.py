"""How Stripe is asked for a consent, to join a platform and to install an app."""

from __future__ import annotations

from support.asking import asking
from wirepost.providers.stripe import PROVIDER


def test_joining_a_platform_asks_for_one_of_two_scopes() -> None:
    # https://docs.stripe.com/connect/oauth-reference
    address, sent = asking("stripe", auth="connect")
    assert address == "https://connect.stripe.com/oauth/authorize"
    assert sent["scope"] == "read_write"
    assert sent["response_type"] == "code"
    assert "code_challenge" not in sent
    assert asking("stripe", auth="connect", scopes=["read_only"])[1]["scope"] == "read_only"


def test_installing_an_app_asks_for_nothing_but_what_its_manifest_says() -> None:
    # https://docs.stripe.com/stripe-apps/api-authentication/oauth
    address, sent = asking("stripe", auth="apps")
    assert address == "https://marketplace.stripe.com/oauth/v2/authorize"
    assert set(sent) == {"client_id", "redirect_uri", "response_type", "state"}


def test_an_app_that_is_tried_out_has_a_link_of_its_own() -> None:
    link = "https://marketplace.stripe.com/oauth/v2/chnlink_1/authorize"
    assert asking("stripe", auth="apps", oauth={"authorize_url": link})[0] == link


def test_a_key_stays_the_way_in_that_needs_no_name() -> None:
    assert [method.name for method in PROVIDER.auth] == ["key", "connect", "apps"]
