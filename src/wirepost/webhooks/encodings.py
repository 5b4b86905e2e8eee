"""Compressed bodies, inflated within limits."""

from __future__ import annotations

import zlib

RATIO = 200
"""No sender's JSON shrinks as much as this; what claims to have is a trap."""
SMALL = 64 * 1024
"""Up to so many bytes the ratio does not matter."""
_BITS = {"gzip": 31, "deflate": 15, "raw deflate": -15}


class TooLarge(Exception):
    """A body that is larger than allowed once it is inflated."""


class Damaged(Exception):
    """A body that is not what its Content-Encoding says."""


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its compression; raises `Damaged`, and `TooLarge` before it takes more memory."""
    try:
        return _inflate(body, _BITS[encoding], limit)
    except zlib.error as error:
        if encoding != "deflate":
            raise Damaged(str(error)) from None
    try:  # many senders leave out the frame of zlib, which RFC 9110, 8.4.1.2 asks for
        return _inflate(body, _BITS["raw deflate"], limit)
    except zlib.error as error:
        raise Damaged(str(error)) from None


def _inflate(body: bytes, bits: int, limit: int) -> bytes:
    most = min(limit, max(SMALL, RATIO * len(body)))
    inflater = zlib.decompressobj(bits)
    found = inflater.decompress(body, most + 1)
    if len(found) > most:
        raise TooLarge
    if not inflater.eof or inflater.unused_data:
        raise Damaged("it is cut off, or something follows it")
    return found
