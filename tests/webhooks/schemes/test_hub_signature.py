"""WebSub's signature with the hash its hub chose."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from support.signatures import NOW, incoming, terms_with, verdict, verified
from wirepost.webhooks.schemes.hub_signature import WEBSUB
from wirepost.webhooks.verdict import Verified

BODY = b"<feed/>"


@pytest.mark.parametrize("name", ["sha1", "sha256", "sha384", "sha512"])
async def test_each_hash_of_the_recommendation_is_taken(name: str) -> None:
    value = f"{name}={hmac.new(b'k', BODY, getattr(hashlib, name)).hexdigest()}"
    found = await verified(WEBSUB, incoming(BODY, {"X-Hub-Signature": value}), terms_with("k"))
    assert found == Verified("signature", f"websub-{name}", "0")
    assert (
        await verdict(WEBSUB, incoming(b"x", {"X-Hub-Signature": value}), terms_with("k"))
        == "invalid:signature_mismatch"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("md5=00", "no_supported_scheme"),
        ("00", "malformed_header"),
        ("", "missing_header"),
        ("sha256=", "malformed_header"),
    ],
)
async def test_another_form_is_refused(value: str, said: str) -> None:
    assert (
        await verdict(WEBSUB, incoming(BODY, {"X-Hub-Signature": value}), terms_with("k"))
        == f"invalid:{said}"
    )


async def test_what_is_signed_for_a_sender_is_taken_from_it() -> None:
    made = WEBSUB.sign({}, BODY, "", "k", NOW)
    assert made["x-hub-signature"].startswith("sha256=")
    assert await verdict(WEBSUB, incoming(BODY, made), terms_with("k")) == "valid"
