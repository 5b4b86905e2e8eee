"""Keys of signed tokens are read from what people have: text, PEM, JSON, sets."""

from __future__ import annotations

import json
import warnings

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from wirepost.webhooks.schemes.jwt_keys import is_signed_by, load_key, load_key_set, shared_key


def pem(bits: int) -> str:
    key = generate_private_key(65537, bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("text", b"text"),
        (
            '{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"}',
            bytes.fromhex("0323354b2b0fa5bc837e0665777ba68f5ab328e6f054c928a9"),
        ),
        ('{"kty":"oct","k":"!"}', b""),
        ('{"kty":"oct","k":7}', b""),
        ('{"kty":"oct"}', b""),
        ('{"kty":"RSA"}', b'{"kty":"RSA"}'),
        ("{no json", b"{no json"),
    ],
)
def test_a_shared_secret_is_text_or_a_json_key(secret: str, key: bytes) -> None:
    assert shared_key(secret) == key


def test_a_short_rsa_key_is_no_key() -> None:
    assert load_key(pem(2048), "RS256") is not None
    assert load_key(pem(1024), "RS256") is None


def test_a_key_is_for_its_algorithm() -> None:
    text = json.dumps(ECKey.generate_key("P-256").as_dict(private=False))
    assert load_key(text, "ES256") is not None
    assert load_key(text, "RS256") is None
    assert load_key(pem(2048), "ES256") is None


def test_only_keys_that_check_signatures_are_taken_from_a_set() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of some of what others must not publish
        listed = [
            ECKey.generate_key("P-256", {"kid": "good"}).as_dict(private=False),
            ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}).as_dict(private=False),
            OctKey.generate_key(256, {"kid": "shared"}).as_dict(),
            RSAKey.import_key(pem(1024), {"kid": "short"}).as_dict(private=False),
            {"kty": "EC", "crv": "P-256", "kid": "broken"},
            {"kty": ["EC"]},
            "text",
        ]
    assert [key.kid for key in load_key_set(json.dumps({"keys": listed}).encode())] == ["good"]


@pytest.mark.parametrize(
    "raw", [b"", b"{}", b"[]", b'{"keys":[]}', b'{"keys":7}', b'{"keys":[{"kty":"EC"}]}', b"\xff"]
)
def test_a_set_without_such_a_key_is_no_set(raw: bytes) -> None:
    with pytest.raises(ValueError):
        load_key_set(raw)


@given(st.text(max_size=60), st.sampled_from(["RS256", "PS256", "ES256", "EdDSA"]))
def test_any_text_is_a_key_or_none(text: str, algorithm: str) -> None:
    assert load_key(text, algorithm) is None


@given(st.binary(max_size=100))
def test_any_bytes_are_no_signature(signature: bytes) -> None:
    assert not is_signed_by(ES256, "ES256", b"content", signature)
    assert not is_signed_by(ES256, "RS256", b"content", signature)


ES256 = ECKey.generate_key("P-256")
