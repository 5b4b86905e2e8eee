"""Twilio signs the address with the sorted fields of the form, or with a hash of the body inside it."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest, digest
from urllib.parse import parse_qsl, urlsplit

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import MOST_FIELDS, find_secret, is_among, key_bytes, latin
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_HEADER, _HASH = "x-twilio-signature", "bodySHA256"
_PORTS = {"https": "443", "http": "80"}


@dataclass(frozen=True)
class Twilio:
    """HMAC-SHA1 with the account's token; the address may have been signed with its port or without it."""

    name: str = "twilio-sha1"

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        offered = [latin(request.required(_HEADER))]
        fields = _signed_fields(request)
        urls = [latin(each) for each in _spellings(request.url)]

        def fits(secret: str) -> bool:
            return any([is_among(_digest(secret, url + fields), offered) for url in urls])  # noqa: C419 - all are compared

        secret = await find_secret(terms, fits, len(request.body))
        # The form can be written in many ways; what was signed of it is the same in all of them.
        return Verified("signature", self.name, secret.label, signed=urls[0] + (fields or request.body))

    def sign(
        self, headers: Mapping[str, str], body: bytes, url: str, secret: str, at: float
    ) -> Mapping[str, str]:
        """The headers with a signature; a body that is no form needs its hash in the address."""
        fields = _signed_fields(Incoming("POST", url, (), body, at))
        return {**headers, _HEADER: _digest(secret, latin(url) + fields).decode()}


def _signed_fields(request: Incoming) -> bytes:
    """What is signed behind the address: each field and value once, in order."""
    expected = request.query.get(_HASH)
    if expected is not None:
        if not compare_digest(hashlib.sha256(request.body).hexdigest().encode(), _ascii(expected)):
            raise Rejected("signature_mismatch", _HASH)
        return b""
    try:  # Latin-1 keeps the bytes as they are, decoded or not
        text = request.body.decode("latin-1")
        pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Rejected("malformed_body") from None
    return "".join(name + value for name, value in sorted(set(pairs))).encode("latin-1")


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace")


def _spellings(url: str) -> Sequence[str]:
    """The address as it is, and without its port or with the usual one."""
    try:
        parts = urlsplit(url)
        port, usual = parts.port, _PORTS.get(parts.scheme)
    except ValueError:
        raise Rejected("malformed_header", "url") from None
    host = parts.netloc
    other = host.removesuffix(f":{port}") if port is not None else f"{host}:{usual}" if usual else host
    return [url, url.replace(f"//{host}", f"//{other}", 1)]


def _digest(secret: str, content: bytes) -> bytes:
    return b2a_base64(digest(key_bytes(secret), content, "sha1"), newline=False)


TWILIO = Twilio()
