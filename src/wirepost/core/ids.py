"""Sortable ids with a prefix that names their kind."""

from __future__ import annotations

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_RANDOM_BITS = 60
_POOL_BYTES = 8 * 512
"""Random bytes fetched together: asking the system for each id would take longer than all the rest."""

_pool: list[bytes] = []


def new_id(prefix: str) -> str:
    """A fresh id such as `led_01k…`: 48 bits of milliseconds, then 60 random bits, in Crockford base 32."""
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | _random() >> 4
    return (
        f"{prefix}_{_PAIRS[number >> 100]}{_PAIRS[number >> 90 & 1023]}{_PAIRS[number >> 80 & 1023]}"
        f"{_PAIRS[number >> 70 & 1023]}{_PAIRS[number >> 60 & 1023]}{_PAIRS[number >> 50 & 1023]}"
        f"{_PAIRS[number >> 40 & 1023]}{_PAIRS[number >> 30 & 1023]}{_PAIRS[number >> 20 & 1023]}"
        f"{_PAIRS[number >> 10 & 1023]}{_PAIRS[number & 1023]}"
    )


def _random() -> int:
    """64 random bits; each is taken from the pool once, by whichever thread."""
    while True:
        try:
            return int.from_bytes(_pool.pop(), "big")
        except IndexError:
            fresh = os.urandom(_POOL_BYTES)
            _pool.extend(fresh[at : at + 8] for at in range(0, _POOL_BYTES, 8))


os.register_at_fork(after_in_child=_pool.clear)
