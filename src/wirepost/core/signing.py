"""Keyed digests and signed opaque tokens: cursors, confirmations and upstream keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson


class BadToken(ValueError):
    """A token that this server did not issue, or that was changed."""


def canonical(value: Any) -> bytes:
    """The one byte form of a JSON value: sorted keys, no white space."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


class Signer:
    """Signs and opens tokens with one secret; `purpose` keeps tokens of one kind from passing as another."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mac(self, purpose: str, value: bytes) -> bytes:
        """HMAC-SHA-256 of `value` under a key derived for `purpose`."""
        key = hmac.digest(self._secret, purpose.encode(), "sha256")
        return hmac.digest(key, value, "sha256")

    def sign(self, purpose: str, claims: dict[str, Any]) -> str:
        """A URL-safe token that carries `claims` readably but unforgeably."""
        body = canonical(claims)
        return f"{encode(body)}.{encode(self.mac(purpose, body)[:16])}"

    def open(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims of a token issued by `sign`; raises `BadToken` for anything else."""
        try:
            body_text, _, mac_text = token.partition(".")
            body, mac = decode(body_text), decode(mac_text)
        except ValueError:
            raise BadToken from None
        if not hmac.compare_digest(mac, self.mac(purpose, body)[:16]):
            raise BadToken
        claims: dict[str, Any] = orjson.loads(body)
        return claims


def encode(raw: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of the one spelling that `encode` gives: no padding, no other value in unused bits.

    Raises `BadToken`, which is a `ValueError`, as it does for all that is no base64.
    """
    if not text.isascii():
        raise BadToken
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise BadToken
    return raw
