"""Zendesk: what happens to tickets, users and organisations; triggers may send a body of their own."""

from __future__ import annotations

from wirepost.webhooks import any_json
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import at, key, line, moment, our_type, parse_object, picked, text
from wirepost.webhooks.schemes.hmacs import ZENDESK
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

_PREFIX = "zen:event-type:"
TYPES = {
    "zen:event-type:organization.created": "company.created",
    "zen:event-type:organization.deleted": "company.deleted",
    "zen:event-type:ticket.created": "ticket.created",
    "zen:event-type:ticket.priority_changed": "ticket.updated",
    "zen:event-type:ticket.soft_deleted": "ticket.deleted",
    "zen:event-type:ticket.status_changed": "ticket.updated",
    "zen:event-type:ticket.subject_changed": "ticket.updated",
    "zen:event-type:user.created": "contact.created",
    "zen:event-type:user.deleted": "contact.deleted",
}
_FIELDS = {
    "id": ("detail", "id"),
    "subject": ("detail", "subject"),
    "status": ("detail", "status"),
    "priority": ("detail", "priority"),
    "requester_id": ("detail", "requester_id"),
    "assignee_id": ("detail", "assignee_id"),
    "organization_id": ("detail", "organization_id"),
    "name": ("detail", "name"),
    "email": ("detail", "email"),
    "previous": ("event", "previous"),
    "current": ("event", "current"),
    "comment": ("event", "comment", "body"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event of those Zendesk knows, or whatever a trigger was told to send."""
    body = parse_object(request.body)
    kind = text(body.get("type")) or ""
    if not kind.startswith(_PREFIX):
        return any_json.read("zendesk", "Zendesk", request, terms)
    subject = (text(body.get("subject")) or "").removeprefix("zen:").replace(":", "/", 1) or None
    actor = text(at(body, "detail", "actor_id")) or text(at(body, "event", "actor", "id"))
    item = Item(
        type=our_type("zendesk", kind.removeprefix(_PREFIX), _SHORT),
        provider_type=kind,
        summary=line("Zendesk", kind.removeprefix(_PREFIX), subject),
        data=picked(body, _FIELDS),
        subject=subject,
        key=key(body.get("id")),
        event_id=text(body.get("id")),
        time=moment(body.get("time")),
        account=text(body.get("account_id")),
        untrusted=("subject", "name", "email", "previous", "current", "comment"),
        actor=Actor("unknown", actor),
    )
    return Reading((item,))


_SHORT = {kind.removeprefix(_PREFIX): ours for kind, ours in TYPES.items()}

WEBHOOK = Webhook(
    name="zendesk",
    title="Zendesk",
    scheme=ZENDESK,
    read=read,
    types=TYPES,
    steps="In the Zendesk admin centre open Apps and integrations, Webhooks, Create: endpoint URL {url}, "
    "POST, JSON; its signing secret goes into `secrets`.",
)
