"""The objects that the shop has defined itself: memberships of its clubs, and reviews of its goods."""

from __future__ import annotations

from dataclasses import dataclass

from wirepost.providers.hubspot.sandbox.describing import (
    ID,
    MADE_AT,
    OWNER,
    Body,
    labelled,
    prop,
    times,
)

PORTAL = 2_468_013
"""The number of the account."""
CONTACT_ID = "0-1"


@dataclass(frozen=True)
class OwnObject:
    """One object: how it is called, what its records hold, and how they are linked to contacts."""

    short_name: str
    number: int
    labels: tuple[str, str]
    shown: tuple[str, ...]
    """The property that stands for a record, and those beside it."""
    searched: tuple[str, ...]
    links: tuple[int, int]
    """Types of association: to contacts, and back."""
    properties: tuple[Body, ...]

    @property
    def name(self) -> str:
        """With the number of the account before it, as HubSpot calls it."""
        return f"p{PORTAL}_{self.short_name}"

    @property
    def type_id(self) -> str:
        """The name in numbers."""
        return f"2-{self.number}"

    @property
    def required(self) -> tuple[str, ...]:
        """What a new record must have."""
        return self.shown[:1]

    @property
    def schema(self) -> Body:
        """The object as HubSpot describes it."""
        to_contact, back = self.links
        word = self.short_name.rpartition("_")[2]
        singular, plural = self.labels
        return {
            "id": str(self.number),
            "objectTypeId": self.type_id,
            "name": self.short_name,
            "fullyQualifiedName": self.name,
            "labels": {"singular": singular, "plural": plural},
            "primaryDisplayProperty": self.shown[0],
            "secondaryDisplayProperties": list(self.shown[1:]),
            "requiredProperties": list(self.required),
            "searchableProperties": list(self.searched),
            "archived": False,
            "createdAt": MADE_AT,
            "updatedAt": MADE_AT,
            "properties": list(self.properties),
            "associations": [
                _link(to_contact, self.type_id, CONTACT_ID, f"{word}_to_contact"),
                _link(back, CONTACT_ID, self.type_id, f"contact_to_{word}"),
            ],
        }


def _link(type_id: int, source: str, target: str, name: str) -> Body:
    return {"id": str(type_id), "fromObjectTypeId": source, "toObjectTypeId": target, "name": name}


_MEMBERSHIP = (
    prop("membership_name", "Membership", is_custom=True),
    prop(
        "membership_status",
        "Status",
        "enumeration",
        "select",
        *labelled(("active", "trialing", "past_due", "canceled")),
        is_custom=True,
    ),
    prop("started_on", "Started on", "date", "date", is_custom=True),
    prop("renews_on", "Renews on", "date", "date", is_custom=True),
    OWNER,
    ID,
    *times("hs_createdate"),
)
_REVIEW = (
    prop("review_number", "Review", is_custom=True, is_unique=True),
    prop("product_name", "Product", is_custom=True),
    prop("product_sku", "SKU", is_custom=True),
    prop("order_number", "Order", is_custom=True),
    prop("stars", "Stars", "number", "number", is_custom=True),
    prop("review_text", "Text", "string", "textarea", is_custom=True),
    prop("written_at", "Written at", "datetime", "date", is_custom=True),
    OWNER,
    ID,
    *times("hs_createdate"),
)

MEMBERSHIP = OwnObject(
    "club_membership",
    4_680_135,
    ("Club membership", "Club memberships"),
    ("membership_name", "membership_status", "renews_on"),
    ("membership_name",),
    (45, 46),
    _MEMBERSHIP,
)
REVIEW = OwnObject(
    "review",
    4_680_136,
    ("Review", "Reviews"),
    ("review_number", "stars", "review_text"),
    ("review_number", "product_name", "review_text"),
    (47, 48),
    _REVIEW,
)
OWN_OBJECTS = (MEMBERSHIP, REVIEW)
OWN_NAMES = frozenset(own.name for own in OWN_OBJECTS)
