"""GitLab: pushes, issues, merge requests, pipelines, releases."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import at, key, line, moment, needed, our_type, parse_object, picked, text
from wirepost.webhooks.schemes.standard import signed_id
from wirepost.webhooks.schemes.tokens import GITLAB
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

TYPES = {
    "issue.close": "issue.closed",
    "issue.open": "issue.opened",
    "merge_request.approved": "pull_request.reviewed",
    "merge_request.open": "pull_request.opened",
    "note.Issue": "issue.commented",
    "push": "code.pushed",
    "release.create": "release.published",
}
_FIELDS = {
    "number": ("object_attributes", "iid"),
    "title": ("object_attributes", "title"),
    "state": ("object_attributes", "state"),
    "status": ("object_attributes", "status"),
    "note": ("object_attributes", "note"),
    "source_branch": ("object_attributes", "source_branch"),
    "target_branch": ("object_attributes", "target_branch"),
    "url": ("object_attributes", "url"),
    "ref": ("ref",),
    "before": ("before",),
    "after": ("after",),
    "commits": ("total_commits_count",),
    "tag": ("tag",),
    "name": ("name",),
    "project": ("project", "path_with_namespace"),
    "project_url": ("project", "web_url"),
}
_OUTSIDE = ("title", "note", "source_branch", "target_branch", "ref", "tag", "name", "url")


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event, named like its kind and what was done."""
    body = parse_object(request.body)
    kind = needed(body.get("object_kind"), "object_kind")
    attributes = body.get("object_attributes")
    done = text(at(attributes, "action")) or text(body.get("action")) or text(at(attributes, "noteable_type"))
    provider_type = f"{kind}.{done}" if done else kind
    project = text(at(body, "project", "path_with_namespace"))
    event_id = _id_of(request)
    item = Item(
        type=our_type("gitlab", provider_type, TYPES),
        provider_type=provider_type,
        summary=line("GitLab", provider_type, subject := _subject(kind, project, body)),
        data=picked(body, _FIELDS),
        subject=subject,
        key=key(event_id),
        event_id=event_id,
        time=_time(body),
        account=project,
        untrusted=_OUTSIDE,
        actor=_actor(body),
    )
    return Reading((item,))


def _id_of(request: Incoming) -> str | None:
    """The same for each attempt, where GitLab is new enough to send one."""
    if request.header("webhook-signature") is not None:
        return signed_id(request)
    return request.header("idempotency-key") or request.header("x-gitlab-event-uuid")


def _subject(kind: str, project: str | None, body: dict[str, Any]) -> str | None:
    number = text(at(body, "object_attributes", "iid")) or text(at(body, "object_attributes", "id"))
    if project is None:
        return None
    place = f"#{number}" if number else f"@{body['ref']}" if isinstance(body.get("ref"), str) else ""
    return f"{kind}/{project}{place}"


def _time(body: dict[str, Any]) -> float | None:
    """When its object was changed, in either of GitLab's spellings; of a push the newest commit's time."""
    attributes = body.get("object_attributes")
    for value in (
        at(attributes, "updated_at"),
        at(attributes, "created_at"),
        body.get("released_at"),
        at(body, "commits", -1, "timestamp"),
    ):
        if isinstance(value, str) and (found := moment(value.replace(" UTC", "Z"))) is not None:
            return found
    return None


def _actor(body: dict[str, Any]) -> Actor:
    user = text(at(body, "user", "id")) or text(body.get("user_id"))
    return Actor("human", user) if user else Actor()


WEBHOOK = Webhook(
    name="gitlab",
    title="GitLab",
    scheme=GITLAB,
    read=read,
    types=TYPES,
    steps="In the project or group open Settings, Webhooks, Add: URL {url}, choose the triggers; the signing "
    "or secret token goes into `secrets`.",
)
