"""Types of association: numbers for each direction, with and without labels.

https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from __future__ import annotations

from typing import Any

from wirepost.providers.hubspot.sandbox.own_objects import OWN_OBJECTS

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"

_PAIRS: tuple[tuple[str, str, int, int, str, str | None], ...] = (
    ("contacts", "companies", 279, 280, HUBSPOT, None),
    ("contacts", "companies", 1, 2, HUBSPOT, "Primary"),
    ("contacts", "companies", 38, 39, USER, "Billing contact"),
    ("contacts", "deals", 4, 3, HUBSPOT, None),
    ("contacts", "deals", 36, 37, USER, "Decision maker"),
    ("contacts", "tickets", 15, 16, HUBSPOT, None),
    ("companies", "deals", 342, 341, HUBSPOT, None),
    ("companies", "deals", 6, 5, HUBSPOT, "Primary"),
    ("companies", "tickets", 340, 339, HUBSPOT, None),
    ("deals", "tickets", 27, 28, HUBSPOT, None),
    ("contacts", "contacts", 449, 449, HUBSPOT, None),
    ("companies", "companies", 450, 450, HUBSPOT, None),
    ("deals", "deals", 451, 451, HUBSPOT, None),
    ("tickets", "tickets", 452, 452, HUBSPOT, None),
    *(("contacts", own.name, own.links[1], own.links[0], USER, None) for own in OWN_OBJECTS),
    *(
        (core, activity, number - 1, number, HUBSPOT, None)
        for activity, numbers in {
            "calls": (194, 182, 206, 220),
            "emails": (198, 186, 210, 224),
            "meetings": (200, 188, 212, 226),
            "notes": (202, 190, 214, 228),
            "tasks": (204, 192, 216, 230),
        }.items()
        for core, number in zip(("contacts", "companies", "deals", "tickets"), numbers, strict=True)
    ),
)

TYPES: dict[tuple[str, str], list[dict[str, Any]]] = {}
"""(from, to) → types, the default first."""
REVERSE: dict[int, int] = {}
"""Type → the same association seen from the other end."""

for _one, _two, _there, _back, _category, _label in _PAIRS:
    TYPES.setdefault((_one, _two), []).append({"category": _category, "typeId": _there, "label": _label})
    REVERSE[_there], REVERSE[_back] = _back, _there
    if _one != _two:
        TYPES.setdefault((_two, _one), []).append({"category": _category, "typeId": _back, "label": _label})


def default_of(source: str, target: str) -> int:
    """The type without a label."""
    return int(TYPES[source, target][0]["typeId"])
