"""Keys of signed tokens: shared secrets, public keys in PEM or JSON, and sets of them (RFC 7517)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from wirepost.webhooks.schemes.checks import from_base64url, key_bytes

if TYPE_CHECKING:
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    PublicKey: TypeAlias = RSAKey | ECKey | OKPKey
else:
    PublicKey = Any

_LEAST_RSA_BITS = 2048
_KINDS: Mapping[str, str] = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
"""Algorithm → the type of key it takes."""


def shared_key(secret: str) -> bytes:
    """The bytes of a shared secret: of a JSON key (`oct`), or of the text as it is; empty for none."""
    if secret.startswith("{"):
        found = _json(secret)
        if isinstance(found, dict) and found.get("kty") == "oct":
            text = found.get("k")
            return (from_base64url(text) if isinstance(text, str) else None) or b""
    return key_bytes(secret)


@lru_cache(maxsize=64)
def load_key(text: str, algorithm: str) -> PublicKey | None:
    """A public key in PEM or JSON for that algorithm; `None` where it is none."""
    if text.lstrip().startswith("{"):
        said = _json(text)
        return _imported(said, _KINDS[algorithm]) if isinstance(said, dict) else None
    return _imported(text, _KINDS[algorithm])


def load_key_set(raw: bytes) -> list[PublicKey]:
    """The keys of a set that check signatures, others left out; raises `ValueError` where there are none."""
    said = orjson.loads(raw)
    listed = said.get("keys") if isinstance(said, dict) else None
    usable = [each for each in listed if _is_usable(each)] if isinstance(listed, list) else []
    found = [_imported(each, each["kty"]) for each in usable]
    keys = [key for key in found if key is not None]
    if not keys:
        raise ValueError("it publishes no key that signs")
    return keys


def is_signed_by(key: PublicKey, algorithm: str, content: bytes, signature: bytes) -> bool:
    """Whether the signature is of that key; the algorithm is one that was agreed on."""
    from joserfc.errors import JoseError
    from joserfc.jws import JWSRegistry

    model = JWSRegistry.algorithms[algorithm]
    try:
        model.check_key(key)
        return model.verify(content, signature, key)
    except (JoseError, ValueError):
        return False


def _is_usable(said: Any) -> bool:
    return isinstance(said, dict) and said.get("kty") in _KINDS.values() and said.get("use", "sig") == "sig"


def _imported(said: Any, kind: str) -> PublicKey | None:
    """A key in PEM or JSON; `None` for what is none of that kind, or too short."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    kinds: Mapping[str, type[PublicKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    try:
        key: Any = load_pem_public_key(key_bytes(said)) if isinstance(said, str) else said
        if kind == "RSA" and _rsa_bits(key) < _LEAST_RSA_BITS:
            return None
        return kinds[kind].import_key(key)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
        return None


def _rsa_bits(key: Any) -> int:
    if isinstance(key, dict):
        return int.from_bytes(from_base64url(str(key.get("n"))) or b"", "big").bit_length()
    return int(getattr(key, "key_size", 0))


def _json(text: str) -> Any:
    try:
        return orjson.loads(key_bytes(text))
    except ValueError:
        return None
