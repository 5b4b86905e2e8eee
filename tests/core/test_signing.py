"""Signed tokens: they open as what they were issued for, letter for letter, or not at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.signing import BadToken, Signer, canonical, digest

SIGNER = Signer(b"a secret of this test, 32 bytes.")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
claims = st.dictionaries(st.sampled_from("abcdef"), values, max_size=4)
purposes = st.sampled_from(["cursor", "confirmation", "state", "upstream-key", "", "c"])


@given(purposes, claims)
def test_a_token_opens_with_its_claims(purpose: str, content: dict[str, Any]) -> None:
    assert SIGNER.open(purpose, SIGNER.sign(purpose, content)) == content


@given(purposes, purposes, claims)
def test_a_token_of_one_purpose_never_opens_as_another(one: str, other: str, content: dict[str, Any]) -> None:
    token = SIGNER.sign(one, content)
    if one == other:
        assert SIGNER.open(other, token) == content
    else:
        with pytest.raises(BadToken):
            SIGNER.open(other, token)


@given(claims)
def test_a_token_of_another_server_does_not_open(content: dict[str, Any]) -> None:
    with pytest.raises(BadToken):
        Signer(b"another secret").open("cursor", SIGNER.sign("cursor", content))


@given(claims, st.integers(0, 10_000), st.sampled_from(LETTERS))
def test_a_token_with_one_other_letter_does_not_open(
    content: dict[str, Any], place: int, letter: str
) -> None:
    """Every letter counts, the unused bits of the last one included."""
    token = SIGNER.sign("cursor", content)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed == token:
        return
    with pytest.raises(BadToken):
        SIGNER.open("cursor", changed)


def test_no_letter_can_be_exchanged_anywhere() -> None:
    token = SIGNER.sign("cursor", {"p": "pi_1", "k": 3})
    for place in range(len(token)):
        for letter in LETTERS:
            if letter != token[place]:
                with pytest.raises(BadToken):
                    SIGNER.open("cursor", token[:place] + letter + token[place + 1 :])


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token.replace(".", "=."),
        lambda token: token.replace(".", "==."),
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token + "A",
        lambda token: token[:-1],
        lambda token: token.replace(".", ""),
        lambda token: token.replace(".", ".."),
        lambda token: token + ".",
        lambda token: token + "." + token.partition(".")[2],
        lambda token: token.partition(".")[0],
        lambda token: token.partition(".")[0] + ".",
        lambda token: "." + token.partition(".")[2],
        lambda token: token.partition(".")[2] + "." + token.partition(".")[0],
        lambda token: token.replace("-", "+").replace("_", "/"),
        lambda token: token.swapcase(),
        lambda token: token + "é",
        lambda token: token[:5] + "\u200b" + token[5:],
        lambda _: "",
        lambda _: ".",
        lambda _: "\ud800",
    ],
)
def test_a_token_in_another_spelling_does_not_open(change: Any) -> None:
    # Enough claims for the token to contain both letters that differ from plain base 64.
    token = SIGNER.sign("cursor", {"p": "~~~???>>>" * 4, "k": 7})
    assert {"-", "_"} <= set(token)
    with pytest.raises(BadToken):
        SIGNER.open("cursor", change(token))


@given(st.text(max_size=60) | st.text(LETTERS, max_size=60))
def test_any_other_text_is_a_bad_token(text: str) -> None:
    with pytest.raises(BadToken):
        SIGNER.open("cursor", text)


@given(claims)
def test_a_token_survives_a_url(content: dict[str, Any]) -> None:
    assert set(SIGNER.sign("cursor", content)) <= set(LETTERS[:64] + ".")


def test_a_token_does_not_reveal_the_secret() -> None:
    assert b"a secret" not in SIGNER.sign("cursor", {}).encode()
    assert "a secret" not in repr(SIGNER)


def test_mac_is_hmac_under_a_key_for_the_purpose() -> None:
    """Computed here with the standard library, so that a later version keeps opening today's tokens."""
    key = hmac.new(b"s", b"cursor", hashlib.sha256).digest()
    assert Signer(b"s").mac("cursor", b"v") == hmac.new(key, b"v", hashlib.sha256).digest()


def test_token_is_body_and_half_a_mac() -> None:
    body, _, mac = Signer(b"s").sign("cursor", {"b": 1, "a": "x"}).partition(".")
    assert base64.urlsafe_b64decode(body + "==") == b'{"a":"x","b":1}'
    assert base64.urlsafe_b64decode(mac + "==") == Signer(b"s").mac("cursor", b'{"a":"x","b":1}')[:16]


@given(values)
def test_canonical_form_is_compact_json_with_sorted_names(value: Any) -> None:
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert json.loads(canonical(value)) == json.loads(expected)
    assert len(canonical(value)) <= len(expected.encode())


def test_canonical_form_does_not_depend_on_the_order_of_names() -> None:
    assert canonical({"a": 1, "b": {"d": 2, "c": 3}}) == canonical({"b": {"c": 3, "d": 2}, "a": 1})
    assert canonical([1, 2]) != canonical([2, 1])


def test_digest_is_sha_256_in_hex() -> None:
    assert digest({"b": 1, "a": []}) == hashlib.sha256(b'{"a":[],"b":1}').hexdigest()
