"""The declaration of ways in: hosts that are the vendor's, and no others."""

from __future__ import annotations

import pytest

from wirepost.contracts.auth import OAuth2

SHOPS = OAuth2(
    authorize_url="https://{host}/admin/oauth/authorize",
    token_url="https://tokens.example.com/token",
    help="",
    host_pattern=r"[a-z0-9][a-z0-9-]{0,60}\.example\.com",
)


def test_an_address_is_filled_in_with_the_account_s_host() -> None:
    assert (
        SHOPS.at(SHOPS.authorize_url, "acme.example.com") == "https://acme.example.com/admin/oauth/authorize"
    )
    assert SHOPS.at(SHOPS.token_url, None) == "https://tokens.example.com/token"


@pytest.mark.parametrize(
    "host",
    [None, "", "example.com", "acme.example.com.evil.net", "evil.net/acme.example.com", "acme.example.com\n"],
)
def test_a_host_that_is_not_the_vendor_s_never_reaches_an_address(host) -> None:
    with pytest.raises(ValueError, match="is not an address of this provider"):
        SHOPS.at(SHOPS.authorize_url, host)
