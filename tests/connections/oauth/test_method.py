"""OAuth as a connection speaks it: the provider's declaration, the configuration, the account's host."""

from __future__ import annotations

import dataclasses

import pytest

from support.sample_vendor import SAMPLE, connection_settings
from wirepost.connections.oauth.method import is_loopback, method_for, origin_of
from wirepost.contracts.auth import OAuth2, Revocation
from wirepost.core.errors import ConfigError

HOSTED = OAuth2(
    "https://{host}/authorize",
    "https://{host}/token",
    "Ask.",
    revocation=Revocation("https://{host}/revoke", parameter="t"),
    host_pattern=r"(login|test)\.vendor\.example|[a-z]+\.my\.vendor\.example",
)
FIXED = OAuth2("https://vendor.example/authorize", "https://vendor.example/token", "Ask.")


def method(declared: OAuth2, address: str | None = None, **options) -> OAuth2:
    provider = dataclasses.replace(SAMPLE, auth=(*SAMPLE.auth, declared))
    settings = connection_settings("test", auth="oauth", **options)
    return method_for(provider, settings, address)


def test_without_settings_the_declaration_holds() -> None:
    assert method(FIXED) == FIXED


def test_settings_lie_over_the_declaration() -> None:
    changed = method(
        FIXED,
        oauth={
            "authorize_url": "https://a.example/x",
            "token_url": "https://b.example/y",
            "device_url": "https://c.example/z",
            "revoke_url": "https://d.example/r",
            "issuer": "https://a.example",
            "client_auth": "basic",
            "pkce": False,
            "scope_separator": ",",
            "rotates": True,
            "lifetime_s": 60,
        },
    )
    assert changed == dataclasses.replace(
        FIXED,
        authorize_url="https://a.example/x",
        token_url="https://b.example/y",
        device_url="https://c.example/z",
        revocation=Revocation("https://d.example/r"),
        issuer="https://a.example",
        client_auth="basic",
        has_pkce=False,
        scope_separator=",",
        rotates=True,
        lifetime_s=60.0,
    )


def test_how_a_vendor_revokes_stays_where_only_the_address_changes() -> None:
    changed = method(
        HOSTED, base_url="https://a.my.vendor.example", oauth={"revoke_url": "https://d.example/r"}
    )
    assert changed.revocation == Revocation("https://d.example/r", parameter="t")


@pytest.mark.parametrize(
    ("options", "address", "host"),
    [
        ({"base_url": "https://acme.my.vendor.example"}, None, "acme.my.vendor.example"),
        ({}, "https://shop.my.vendor.example", "shop.my.vendor.example"),
        ({"base_url": "https://a.my.vendor.example"}, "https://b.my.vendor.example", "a.my.vendor.example"),
    ],
)
def test_the_host_of_the_account_is_filled_in_everywhere(options, address, host) -> None:
    filled = method(HOSTED, address, **options)
    assert filled.authorize_url == f"https://{host}/authorize"
    assert filled.token_url == f"https://{host}/token"
    assert filled.revocation is not None
    assert filled.revocation.url == f"https://{host}/revoke"


def test_a_vendor_may_have_a_host_for_all_accounts_of_an_environment() -> None:
    declared = dataclasses.replace(HOSTED, default_hosts={"test": "test.vendor.example"})
    assert method(declared).token_url == "https://test.vendor.example/token"
    assert method(declared, "https://x.my.vendor.example").token_url == "https://test.vendor.example/token"


def test_this_machine_may_stand_in_for_a_vendor() -> None:
    assert method(HOSTED, base_url="http://127.0.0.1:8000/x").token_url == "http://127.0.0.1:8000/token"
    assert method(FIXED, base_url="http://127.0.0.1:8000") == FIXED  # the vendor has one address of its own


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "https://login.vendor.example.evil.example",
        "https://evil.example/login.vendor.example",
        "https://loginxvendor.example",
        None,
    ],
)
def test_no_other_host_gets_into_an_address(address) -> None:
    with pytest.raises(ConfigError, match="not an address of this provider") as error:
        method(HOSTED, address)
    assert error.value.key == "base_url"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match="no authorize_url") as error:
        method(dataclasses.replace(FIXED, authorize_url=""))
    assert error.value.key == "oauth.authorize_url"
    with pytest.raises(ConfigError, match="no token_url"):
        method(dataclasses.replace(FIXED, token_url=""))


def test_a_connection_by_key_takes_no_consent() -> None:
    with pytest.raises(ConfigError, match="takes no consent by 'key'"):
        method_for(SAMPLE, connection_settings("test"))


def test_an_address_has_an_origin() -> None:
    assert origin_of("https://a.example:8443/b/c?d#e") == "https://a.example:8443"
    assert [is_loopback(each) for each in ("http://localhost:1", "https://127.0.0.1.evil.example")] == [
        True,
        False,
    ]
