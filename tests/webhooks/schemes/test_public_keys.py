"""Signatures that a public key of the sender checks."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from support.keys import rsa_key
from support.signatures import NOW, incoming, terms_with, vector, vectors, verdict, verified
from wirepost.webhooks.schemes.public_keys import DISCORD, SENDGRID, is_signed_ed25519
from wirepost.webhooks.verdict import Verified

BODY = b'[{"sg_event_id":"1"}]\r\n'
TIME = str(int(NOW)).encode()


def pem(key) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def of_sendgrid(pair: ec.EllipticCurvePrivateKey, body: bytes = BODY) -> dict[str, str]:
    signature = pair.sign(TIME + body, ec.ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": TIME.decode(),
    }


def of_discord(pair: Ed25519PrivateKey) -> dict[str, str]:
    return {"X-Signature-Ed25519": pair.sign(TIME + BODY).hex(), "X-Signature-Timestamp": TIME.decode()}


@pytest.mark.parametrize("form", ["pem", "one line", "base64"])
async def test_a_key_of_sendgrid_may_be_written_in_each_usual_form(form: str) -> None:
    pair = ec.generate_private_key(ec.SECP256R1())
    text = pem(pair.public_key())
    written = {"pem": text, "one line": text.replace("\n", ""), "base64": "".join(text.split("\n")[1:-2])}[
        form
    ]
    found = await verified(SENDGRID, incoming(BODY, of_sendgrid(pair)), terms_with(written))
    assert found == Verified("signature", "sendgrid-ecdsa", "0", NOW, is_id_signed=True)


async def test_a_key_that_is_none_or_another_kind_is_passed_over() -> None:
    pair = ec.generate_private_key(ec.SECP256R1())
    others = [
        pem(ec.generate_private_key(ec.SECP384R1()).public_key()),
        pem(rsa_key().public_key()),
        "no key",
        "-----BEGIN PUBLIC KEY-----",
    ]
    found = await verified(
        SENDGRID, incoming(BODY, of_sendgrid(pair)), terms_with(*others, pem(pair.public_key()))
    )
    assert isinstance(found, Verified)
    assert found.secret == "4"
    assert (
        await verdict(SENDGRID, incoming(BODY, of_sendgrid(pair)), terms_with(*others))
        == "invalid:signature_mismatch"
    )


async def test_a_key_of_discord_is_hex() -> None:
    pair = Ed25519PrivateKey.generate()
    key = pair.public_key().public_bytes_raw().hex()
    request = incoming(BODY, of_discord(pair))
    assert await verdict(DISCORD, request, terms_with("zz", "00", key)) == "valid"
    assert await verdict(DISCORD, request, terms_with("zz", "00", "00" * 32)) == "invalid:signature_mismatch"
    short = replace(
        request, headers=(("x-signature-ed25519", "00"), ("x-signature-timestamp", TIME.decode()))
    )
    assert await verdict(DISCORD, short, terms_with(key)) == "invalid:signature_mismatch"


@pytest.mark.parametrize("name", ["discord-001", "sendgrid-001"])
@pytest.mark.parametrize(("later_s", "said"), [(400, "timestamp_too_old"), (-400, "timestamp_too_new")])
async def test_the_signed_time_counts_in_both_directions(name: str, later_s: int, said: str) -> None:
    scheme, request, terms = vector(name)
    moved = replace(request, now=vectors()[name]["now"] + later_s)
    assert await verdict(scheme, moved, terms) == f"invalid:{said}"
    assert await verdict(scheme, replace(moved, body=b"x"), terms) == "invalid:signature_mismatch"


def test_each_offered_signature_is_tried() -> None:
    pair = Ed25519PrivateKey.generate()
    key, signature = pair.public_key().public_bytes_raw(), base64.b64encode(pair.sign(b"x"))
    assert is_signed_ed25519(key, b"x", [b"!", b"", b"AAAA", signature])
    assert not is_signed_ed25519(key, b"y", [signature])
    assert not is_signed_ed25519(b"", b"x", [signature])
