"""What Salesforce tells of records, in our words: outbound messages, change events and platform events.

Change and platform events come over the Pub/Sub API, in the form of `payloads` below once Avro is decoded;
whoever speaks that API hands them to `changes` and `platform_event`.
https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from wirepost.providers.salesforce.ids import canonical, same_id
from wirepost.providers.salesforce.kinds import KINDS
from wirepost.providers.salesforce.soap import Notification
from wirepost.webhooks.reading import (
    MAX_ITEMS,
    at,
    fingerprint,
    millis,
    moment,
    needed,
    our_type,
    scalars,
    seconds,
    text,
    word,
)
from wirepost.webhooks.webhook import Actor, Item, Unmapped

Row = Mapping[str, Any]

NOUNS = {
    kind.name: kind.neutral for kind in KINDS if kind.neutral in {"contact", "company", "deal", "ticket"}
}
"""Objects for whose changes there are words of ours."""
VERBS = {
    "CREATE": "created",
    "UPDATE": "updated",
    "DELETE": "deleted",
    "GAP_CREATE": "created",
    "GAP_UPDATE": "updated",
    "GAP_DELETE": "deleted",
}
TYPES = {
    f"{name}.{change}": f"{noun}.{verb}" for name, noun in NOUNS.items() for change, verb in VERBS.items()
}
"""Object and kind of change → ours."""
GAP = "GAP_"
"""A change of which Salesforce tells no fields, so that the record must be read."""

_PAST = {"created": "was created", "updated": "was changed", "deleted": "was deleted"}
_HEADER = "ChangeEventHeader"
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_FIELDS = 60


def notified(each: Notification, account: str, action: str, own: Iterable[str]) -> Item:
    """One notification of an outbound message. It shows a record as it is, and not what became of it."""
    record, fields = canonical(each.fields["Id"]), each.fields
    noun = NOUNS.get(each.object)
    verb = _verb(fields)
    shown = dict(list(fields.items())[:_FIELDS])
    shown.pop("Id", None)
    return Item(
        type=f"{noun}.{verb}" if noun else our_type("salesforce", each.object),
        provider_type=each.object,
        summary=_summary(noun or each.object, record, _PAST[verb]),
        data={
            "object": noun or each.object,
            "object_type": each.object,
            "id": record,
            "action_id": canonical(action),
            "fields": shown,
        },
        subject=f"{noun or each.object}/{record}",
        key=canonical(each.id),
        event_id=canonical(each.id),
        time=moment_of(fields.get("LastModifiedDate") or fields.get("SystemModstamp")),
        account=account,
        untrusted=tuple(f"fields.{name}" for name in shown),
        actor=_actor(fields.get("LastModifiedById"), own),
        marks=(record,),
    )


def changes(body: Row, *, account: str | None, own: Iterable[str] = ()) -> list[Item]:
    """A change event, which may be of several records; raises `Unmapped`."""
    payload = _payload(body)
    header = payload.get(_HEADER)
    if not isinstance(header, dict):
        raise Unmapped("has no ChangeEventHeader")
    name = needed(header.get("entityName"), "entityName")
    change = needed(header.get("changeType"), "changeType")
    needed(header.get("transactionKey"), "transactionKey")
    records = header.get("recordIds")
    if change == "GAP_OVERFLOW":
        return [_overflow(header, name, change, account)]
    if not isinstance(records, list) or not 0 < len(records) <= MAX_ITEMS:
        raise Unmapped("has no recordIds")
    fields = _fields(payload)
    shown = [canonical(needed(each, "id of a record")) for each in records]
    return [_change(header, each, fields, account=account, own=own) for each in shown]


def platform_event(body: Row, *, topic: str, account: str | None, own: Iterable[str] = ()) -> Item:
    """An event that somebody has defined, of a topic such as `/event/Order_Event__e`; raises `Unmapped`."""
    payload = _payload(body)
    name = needed(topic.rpartition("/")[2], "topic")
    fields = _fields(payload)
    event_id = text(at(body, "event", "EventUuid"))
    return Item(
        type=our_type("salesforce", name),
        provider_type=name,
        summary=f"{word(name) or 'Event'} of Salesforce",
        data={"fields": fields},
        key=event_id or fingerprint(topic, *(f"{name}={payload[name]}" for name in sorted(payload))),
        event_id=event_id,
        time=millis(payload.get("CreatedDate")),
        account=account,
        untrusted=tuple(f"fields.{name}" for name, value in fields.items() if isinstance(value, str)),
        actor=_actor(payload.get("CreatedById"), own),
    )


def _change(
    header: Row, record: str, fields: dict[str, Any], *, account: str | None, own: Iterable[str]
) -> Item:
    name, change = str(header["entityName"]), str(header["changeType"])
    noun, verb = NOUNS.get(name), VERBS.get(change, "updated")
    is_gap = change.startswith(GAP)
    data: dict[str, Any] = {
        "object": noun or name,
        "object_type": name,
        "id": record,
        "change": change,
        "changed": _names(header.get("changedFields")),
        "nulled": _names(header.get("nulledFields")),
        "fields": fields,
    }
    origin = text(header.get("changeOrigin"))
    return Item(
        type=TYPES.get(f"{name}.{change}") or our_type("salesforce", f"{noun or name}.{change}"),
        provider_type=f"{name}.{change}",
        summary=_summary(noun or name, record, _PAST[verb] if change in VERBS else "was brought back"),
        data={**data, **({"origin": origin} if origin else {})},
        subject=f"{noun or name}/{record}",
        key=_change_key(header, record),
        time=millis(header.get("commitTimestamp")),
        account=account,
        untrusted=(*(f"fields.{each}" for each, value in fields.items() if isinstance(value, str)), "origin"),
        actor=_actor(header.get("commitUser"), own),
        marks=(record,),
        fetch=f"{name}/{record}" if is_gap and verb != "deleted" else None,
    )


def _overflow(header: Row, name: str, change: str, account: str | None) -> Item:
    """So much has changed at once that Salesforce says no more than that."""
    return Item(
        type=our_type("salesforce", f"{name}.{change}"),
        provider_type=f"{name}.{change}",
        summary=f"Too many changes of {word(name) or 'records'} at once: read what you need again",
        data={"object": NOUNS.get(name) or name, "object_type": name, "change": change},
        key=_change_key(header, ""),
        time=millis(header.get("commitTimestamp")),
        account=account,
    )


def _change_key(header: Row, record: str) -> str:
    parts = (header.get(name) for name in ("transactionKey", "sequenceNumber", "entityName", "changeType"))
    return fingerprint(*parts, record)


def _payload(body: Row) -> Row:
    payload = body.get("payload")
    if not isinstance(payload, dict):
        raise Unmapped("has no payload")
    return payload


def _fields(payload: Row) -> dict[str, Any]:
    """Single values, those inside of compound fields such as addresses too."""
    found: dict[str, Any] = {}
    for name, value in payload.items():
        if name == _HEADER:
            continue
        inner = scalars(value, _FIELDS) if isinstance(value, dict) else scalars({name: value})
        found |= {key: each for key, each in inner.items() if key not in found}
    return dict(list(found.items())[:_FIELDS])


def _names(value: Any) -> list[str]:
    return [found for each in value[:_FIELDS] if (found := text(each))] if isinstance(value, list) else []


def _verb(fields: Mapping[str, str]) -> str:
    if fields.get("IsDeleted") == "true":
        return "deleted"
    created = fields.get("CreatedDate")
    is_new = created is not None and created == fields.get("LastModifiedDate")
    return "created" if is_new else "updated"


def moment_of(value: Any) -> float | None:
    """A time of Salesforce, whose offset may lack its colon."""
    return moment(_OFFSET.sub(r"\1:\2", value)) if isinstance(value, str) else seconds(None)


def _actor(user: Any, own: Iterable[str]) -> Actor:
    """The user in whose name a change was made; whether a person or a program is behind it is not told."""
    found = text(user)
    if not found:
        return Actor()
    return Actor("self" if any(same_id(found, each) for each in own) else "unknown", canonical(found))


def _summary(called: str, record: str, past: str) -> str:
    return f"{(word(called) or 'Record').capitalize()} {word(record) or ''} {past}"
