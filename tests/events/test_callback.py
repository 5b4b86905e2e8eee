"""Where clients are called back, and the secrets that they give us for it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.events.callback import BadSecret, Target, row_name, secret_bytes, subscription_id
from wirepost.secrets.vault import KeyRing, Tampered, Vault

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""From the documentation of Standard Webhooks: 24 bytes."""
OTHER = "whsec_" + base64.b64encode(b"k" * 64).decode()
NOW = 1_795_600_000.0


def target(**fields) -> Target:
    told = {
        "id": "sub_1",
        "url": "https://a.example/h",
        "name": "payment.refunded",
        "arguments": {"source": "stripe"},
        "secret": PUBLISHED,
    }
    return Target(**{**told, **fields})


@pytest.fixture
def vault() -> Vault:
    return Vault(KeyRing([b"k" * 32]))


def test_a_published_secret_gives_its_bytes() -> None:
    assert secret_bytes(PUBLISHED) == base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


@given(st.binary(max_size=80))
def test_a_secret_has_from_24_to_64_bytes(key) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    if 24 <= len(key) <= 64:
        assert secret_bytes(secret) == key
    else:
        with pytest.raises(BadSecret):
            secret_bytes(secret)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        PUBLISHED.removeprefix("whsec_"),
        PUBLISHED + "\n",
        " " + PUBLISHED,
        PUBLISHED.replace("whsec_", "whpk_"),
        PUBLISHED[:-1],
        PUBLISHED.replace("9", "-"),
    ],
)
def test_anything_else_is_no_secret(secret) -> None:
    with pytest.raises(BadSecret):
        secret_bytes(secret)


@given(st.text(max_size=60))
def test_no_text_leads_to_anything_but_bytes_or_a_refusal(text) -> None:
    try:
        key = secret_bytes(text)
    except BadSecret:
        return
    assert 24 <= len(key) <= 64


def test_for_a_day_after_a_change_both_secrets_sign_the_new_one_first() -> None:
    renewed = target().renewed(target(secret=OTHER), NOW)
    both = [secret_bytes(OTHER), secret_bytes(PUBLISHED)]
    assert renewed.secrets(NOW) == both
    assert renewed.secrets(NOW + 24 * 3600 - 1) == both
    assert renewed.secrets(NOW + 24 * 3600) == both[:1]


def test_the_same_secret_again_changes_nothing_and_keeps_the_former_one() -> None:
    renewed = target().renewed(target(secret=OTHER), NOW)
    assert renewed.renewed(target(secret=OTHER), NOW + 60) == renewed


def test_a_target_is_sealed_and_opened_only_in_its_place(vault) -> None:
    later = target(secret=OTHER, scopes=frozenset({"events.read"}), takes_control=True)
    given_ = target().renewed(later, NOW)
    sealed = given_.sealed(vault, "token:1")
    assert "a.example" not in sealed
    row = row_name("sub_1")
    assert Target.opened(sealed, vault, "token:1", row) == given_
    for owner, name in (("token:2", row), ("token:1", row_name("sub_2"))):
        with pytest.raises(Tampered):
            Target.opened(sealed, vault, owner, name)


def test_a_target_without_bounds_keeps_none(vault) -> None:
    sealed = target(scopes=None).sealed(vault, "local")
    assert Target.opened(sealed, vault, "local", row_name("sub_1")).scopes is None


def test_a_target_shows_no_secret() -> None:
    shown = repr(target().renewed(target(secret=OTHER), NOW))
    assert "whsec_" not in shown


def test_an_id_is_the_same_for_the_same_and_another_for_whatever_differs() -> None:
    first = ("token:1", "https://a.example/h", "payment.refunded", {"a": 1, "b": 2})
    assert subscription_id(*first) == subscription_id(*first[:3], {"b": 2, "a": 1})
    others = [
        ("token:2", *first[1:]),
        (first[0], "https://b.example/h", *first[2:]),
        (*first[:2], "invoice.paid", first[3]),
        (*first[:3], {"a": 1}),
    ]
    assert len({subscription_id(*each) for each in [first, *others]}) == 5
