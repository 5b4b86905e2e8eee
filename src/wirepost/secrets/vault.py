"""`Vault`: what is stored sealed, each value under a key of its own and bound to its place."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import quote

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wirepost.core.errors import NotConnected
from wirepost.core.signing import decode, encode

KEY_BYTES = 32
"""AES-256."""
NONCE_BYTES = 12
"""What AES-GCM takes without hashing it (NIST SP 800-38D, 8.2)."""
TAG_BYTES = 16
USES = 2**24
"""Values that are sealed with one shared key, so that keys come and go."""
VERSION = "v1"
_BYTES_VERSION = b"\x01"
_HEAD_BYTES = 1 + 4 + NONCE_BYTES + KEY_BYTES + TAG_BYTES
"""Before the nonce of a sealed value: version, id of the server's key, wrapped key."""


class KeyUnavailable(NotConnected):
    """A value sealed with a key that is not there any more; `key_id` says which."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "key_unavailable",
            f"What is stored was sealed with the key {key_id}, which this server does not have",
            hint="An operator puts that key back at the end of secrets.keys, or connects the account again",
        )
        self.key_id = key_id


class Tampered(NotConnected):
    """A sealed value that was changed, cut, or taken from another place."""

    def __init__(self) -> None:
        super().__init__(
            "key_unavailable",
            "What is stored cannot be opened: it was changed, or it belongs to another place",
            hint="An operator restores the database from a copy, or connects the account again",
        )


class KeyRing:
    """The keys of a server: the first one seals, all of them open.

    Raises `ValueError` for a ring without keys, and for a key that has not 32 bytes.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise ValueError("a key ring needs a key")
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self._keys = {key_id(key): AESGCM(key) for key in keys}
        self.first = key_id(keys[0])
        """Id of the key that seals."""

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    def wrap(self, key: bytes) -> str:
        """The key of a value, sealed with the first key."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return encode(nonce + self._keys[self.first].encrypt(nonce, key, _of_key(self.first)))

    def unwrap(self, kek_id: str, wrapped: bytes) -> bytes:
        """The key of a value; raises `KeyUnavailable` and `Tampered`."""
        if kek_id not in self._keys:
            raise KeyUnavailable(kek_id)
        try:
            return self._keys[kek_id].decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _of_key(kek_id))
        except (InvalidTag, ValueError):  # the latter where it is cut to less than a nonce and a tag
            raise Tampered from None


class Vault:
    """Seals texts and opens them.

    A sealed text is `v1.<id of the key>.<wrapped key of the value>.<nonce>.<ciphertext>`, all but the first
    two in base64. What it is bound to is no part of it: whoever opens it says where it was found.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._shared = _SharedKey(ring)

    def seal(self, text: str, *, bound_to: tuple[str, ...]) -> str:
        """The text, readable only with the server's keys and only in the place that `bound_to` names."""
        key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, text.encode(), _of_place(bound_to))
        return str(_Sealed(self._ring.first, self._ring.wrap(key), encode(nonce), encode(sealed)))

    def open(self, sealed: str, *, bound_to: tuple[str, ...]) -> str:
        """The text again; raises `KeyUnavailable` and `Tampered`."""
        parts = _Sealed.read(sealed)
        try:
            wrapped, nonce, ciphertext = decode(parts.wrapped), decode(parts.nonce), decode(parts.ciphertext)
        except ValueError:
            raise Tampered from None
        key = self._ring.unwrap(parts.kek_id, wrapped)
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _of_place(bound_to)).decode()
        except (InvalidTag, ValueError):
            raise Tampered from None

    def seal_bytes(self, value: bytes, *, bound_to: tuple[str, ...]) -> bytes:
        """The same for many values in quick succession: they share a key, and each has the next nonce.

        The first byte tells the version; id of the server's key, wrapped key, nonce and ciphertext follow.
        """
        shared = self._shared
        number = next(shared.numbers)
        if number >= USES:
            shared = self._shared = _SharedKey(self._ring)
            number = next(shared.numbers)
        nonce = number.to_bytes(NONCE_BYTES, "big")
        return shared.head + nonce + shared.cipher.encrypt(nonce, value, _of_place(bound_to))

    def open_bytes(self, sealed: bytes, *, bound_to: tuple[str, ...]) -> bytes:
        """The value again; raises `KeyUnavailable` and `Tampered`."""
        head, nonce = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES : _HEAD_BYTES + NONCE_BYTES]
        if len(sealed) < _HEAD_BYTES + NONCE_BYTES or head[:1] != _BYTES_VERSION:
            raise Tampered
        key = self._ring.unwrap(head[1:5].hex(), head[5:])
        try:
            place = _of_place(bound_to)
            return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES + NONCE_BYTES :], place)
        except (InvalidTag, ValueError):
            raise Tampered from None

    def rewrap(self, sealed: str) -> str:
        """The same text under the first key of the ring; what is there already under it stays as it is.

        Only the key of the value is sealed anew, so the text itself is never read. Raises what `open` does.
        """
        parts = _Sealed.read(sealed)
        try:
            key = self._ring.unwrap(parts.kek_id, decode(parts.wrapped))
        except ValueError:
            raise Tampered from None
        if parts.kek_id == self._ring.first:
            return sealed
        return str(_Sealed(self._ring.first, self._ring.wrap(key), parts.nonce, parts.ciphertext))

    def rewrap_bytes(self, sealed: bytes) -> bytes:
        """The same for what `seal_bytes` sealed."""
        head, rest = sealed[:_HEAD_BYTES], sealed[_HEAD_BYTES:]
        if not rest or head[:1] != _BYTES_VERSION:
            raise Tampered
        key = self._ring.unwrap(head[1:5].hex(), head[5:])
        if head[1:5].hex() == self._ring.first:
            return sealed
        return _BYTES_VERSION + bytes.fromhex(self._ring.first) + decode(self._ring.wrap(key)) + rest


class _SharedKey:
    """A key that many values are sealed with, and what is written in front of each.

    Nobody else ever has it, so counting makes nonces that are all different (NIST SP 800-38D, 8.2.1).
    """

    def __init__(self, ring: KeyRing) -> None:
        key = secrets.token_bytes(KEY_BYTES)
        self.cipher = AESGCM(key)
        self.head = _BYTES_VERSION + bytes.fromhex(ring.first) + decode(ring.wrap(key))
        self.numbers = count()


@dataclass(frozen=True)
class _Sealed:
    """The parts of a sealed text, as they are written."""

    kek_id: str
    wrapped: str
    nonce: str
    ciphertext: str

    def __str__(self) -> str:
        return f"{VERSION}.{self.kek_id}.{self.wrapped}.{self.nonce}.{self.ciphertext}"

    @classmethod
    def read(cls, sealed: str) -> _Sealed:
        version, *parts = sealed.split(".")
        if version != VERSION or len(parts) != 4:  # noqa: PLR2004 - as many as there are fields
            raise Tampered
        return cls(*parts)


def key_id(key: bytes) -> str:
    """A short name of a key that gives nothing of it away."""
    return hmac.digest(key, b"wirepost key id", "sha256")[:4].hex()


def _of_key(kek_id: str) -> bytes:
    return f"{VERSION}|key|{kek_id}".encode()


def _of_place(bound_to: tuple[str, ...]) -> bytes:
    """Quoted, so that no two places are written alike."""
    return "|".join((VERSION, *map(_quoted, bound_to))).encode()


def _quoted(part: str) -> str:
    return part if part.isascii() and part.isidentifier() else quote(part, safe="")
