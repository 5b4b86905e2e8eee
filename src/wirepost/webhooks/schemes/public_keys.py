"""`KeyScheme`: a signature that a public key of the sender checks; and the senders that use one."""

from __future__ import annotations

import re
from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import check_window, find_secret, from_base64, latin, read_time
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519_BYTES = 32
_LARGEST_SIGNATURE = 256
_FRAME = re.compile(r"-----[A-Z ]+-----|\s")


@dataclass(frozen=True)
class KeyScheme:
    """Time and body are signed; the endpoint's secrets are public keys of the sender."""

    name: str
    header: str
    time_header: str
    kind: Literal["ed25519", "ecdsa"]
    """ed25519: key and signature in hex; ecdsa: P-256 with SHA-256, both in base64 (DER)."""

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        written = request.required(self.header)
        signature = _from_hex(written) if self.kind == "ed25519" else from_base64(written)
        if signature is None:
            raise Rejected("malformed_header", self.header)
        time = request.required(self.time_header)
        at = read_time(time, "s")
        parts = (latin(time), request.body)

        def fits(key: str) -> bool:
            if self.kind == "ed25519":
                return _is_ed25519(_from_hex(key) or b"", b"".join(parts), signature)
            return _is_ecdsa(key, b"".join(parts), signature)

        secret = await find_secret(terms, fits, len(request.body))
        check_window(at, request.now, terms.tolerance_s)
        return Verified("signature", self.name, secret.label, at, is_id_signed=True)


def is_signed_ed25519(key: bytes, content: bytes, offered: Sequence[bytes]) -> bool:
    """Whether one of the signatures, in base64, is of that key; each is tried."""
    signatures = [from_base64(each.decode("latin-1")) for each in offered]
    return any([_is_ed25519(key, content, each) for each in signatures if each])  # noqa: C419 - all are tried


def _is_ed25519(key: bytes, content: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    public = _load_ed25519(key)
    if public is None:
        return False
    try:
        public.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _is_ecdsa(key: str, content: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    public = _load_p256(key)
    if public is None or len(signature) > _LARGEST_SIGNATURE:
        return False
    try:
        public.verify(signature, content, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _load_ed25519(key: bytes) -> Ed25519PublicKey | None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(key) if len(key) == _ED25519_BYTES else None


@lru_cache(maxsize=64)
def _load_p256(key: str) -> EllipticCurvePublicKey | None:
    """Of PEM, or of its base64 alone; `None` for what is no key on that curve."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        public = load_der_public_key(from_base64(_FRAME.sub("", key)) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None
    is_fit = isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1)
    return public if is_fit else None  # type: ignore[return-value]


def _from_hex(text: str) -> bytes | None:
    try:
        return unhexlify(text)
    except ValueError:
        return None


DISCORD = KeyScheme("discord-ed25519", "x-signature-ed25519", "x-signature-timestamp", "ed25519")
SENDGRID = KeyScheme(
    "sendgrid-ecdsa",
    "x-twilio-email-event-webhook-signature",
    "x-twilio-email-event-webhook-timestamp",
    "ecdsa",
)
