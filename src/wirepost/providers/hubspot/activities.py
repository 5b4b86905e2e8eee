"""Activities: notes, tasks, calls, e-mails and meetings, each an object with properties of its own.

https://developers.hubspot.com/docs/api-reference/crm-notes-v3/guide (and the pages beside it)
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime

from wirepost.contracts.records import Activity, ActivityType
from wirepost.core.text import strip_html
from wirepost.core.times import to_rfc3339
from wirepost.providers.hubspot.client import Json
from wirepost.providers.hubspot.kinds import OWNER


@dataclass(frozen=True)
class Form:
    """Where an activity's parts go."""

    object: str
    body: str
    subject: str | None
    fixed: tuple[tuple[str, str], ...] = ()
    is_html: bool = True


FORMS: dict[ActivityType, Form] = {
    "note": Form("notes", "hs_note_body", None),
    "task": Form("tasks", "hs_task_body", "hs_task_subject", (("hs_task_status", "NOT_STARTED"),)),
    "call": Form("calls", "hs_call_body", "hs_call_title", (("hs_call_status", "COMPLETED"),)),
    "email": Form(
        "emails",
        "hs_email_text",
        "hs_email_subject",
        (("hs_email_direction", "EMAIL"), ("hs_email_status", "SENT")),
        is_html=False,
    ),
    "meeting": Form(
        "meetings", "hs_meeting_body", "hs_meeting_title", (("hs_meeting_outcome", "COMPLETED"),)
    ),
}


def properties_of(activity: Activity, now: datetime) -> dict[str, str]:
    """The properties of a new activity. A note has no subject, so its first line holds it.

    A task's time is when it is due, everything else's when it happened.
    """
    form = FORMS[activity.type]
    at = (activity.due_at if activity.type == "task" else None) or activity.occurred_at or now
    made = {"hs_timestamp": to_rfc3339(at), form.body: _body(activity, form), **dict(form.fixed)}
    if form.subject is not None and activity.subject:
        made[form.subject] = activity.subject
    if activity.type == "meeting":
        made["hs_meeting_start_time"] = made["hs_timestamp"]
    if activity.owner is not None:
        made[OWNER] = activity.owner
    return made


def is_same(activity: Activity, row: Json) -> bool:
    """Whether a stored activity says the same; HubSpot tidies HTML, so only what is seen counts."""
    form = FORMS[activity.type]
    kept = row["properties"]
    if form.subject is not None and (kept.get(form.subject) or "") != (activity.subject or ""):
        return False
    return _seen(kept.get(form.body) or "") == _seen(_body(activity, form))


def _body(activity: Activity, form: Form) -> str:
    lines = [activity.body]
    if form.subject is None and activity.subject:
        lines.insert(0, activity.subject)
    text = "\n".join(lines)
    return html.escape(text, quote=False).replace("\n", "<br>") if form.is_html else text


def _seen(text: str) -> list[str]:
    return strip_html(text).split()
