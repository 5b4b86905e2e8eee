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
            return from_base64url(str(found.get("k"))) or b""
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
    usable = [each for each in listed or () if isinstance(each, dict) and each.get("use", "sig") == "sig"]
    found = [_imported(each, str(each.get("kty"))) for each in usable if each.get("kty") in _KINDS.values()]
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


def _imported(said: Any, kind: str) -> PublicKey | None:
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, OKPKey, RSAKey

    kinds: Mapping[str, type[PublicKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    try:
        key = kinds[kind].import_key(said)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    is_short = isinstance(key, RSAKey) and key.public_key.key_size < _LEAST_RSA_BITS
    return None if is_short else key


def _json(text: str) -> Any:
    try:
        return orjson.loads(key_bytes(text))
    except ValueError:
        return None
