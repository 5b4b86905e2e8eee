"""Assertions: short JSON Web Tokens by which a client or an app shows who it is (RFC 7523)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError
from wirepost.core.ids import new_id

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

LIFE_S = 180
"""Of an assertion; Salesforce accepts at most three minutes."""

_CURVES = {256: "ES256", 384: "ES384", 521: "ES512"}
"""Bits of a curve → what its keys sign with (RFC 7518 §3.4)."""


def signed(pem: str, claims: Mapping[str, Any], clock: Clock, life_s: int = LIFE_S) -> str:
    """A fresh assertion with these claims, signed with a private key in PEM form.

    Each has an id of its own, because servers refuse to see one twice. Raises `ConfigError` for a key that
    cannot be read.
    """
    from joserfc import jwt  # it and what it needs take a while to load
    from joserfc.jwk import import_key

    try:
        key_type, algorithm = _kind(pem)
        key = import_key(pem, key_type)
    except (TypeError, ValueError):  # a key with a password is the former
        raise ConfigError(
            "the private key cannot be read", hint="it must be a key in PEM form without a password"
        ) from None
    now = int(clock.now().timestamp())
    stamped = {"iat": now, "exp": now + life_s, "jti": new_id("jwt"), **claims}
    return jwt.encode({"alg": algorithm}, stamped, key, algorithms=[algorithm])


def _kind(pem: str) -> Any:
    """Type of a key, and what it signs with."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem.encode(), password=None)
    if isinstance(key, RSAPrivateKey):
        return "RSA", "RS256"
    if isinstance(key, Ed25519PrivateKey):
        return "OKP", "Ed25519"  # the name that RFC 9864 put in the place of EdDSA
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.key_size in _CURVES:
        return "EC", _CURVES[key.curve.key_size]
    raise ValueError("no key that servers take signatures of")
