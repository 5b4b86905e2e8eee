"""Record ids: three letters for the object, the server, a number, and a checksum of the letters' case."""

from __future__ import annotations

import re

PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityContactRole": "00K",
    "Task": "00T",
    "Event": "00U",
    "OpportunityStage": "01J",
    "CaseStatus": "01M",
    "Product2": "01t",
    "ContentNote": "069",
    "ContentDocument": "069",
    "ContentDocumentLink": "06A",
    "Case": "500",
    "Club__c": "a00",
}
_OBJECTS = {
    "person": "Contact",
    "company": "Account",
    "colleague": "User",
    "deal": "Opportunity",
    "ticket": "Case",
}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = 15


def new_key(prefix: str, number: int) -> str:
    """The id of the numbered record, 18 characters."""
    digits = ""
    while number:
        number, rest = divmod(number, len(_DIGITS))
        digits = _DIGITS[rest] + digits
    return complete(f"{prefix}Wp0{digits:0>9}")


def complete(short: str) -> str:
    """The 18 characters of an id of 15: one more for each five, telling which of them are capitals."""
    for start in (0, 5, 10):
        capitals = (
            1 << place for place, letter in enumerate(short[start : start + 5]) if "A" <= letter <= "Z"
        )
        short += _SUFFIX[sum(capitals)]
    return short


def read(text: str) -> str | None:
    """An id in its full form, whichever of the two was given; `None` for what is none."""
    if not re.fullmatch(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", text):
        return None
    full = complete(text[:_SHORT])
    return full if text in {full, full[:_SHORT]} else None


def object_of(key: str) -> str | None:
    """The object whose records have such ids."""
    return next((name for name, prefix in PREFIXES.items() if key.startswith(prefix)), None)


def key_of(fact: str, object_name: str | None = None) -> str:
    """`person0001` → Anna's id: the same fact always has the same id."""
    name = fact.rstrip("0123456789")
    return new_key(PREFIXES[object_name or _OBJECTS[name]], int(fact[len(name) :]))


ORGANIZATION = new_key("00D", 1)
