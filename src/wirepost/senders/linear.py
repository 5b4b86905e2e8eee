"""Linear: issues, comments, projects; the time of an attempt is inside its signed body."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import at, key, line, moment, needed, our_type, parse_object, picked, text
from wirepost.webhooks.schemes.hmacs import LINEAR
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

TYPES = {"Issue.create": "issue.opened", "Comment.create": "issue.commented"}
_FIELDS = {
    "id": ("data", "id"),
    "identifier": ("data", "identifier"),
    "title": ("data", "title"),
    "body": ("data", "body"),
    "state": ("data", "state", "name"),
    "priority": ("data", "priority"),
    "assignee_id": ("data", "assigneeId"),
    "issue_id": ("data", "issueId"),
    "project_id": ("data", "projectId"),
    "team": ("data", "team", "key"),
    "url": ("url",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event, named like the entity and what was done to it."""
    body = parse_object(request.body)
    kind = needed(body.get("type"), "type")
    provider_type = f"{kind}.{needed(body.get('action'), 'action')}"
    own = text(at(body, "data", "id"))
    subject = f"{kind.lower()}/{own}" if own else None
    delivery = request.header("linear-delivery")
    data = picked(body, _FIELDS)
    before: Any = body.get("updatedFrom")
    if isinstance(before, dict):
        data["changed"] = sorted(before)[:20]
    item = Item(
        type=our_type("linear", provider_type, TYPES),
        provider_type=provider_type,
        summary=line("Linear", provider_type, subject),
        data=data,
        subject=subject,
        key=key(delivery),
        event_id=delivery,
        time=moment(body.get("createdAt")),
        account=text(body.get("organizationId")),
        untrusted=("title", "body", "state", "url"),
        actor=_actor(body),
    )
    return Reading((item,))


def _actor(body: dict[str, Any]) -> Actor:
    """`actor` in what Linear sends today, `userId` of a comment before."""
    actor = text(at(body, "actor", "id")) or text(at(body, "data", "userId"))
    is_app = at(body, "actor", "type") not in {None, "user"}
    return Actor("automation" if is_app else "human", actor) if actor else Actor()


WEBHOOK = Webhook(
    name="linear",
    title="Linear",
    scheme=LINEAR,
    read=read,
    types=TYPES,
    tolerance_s=60,
    steps="In Linear open Settings, API, New webhook: URL {url}, choose the data; its signing secret goes "
    "into `secrets`.",
)
