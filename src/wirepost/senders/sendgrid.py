"""SendGrid: what became of mail; hundreds of events come in one request."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import each, key, line, needed, our_type, parse_list, picked, seconds, text
from wirepost.webhooks.schemes.public_keys import SENDGRID
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

_FIELDS = {
    "email": ("email",),
    "message_id": ("sg_message_id",),
    "reason": ("reason",),
    "status": ("status",),
    "response": ("response",),
    "url": ("url",),
    "kind": ("type",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event with its own id."""
    return Reading(each(parse_list(request.body), _item))


def _item(event: dict[str, Any]) -> Item:
    kind = needed(event.get("event"), "event")
    message = text(event.get("sg_message_id"))
    subject = f"message/{message}" if message else None
    return Item(
        type=our_type("sendgrid", kind),
        provider_type=kind,
        summary=line("SendGrid", kind, subject),
        data=picked(event, _FIELDS),
        subject=subject,
        key=key(event.get("sg_event_id")),
        event_id=text(event.get("sg_event_id")),
        time=seconds(event.get("timestamp")),
        untrusted=("reason", "response", "url"),
        actor=Actor("automation"),
    )


WEBHOOK = Webhook(
    name="sendgrid",
    title="SendGrid",
    scheme=SENDGRID,
    read=read,
    steps="In SendGrid open Settings, Mail settings, Event webhooks: HTTP post URL {url}, turn on signature "
    "verification and copy the verification key into `secrets`.",
)
