"""Activities: notes, tasks, calls, e-mails and meetings, each in the object that Salesforce keeps it in.

https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/
sforce_api_objects_task.htm (and `…_event.htm`, `…_contentnote.htm`)
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from wirepost.contracts.records import Activity, ActivityType, LinkTo, ObjectSchema
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.core.text import cut
from wirepost.core.times import to_rfc3339
from wirepost.providers.salesforce import ids
from wirepost.providers.salesforce.client import ROOT, Json
from wirepost.providers.salesforce.kinds import NOTE, OWNER

PARTS = 25
"""Most requests in one (https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
resources_composite_composite.htm)."""
LONGEST_SUBJECT = 255
PREVIEW = 255
"""So much of a note's text can be read back in a statement."""
PEOPLE = frozenset({"Contact", "Lead"})
"""What an activity's `WhoId` may lead to; everything else is `WhatId`."""
ENDS = ("WhoId", "WhatId")
"""The fields that lead to what an activity other than a note is about."""
MEETING = timedelta(hours=1)


@dataclass(frozen=True)
class Form:
    """The object of an activity and what it always has."""

    object: str
    label: str
    fixed: Mapping[str, str] = field(default_factory=dict)


FORMS: dict[ActivityType, Form] = {
    "note": Form(NOTE, "Note"),
    "task": Form("Task", "Task"),
    "call": Form("Task", "Call", {"TaskSubtype": "Call", "Status": "Completed"}),
    "email": Form("Task", "Email", {"TaskSubtype": "Email", "Status": "Completed"}),
    "meeting": Form("Event", "Meeting"),
}


def fields_of(activity: Activity, schema: ObjectSchema, now: datetime) -> dict[str, Any]:
    """The fields of a new activity; raises `InvalidCall` where it concerns more than Salesforce can say."""
    form = FORMS[activity.type]
    fixed = {name: value for name, value in form.fixed.items() if _takes(schema, name, value)}
    if activity.type == "note":
        made: dict[str, Any] = {"Title": subject_of(activity), "Content": _content(activity.body)}
    else:
        made = {"Subject": subject_of(activity), "Description": activity.body, **fixed}
        made |= _times(activity, now) | _concerns(activity.related)
    if activity.owner is not None and _takes(schema, OWNER, activity.owner):
        made[OWNER] = activity.owner
    return made


def note_parts(fields: Mapping[str, Any], related: Sequence[LinkTo]) -> Json:
    """One request that makes a note and puts it on records, or does nothing."""
    if len(related) >= PARTS:
        problem = f"takes at most {PARTS - 1} records for a note"
        raise InvalidCall(
            "invalid_arguments", f"related {problem}", fields=[FieldProblem(path="related", problem=problem)]
        )
    parts = [_part("note", NOTE, fields)]
    for index, each in enumerate(related):
        body = {"ContentDocumentId": "@{note.id}", "LinkedEntityId": each.id, "ShareType": "V"}
        parts.append(_part(f"link{index}", "ContentDocumentLink", body))
    return {"allOrNone": True, "compositeRequest": parts}


def subject_of(activity: Activity) -> str:
    """What an activity is called: its subject, or else the beginning of its text."""
    lines = [line.strip() for line in (activity.subject or "", *activity.body.splitlines())]
    first = next((line for line in lines if line), FORMS[activity.type].label)
    return cut(" ".join(first.split()), LONGEST_SUBJECT)


def is_same(activity: Activity, row: Json) -> bool:
    """Whether a stored activity says the same; only the beginning of a note can be compared."""
    if activity.type == "note":
        if _seen(row.get("Title")) != _seen(subject_of(activity)):
            return False
        kept, wanted = "".join(_seen(row.get("TextPreview"))), "".join(_seen(activity.body))
        shortest = min(len(kept), len(wanted), PREVIEW // 2)
        return kept[:shortest] == wanted[:shortest] and bool(kept) == bool(wanted)
    is_kind = row.get("TaskSubtype") in {None, FORMS[activity.type].fixed.get("TaskSubtype", "Task")}
    named = _seen(row.get("Subject")) == _seen(subject_of(activity))
    return is_kind and named and _seen(row.get("Description")) == _seen(activity.body)


def is_concerned(activity: Activity, row: Json) -> bool:
    """Whether a stored activity, which is no note, is about the same records."""
    asked = _concerns(activity.related)
    return all(_same_id(row.get(name), asked.get(name)) for name in ENDS)


def read_back(activity: Activity) -> list[str]:
    """The fields that `is_same` compares."""
    if activity.type == "note":
        return ["Title", "TextPreview"]
    return ["Subject", "Description", *(["TaskSubtype"] if FORMS[activity.type].object == "Task" else [])]


def _times(activity: Activity, now: datetime) -> dict[str, str]:
    """A meeting has a beginning and an end, a task the day it is due, the others the day they happened."""
    at = activity.occurred_at or now
    if activity.type == "meeting":
        return {"StartDateTime": to_rfc3339(at), "EndDateTime": to_rfc3339(at + MEETING)}
    if activity.type == "task":
        due = activity.due_at
        return {} if due is None else {"ActivityDate": _day(due)}
    return {"ActivityDate": _day(at)}


def _concerns(related: Sequence[LinkTo]) -> dict[str, str]:
    people = [each.id for each in related if each.object in PEOPLE]
    others = [each.id for each in related if each.object not in PEOPLE]
    if len(people) > 1 or len(others) > 1:
        problem = "may name one contact or lead and one other record for such an activity"
        raise InvalidCall(
            "unsupported_by_provider",
            f"related {problem}",
            hint="Write it down once for each, or log a note, which may stand on many records",
            fields=[FieldProblem(path="related", problem=problem)],
        )
    return {name: found[0] for name, found in zip(ENDS, (people, others), strict=True) if found}


def _takes(schema: ObjectSchema, name: str, value: str) -> bool:
    """Whether new records of this organisation can have the value."""
    described = schema.field(name)
    if described is None or not described.writable:
        return False
    return not described.options or any(option.value == value for option in described.options)


def _content(text: str) -> str:
    """A note's text is HTML in Base64."""
    shown = html.escape(text, quote=False).replace("\n", "<br>")
    return base64.b64encode(shown.encode()).decode()


def _part(name: str, object_name: str, body: Mapping[str, Any]) -> Json:
    url = f"{ROOT}/sobjects/{object_name}"
    return {"method": "POST", "url": url, "referenceId": name, "body": dict(body)}


def _same_id(one: str | None, other: str | None) -> bool:
    return ids.same_id(one or "", other or "")


def _seen(text: str | None) -> list[str]:
    return html.unescape(text or "").split()


def _day(at: datetime) -> str:
    return at.astimezone(UTC).date().isoformat()
