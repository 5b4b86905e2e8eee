"""What HubSpot tells of records, in our words.

https://developers.hubspot.com/docs/api-reference/latest/webhooks/guide (fields of each type)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirepost.providers.hubspot.kinds import BY_NAME
from wirepost.webhooks.reading import fingerprint, millis, needed, our_type, picked, text, word
from wirepost.webhooks.webhook import Actor, Item

Row = Mapping[str, Any]

NOUNS = ("contact", "company", "deal", "ticket")
"""Objects for whose changes there are words of ours; the others keep HubSpot's."""
VERBS = {
    "creation": "created",
    "propertyChange": "updated",
    "deletion": "deleted",
    "privacyDeletion": "deleted",
    "associationChange": "linked",
}
TYPES = {
    f"{noun}.{theirs}": f"{noun}.{ours}"
    for noun in NOUNS
    for theirs, ours in VERBS.items()
    if theirs != "privacyDeletion" or noun == "contact"
}
"""HubSpot's subscription type → ours."""

_PAST = {
    "creation": "was created",
    "propertyChange": "was changed",
    "deletion": "was deleted",
    "privacyDeletion": "was deleted for privacy",
    "associationChange": "was linked",
    "merge": "was merged with others",
    "restore": "was restored",
}
_USER = re.compile(r"userId:(\d{1,20})", re.ASCII)
_BY_PEOPLE = frozenset({"CRM", "CRM_UI", "CRM_UI_BULK_ACTION", "MOBILE_IOS", "MOBILE_ANDROID", "USER"})
"""Sources of a change that a person at HubSpot's screens is (`changeSource`)."""
_IDENTITY = (
    "portalId",
    "subscriptionId",
    "eventId",
    "occurredAt",
    "objectId",
    "propertyName",
    "propertyValue",
)
_FURTHER = (
    "primaryObjectId",
    "mergedObjectIds",
    "newObjectId",
    "fromObjectId",
    "toObjectId",
    "associationType",
    "associationTypeId",
    "associationRemoved",
    "messageId",
)
_MOST = 50


def item_of(row: Row, own: frozenset[str]) -> Item:
    """One event of a batch; raises `Unmapped`."""
    kind = needed(row.get("subscriptionType"), "subscriptionType")
    portal = needed(row.get("portalId"), "portalId")
    called, _, verb = kind.rpartition(".")
    noun = _noun(called, row)
    neutral = f"{noun}.{verb}"
    record = text(row.get("objectId")) or text(row.get("primaryObjectId")) or text(row.get("fromObjectId"))
    actor = _actor(row, own)
    return Item(
        type=TYPES.get(neutral) or our_type("hubspot", neutral if noun in NOUNS else kind),
        provider_type=kind,
        summary=_summary(noun, verb, record, row),
        data=_fields(noun, record, row),
        subject=f"{noun}/{record}" if record else None,
        key=_key(row),
        time=millis(row.get("occurredAt")),
        account=portal,
        untrusted=("property_value",) if "propertyValue" in row else (),
        actor=actor,
        marks=(record,) if record else (),
        attempt=_attempt(row.get("attemptNumber")),
    )


def _noun(called: str, row: Row) -> str:
    """The object an event is about; generic events name it by its type id."""
    type_id = text(row.get("objectTypeId")) or text(row.get("fromObjectTypeId"))
    if called != "object":
        return called or "object"
    known = BY_NAME.get(type_id or "")
    if known is None:
        return word(type_id) or "object"
    return known.neutral or known.label.lower()


def _fields(noun: str, record: str | None, row: Row) -> dict[str, Any]:
    fields = {
        "property": ("propertyName",),
        "property_value": ("propertyValue",),
        "is_sensitive": ("isSensitive",),
        "change_source": ("changeSource",),
        "source_id": ("sourceId",),
        "app_id": ("appId",),
        "object_type_id": ("objectTypeId",),
        "message_type": ("messageType",),
        "message_id": ("messageId",),
    }
    data: dict[str, Any] = {"object": noun, **({"id": record} if record else {}), **_ids(picked(row, fields))}
    if row.get("isSensitive") is True:
        data.pop("property_value", None)
    if "associationRemoved" in row or "toObjectId" in row:
        ends = {
            "to_id": ("toObjectId",),
            "association": ("associationType",),
            "association_type_id": ("associationTypeId",),
            "to_object_type_id": ("toObjectTypeId",),
            "is_removed": ("associationRemoved",),
            "is_primary": ("isPrimaryAssociation",),
        }
        data |= _ids(picked(row, ends))
    merged = row.get("mergedObjectIds")
    if isinstance(merged, list):
        data["merged_ids"] = [found for each in merged[:_MOST] if (found := text(each))]
        data |= _ids(picked(row, {"new_id": ("newObjectId",)}))
    return data


def _ids(data: dict[str, Any]) -> dict[str, Any]:
    """Ids of records and apps as texts, because that is what tools take."""
    return {
        name: str(value) if name.endswith("id") and isinstance(value, int) else value
        for name, value in data.items()
    }


def _actor(row: Row, own: frozenset[str]) -> Actor:
    """Who changed a record: a person, an app, or HubSpot itself.

    `appId` is the app whose webhook this is, `sourceId` the person or the app that made the change.
    """
    source, by, app = (text(row.get(name)) or None for name in ("changeSource", "sourceId", "appId"))
    person = _USER.fullmatch(by or "")
    who = person[1] if person else by
    if who and (who in own or by in own):
        return Actor("self", who)
    if source == "INTEGRATION" and by and by == app:
        return Actor("self", by)
    if person or source in _BY_PEOPLE:
        return Actor("human", who)
    return Actor("automation", by) if source else Actor()


def _key(row: Row) -> str:
    """`eventId` is not unique, so all that tells an event from others; `attemptNumber` does not."""
    if "objectId" in row:
        return fingerprint(*(row.get(name) for name in _IDENTITY))
    return fingerprint(*(row.get(name) for name in (*_IDENTITY, *_FURTHER)))


def _attempt(number: Any) -> int:
    return number + 1 if type(number) is int and 0 <= number < _MOST else 1


def _summary(noun: str, verb: str, record: str | None, row: Row) -> str:
    past = "was unlinked" if row.get("associationRemoved") is True else _PAST.get(verb, "changed")
    what = f"{noun.capitalize()} {(record and word(record)) or ''}".rstrip()
    changed = word(row.get("propertyName"))
    return f"{what} {past}" + (f": {changed}" if changed else "")
