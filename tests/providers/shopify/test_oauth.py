"""Redirects of Shopify: signed as it describes, from the shop that was asked, and nothing else."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.asking import asking
from wirepost.core.errors import ConfigError
from wirepost.providers.shopify.oauth import OAUTH, is_from_shop, refusal_of, signature

# Shopify's own example, with the secret it is signed with:
# https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
SECRET, SHOP = "hush", "some-shop.myshopify.com"
QUERY = dict(
    parse_qsl(
        "code=0907a61c0c8d55e99db179b68161bc00&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
        "&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
    )
)


def test_the_published_example_is_taken() -> None:
    assert signature(QUERY, SECRET) == QUERY["hmac"]
    assert is_from_shop(QUERY, SECRET, SHOP)


@pytest.mark.parametrize("place", range(len(QUERY["hmac"])))
def test_a_signature_that_is_off_by_one_anywhere_is_refused(place: int) -> None:
    told = QUERY["hmac"]
    other = f"{told[:place]}{(int(told[place], 16) + 1) % 16:x}{told[place + 1 :]}"
    assert not is_from_shop({**QUERY, "hmac": other}, SECRET, SHOP)


@pytest.mark.parametrize(
    "change",
    [
        {"hmac": ""},
        {"hmac": "ü"},
        {"timestamp": "1337178174"},
        {"shop": "other-shop.myshopify.com"},
        {"extra": "1"},
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str]) -> None:
    assert not is_from_shop({**QUERY, **change}, SECRET, SHOP)


def test_what_has_no_signature_or_another_secret_is_refused() -> None:
    assert not is_from_shop({name: value for name, value in QUERY.items() if name != "hmac"}, SECRET, SHOP)
    assert not is_from_shop(QUERY, "other", SHOP)


def test_a_redirect_of_another_shop_is_refused_although_it_is_signed() -> None:
    signed = {**QUERY, "shop": "other-shop.myshopify.com"}
    signed["hmac"] = signature(signed, SECRET)
    assert is_from_shop(signed, SECRET, "other-shop.myshopify.com")
    assert not is_from_shop(signed, SECRET, SHOP)


@given(st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=5), st.text(max_size=10))
def test_any_signed_parameters_are_taken_and_any_other_secret_is_refused(parameters, secret) -> None:
    parameters = {**parameters, "shop": SHOP}
    signed = {**parameters, "hmac": signature(parameters, secret)}
    assert is_from_shop(signed, secret, SHOP)
    assert not is_from_shop(signed, f"{secret}x", SHOP)


@pytest.mark.parametrize(
    ("host", "is_shop"),
    [
        ("acme.myshopify.com", True),
        ("a-1.myshopify.com", True),
        ("-acme.myshopify.com", False),
        ("acme.myshopify.com.evil.example", False),
        ("acme.evil.com", False),
        ("ACME.myshopify.com", False),
        ("a.b.myshopify.com", False),
        ("acme.myshopify.com/x", False),
    ],
)
def test_only_a_shop_s_host_reaches_an_address(host: str, *, is_shop: bool) -> None:
    assert (re.fullmatch(OAUTH.host_pattern or "", host) is not None) is is_shop


def test_a_shop_is_asked_at_its_own_address_for_scopes_with_commas() -> None:
    address, sent = asking("shopify", base_url=f"https://{SHOP}", scopes=["read_products", "write_orders"])
    assert address == f"https://{SHOP}/admin/oauth/authorize"
    assert sent["scope"] == "read_products,write_orders"
    assert "code_challenge" not in sent
    with pytest.raises(ConfigError, match="is not an address of this provider"):
        asking("shopify", base_url="https://shop.evil.example")


def test_an_answer_that_is_no_refusal_has_no_word() -> None:
    assert refusal_of({"access_token": "shpat_1"}) is None
