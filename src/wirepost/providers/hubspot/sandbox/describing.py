"""The forms in which HubSpot describes properties."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Body = dict[str, Any]

MADE_AT = "2025-01-01T00:00:00.000Z"


def labelled(values: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Options whose labels are their values in words."""
    return tuple((value, value.replace("_", " ").capitalize()) for value in values)


def prop(
    name: str,
    label: str,
    kind: str = "string",
    shown: str = "text",
    *options: tuple[str, str],
    is_custom: bool = False,
    is_fixed: bool = False,
    is_unique: bool = False,
    **more: Any,
) -> Body:
    """The definition of one property; `is_fixed` ones are set by HubSpot."""
    return {
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": shown,
        "description": "",
        "groupName": "shop" if is_custom else "information",
        "options": [
            {"value": value, "label": text, "displayOrder": place, "hidden": False}
            for place, (value, text) in enumerate(options)
        ],
        "hidden": False,
        "hubspotDefined": not is_custom,
        "calculated": is_fixed,
        "externalOptions": False,
        "formField": not is_fixed,
        "hasUniqueValue": is_unique,
        "displayOrder": -1,
        "archived": False,
        "createdAt": MADE_AT,
        "updatedAt": MADE_AT,
        "modificationMetadata": {
            "archivable": is_custom,
            "readOnlyDefinition": not is_custom,
            "readOnlyValue": is_fixed,
        },
        **more,
    }


OWNER = prop(
    "hubspot_owner_id", "Owner", "enumeration", "select", referencedObjectType="OWNER", externalOptions=True
)
ID = prop("hs_object_id", "Record ID", "number", "number", is_fixed=True)


def times(created: str = "createdate", modified: str = "hs_lastmodifieddate") -> tuple[Body, ...]:
    """The two moments that HubSpot keeps of each record."""
    return (
        prop(created, "Create Date", "datetime", "date", is_fixed=True),
        prop(modified, "Last Modified Date", "datetime", "date", is_fixed=True),
    )
