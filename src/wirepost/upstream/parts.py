"""Parts of a provider's answer, each of the type that its description gives it.

What is absent or null is empty; what is of another type raises `Unavailable`, as a value made of it would be
invented. Only counts and words are never worth an error: an odd one is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import orjson

from wirepost.core.errors import Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults
from wirepost.upstream.ask import Ask

LARGEST = 2**53 - 1
"""The largest number that all readers of JSON agree on (RFC 8259, section 6)."""
LONGEST_NAME = 2048
LONGEST_LINE = 100
_DIGITS = len(str(LARGEST))
_SOMEBODY = "The provider"

Json = Mapping[str, Any]


def mapping(value: Any) -> Json:
    """An object."""
    if value is None:
        return {}
    return needed(value)


def needed(value: Any) -> Json:
    """An object that must be there."""
    if isinstance(value, dict):
        return value
    raise faults.not_understood(_SOMEBODY)


def rows(value: Any) -> list[Json]:
    """A list of objects."""
    return [] if value is None else needed_rows(value)


def needed_rows(value: Any) -> list[Json]:
    """A list of objects that must be there."""
    if isinstance(value, list):
        return [needed(each) for each in value]
    raise faults.not_understood(_SOMEBODY)


def text(value: Any) -> str:
    """A text, as it came."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise faults.not_understood(_SOMEBODY)


def line(value: Any, limit: int = LONGEST_LINE) -> str:
    """A text that is a word or a name for people."""
    return clean_line(text(value), limit)


def name(value: Any) -> str:
    """What an object is called, which must be there and may be sent back."""
    found = text(value)
    if 0 < len(found) <= LONGEST_NAME and found.isprintable():
        return found
    raise faults.not_understood(_SOMEBODY)


def words(value: Any) -> str:
    """What a provider says to people, safe to show; empty where that is no text."""
    return faults.safe_words(value) if isinstance(value, str) else ""


def words_in(value: Any) -> list[str]:
    """The texts of a list; empty where that is none."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def number(value: Any) -> int | None:
    """How many there are of something."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
    return value if is_count else None


def count(value: Any) -> int:
    """The same, none where it is not told."""
    return number(value) or 0


def digits(value: Any) -> int:
    """A count that is written as a text, as in headers, in XML, and where Google's have 64 bits."""
    is_short = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _DIGITS
    return count(int(value) if is_short else value)


def vector(value: Any) -> list[float]:
    """Numbers, at least one."""
    if not isinstance(value, list) or not value or not all(map(_is_number, value)):
        raise faults.not_understood(_SOMEBODY)
    return value


def moment(value: Any) -> datetime | None:
    """A time in seconds since 1970; `None` for anything else."""
    try:
        return datetime.fromtimestamp(value, UTC) if number(value) else None
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def dumped(value: Any) -> str:
    """A part as JSON; raises `Unavailable` for one that is nested so deeply that it cannot be written."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        raise faults.not_understood(_SOMEBODY) from None


def parsed(content: bytes) -> Json:
    """An object from a line of a file."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    return needed(found)


@contextmanager
def of_write(provider: str) -> Iterator[None]:
    """Read the answer to a write: where it is not understood, it may have happened all the same."""
    try:
        yield
    except Unavailable:
        raise faults.unreadable(provider, Ask("POST", "/", is_write=True)) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
