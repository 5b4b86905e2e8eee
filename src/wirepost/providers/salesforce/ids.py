"""Ids of records: 15 characters that tell upper from lower case, or 18 with a checksum that makes it visible.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm (ID field type)
"""

from __future__ import annotations

import re

PREFIX = 3
"""So many characters at the start tell the object."""
SHORT = 15
_SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BLOCK = 5
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)


def is_id(text: str) -> bool:
    """Whether a text has the form of an id; an 18-character one must have the right checksum."""
    return _ID.fullmatch(text) is not None and (len(text) == SHORT or long_id(text) == text)


def same_id(one: str, other: str) -> bool:
    """Whether two ids mean the same record."""
    return one[:SHORT] == other[:SHORT]


def long_id(text: str) -> str:
    """The 18-character form of an id of either length."""
    short = text[:SHORT]
    return short + "".join(_checksum(short[start : start + _BLOCK]) for start in range(0, SHORT, _BLOCK))


def canonical(text: str) -> str:
    """An id as Salesforce spells it in answers; any other text stays as it is."""
    return long_id(text) if len(text) == SHORT and _ID.fullmatch(text) else text


def _checksum(block: str) -> str:
    bits = sum(1 << place for place, letter in enumerate(block) if "A" <= letter <= "Z")
    return _SUFFIXES[bits]
