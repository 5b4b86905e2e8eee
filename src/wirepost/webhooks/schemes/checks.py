"""What all schemes do alike: read times, try each secret, compare in constant time, keep to the window."""

from __future__ import annotations

import asyncio
import re
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Literal, TypeAlias

from wirepost.webhooks.verdict import Check, Rejected
from wirepost.webhooks.webhook import Secret, Terms

LARGE = 256 * 1024
"""Bytes from which on a digest is computed in a thread, so that others need not wait for it."""
MOST_FIELDS = 1000
"""Of a form that must be read before its signature is known to fit."""

Unit: TypeAlias = Literal["s", "ms", "iso"]

_DIGITS = re.compile(r"[0-9]{1,16}")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def read_time(text: str, unit: Unit) -> float:
    """Seconds since 1970, of ASCII digits or RFC 3339 with an offset; raises `Rejected`."""
    if unit == "iso":
        return _read_moment(text)
    if not _DIGITS.fullmatch(text):
        raise Rejected("bad_timestamp")
    return int(text) / 1000 if unit == "ms" else float(int(text))


def _read_moment(text: str) -> float:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise Rejected("bad_timestamp")
    whole, fraction, offset = found.groups()
    try:
        moment = datetime.fromisoformat(whole + offset).timestamp()
    except (ValueError, OverflowError):
        raise Rejected("bad_timestamp") from None
    return moment + float(fraction or 0)


def check_window(at: float, now: float, tolerance_s: float) -> None:
    """Raises `Rejected` for a signed time too far from now; called once the signature is known to fit."""
    if now - at > tolerance_s:
        raise Rejected("timestamp_too_old")
    if at - now > tolerance_s:
        raise Rejected("timestamp_too_new")


def latin(text: str) -> bytes:
    """The bytes a header or an address came as; raises `Rejected` for what cannot have come in one."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise Rejected("malformed_header") from None


def key_bytes(secret: str) -> bytes:
    """A secret as it is configured, even where an environment variable holds other bytes than UTF-8."""
    return secret.encode("utf-8", "surrogateescape")


def from_base64(text: str) -> bytes | None:
    """The bytes, with padding or without it; `None` for what is no base64."""
    try:
        return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except ValueError:
        return None


def from_base64url(text: str) -> bytes | None:
    """The bytes of the URL-safe alphabet without padding; `None` for what is none."""
    return None if set(text) & set("+/=") else from_base64(text.replace("-", "+").replace("_", "/"))


def is_among(expected: bytes, offered: Sequence[bytes]) -> bool:
    """Whether one of them is it; each is compared, in a time that tells nothing."""
    return any([compare_digest(expected, each) for each in offered])  # noqa: C419 - all are compared


async def find_secret(
    terms: Terms, fits: Callable[[str], bool], size: int = 0, otherwise: Check = "signature_mismatch"
) -> Secret:
    """The newest secret that fits; `size` in bytes is that of what is digested. Raises `Rejected`."""
    secrets = [each for each in terms.secrets if each.value]
    if not secrets:  # an empty key would let anyone sign
        raise Rejected("empty_secret")
    if size > LARGE:
        found = await asyncio.to_thread(_first, secrets, fits)
    else:
        found = _first(secrets, fits)
    if found is None:
        raise Rejected(otherwise)
    return found


def _first(secrets: Sequence[Secret], fits: Callable[[str], bool]) -> Secret | None:
    for secret in secrets:
        if fits(secret.value):
            return secret
    return None
