"""Standard Webhooks: which id is signed, which secrets are keys, and what we sign ourselves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.signatures import NOW, incoming, terms_with, vectors, verdict, verified
from wirepost.webhooks.schemes.standard import OPENAI, STANDARD, SVIX, sign_standard, signed_id
from wirepost.webhooks.verdict import Rejected, Verified

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
BODY = b'{"test": 2432232314}'
SIGNED = sign_standard(SECRET, "msg_1", NOW, BODY)


@pytest.mark.parametrize(
    "name",
    [
        "standard_webhooks-001",
        "standard_webhooks-002",
        "standard_webhooks-018",
        "standard_webhooks-024",
        "svix-002",
    ],
)
def test_a_message_is_signed_as_it_was_published(name: str) -> None:
    found = vectors()[name]
    expected = {key: value for key, value in found["headers"] if key.startswith("webhook-")}
    message, at = expected["webhook-id"], float(expected["webhook-timestamp"])
    assert sign_standard(found["secrets"][0], message, at, found["body"].encode()) == expected


async def test_a_message_can_carry_the_signatures_of_two_secrets() -> None:
    made = sign_standard([SECRET, OLD], "msg_1", NOW, BODY)
    assert made["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, OLD):
        assert await verdict(STANDARD, incoming(BODY, made), terms_with(secret)) == "valid"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "whsec_abc%", []])
def test_nothing_is_signed_with_what_is_no_key(secret) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        sign_standard(secret, "msg_1", NOW, BODY)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_!", "whpk_", "whpk_YQ==", "whpk_!"])
async def test_nothing_is_signed_by_what_is_no_key(secret: str) -> None:
    empty = base64.b64encode(hmac.digest(b"", f"msg_1.{int(NOW)}.".encode() + BODY, "sha256")).decode()
    version = "v1a" if secret.startswith("whpk_") else "v1"
    request = incoming(BODY, {**SIGNED, "webhook-signature": f"{version},{empty}"})
    assert await verdict(STANDARD, request, terms_with(secret)) == "invalid:signature_mismatch"


async def test_the_id_of_the_other_family_is_not_read_where_it_is_not_signed() -> None:
    svix = {name.replace("webhook-", "svix-"): value for name, value in SIGNED.items()}
    assert await verdict(SVIX, incoming(BODY, svix), terms_with(SECRET)) == "valid"
    request = incoming(BODY, {**svix, "webhook-id": "msg_forged"})
    assert await verdict(SVIX, request, terms_with(SECRET)) == "invalid:malformed_header"
    with pytest.raises(Rejected):
        signed_id(request)
    both = incoming(BODY, {**svix, **SIGNED})
    assert await verdict(SVIX, both, terms_with(SECRET)) == "valid"
    assert signed_id(both) == "msg_1"
    mixed = incoming(BODY, {**SIGNED, "svix-id": "msg_forged"})
    assert await verdict(STANDARD, mixed, terms_with(SECRET)) == "invalid:malformed_header"


async def test_a_key_pair_signs_what_its_public_key_checks() -> None:
    pair = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(pair.public_key().public_bytes_raw()).decode()
    signature = base64.b64encode(pair.sign(f"msg_1.{int(NOW)}.".encode() + BODY)).decode()
    request = incoming(BODY, {**SIGNED, "webhook-signature": f"v1a,AAAA v1a,{signature}"})
    found = await verified(STANDARD, request, terms_with(SECRET, public))
    assert isinstance(found, Verified)
    assert (found.scheme, found.secret, found.is_id_signed, found.signed_at) == (
        "standard-v1a",
        "1",
        True,
        NOW,
    )
    assert (
        await verdict(STANDARD, replace(request, body=b"{}"), terms_with(public))
        == "invalid:signature_mismatch"
    )
    assert await verdict(STANDARD, request, terms_with(SECRET)) == "invalid:no_supported_scheme"


async def test_a_secret_without_its_prefix_is_text_for_openai_and_base64_for_others() -> None:
    key = "plain text that could be base64="
    content = f"msg_1.{int(NOW)}.".encode() + BODY
    signature = base64.b64encode(hmac.new(key.encode(), content, hashlib.sha256).digest()).decode()
    request = incoming(BODY, {**SIGNED, "webhook-signature": f"v1,{signature}"})
    assert await verdict(OPENAI, request, terms_with(key)) == "valid"
    assert await verdict(STANDARD, request, terms_with(key)) == "invalid:signature_mismatch"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nothing", "malformed_header"),
        ("v1", "malformed_header"),
        ("v1,€", "malformed_header"),
        ("v3,AAAA v4,AAAA", "no_supported_scheme"),
        ("junk v1,AAAA", "signature_mismatch"),
        ("v1,", "signature_mismatch"),
    ],
)
async def test_signatures_that_cannot_be_read_are_told_apart(value: str, said: str) -> None:
    request = incoming(BODY, {**SIGNED, "webhook-signature": value})
    assert await verdict(STANDARD, request, terms_with(SECRET)) == f"invalid:{said}"


async def test_signing_keeps_the_id_that_is_there_and_makes_one_where_there_is_none() -> None:
    kept = STANDARD.sign({"Webhook-Id": "msg_9", "X-Other": "1"}, BODY, "", SECRET, NOW)
    assert (kept["webhook-id"], kept["X-Other"]) == ("msg_9", "1")
    made = STANDARD.sign({}, BODY, "", SECRET, NOW)
    assert await verdict(STANDARD, incoming(BODY, made), terms_with(SECRET)) == "valid"
    assert made["webhook-id"] != STANDARD.sign({}, BODY, "", SECRET, NOW)["webhook-id"]
