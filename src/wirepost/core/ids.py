"""Sortable ids with a prefix that names their kind."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A fresh id such as `led_01k…`: 48 bits of milliseconds, then 60 random bits, in Crockford base 32."""
    number = (time.time_ns() // 1_000_000) << 60 | secrets.randbits(60)
    digits = []
    for _ in range(22):
        number, rest = divmod(number, 32)
        digits.append(_ALPHABET[rest])
    return f"{prefix}_{''.join(reversed(digits))}"
