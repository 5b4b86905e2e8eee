"""Mailgun: what became of mail, and mail that came in; only a token is signed, which is taken once."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import (
    as_object,
    at,
    form,
    key,
    line,
    needed,
    our_type,
    parse_object,
    picked,
    seconds,
    text,
)
from wirepost.webhooks.schemes.mailgun import MAILGUN
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

TYPES = {"inbound": "message.posted"}
_FIELDS = {
    "recipient": ("recipient",),
    "severity": ("severity",),
    "reason": ("reason",),
    "code": ("delivery-status", "code"),
    "description": ("delivery-status", "description"),
    "message": ("delivery-status", "message"),
    "url": ("url",),
    "from": ("message", "headers", "from"),
    "subject": ("message", "headers", "subject"),
}
_INBOUND = {
    "recipient": ("recipient",),
    "from": ("sender",),
    "subject": ("subject",),
    "text": ("stripped-text",),
}
_OUTSIDE = ("reason", "description", "message", "url", "from", "subject", "text")


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event; its id is the signed token, since the rest of the payload proves nothing."""
    is_json = request.body.lstrip()[:1] == b"{"
    return Reading((_of_json(parse_object(request.body)) if is_json else _of_form(form(request.body)),))


def _of_json(body: dict[str, Any]) -> Item:
    event = as_object(body.get("event-data"))
    kind = needed(event.get("event"), "event")
    message = text(at(event, "message", "headers", "message-id"))
    subject = f"message/{message}" if message else None
    return Item(
        type=our_type("mailgun", kind, TYPES),
        provider_type=kind,
        summary=line("Mailgun", kind, subject),
        data=picked(event, _FIELDS),
        subject=subject,
        key=key(at(body, "signature", "token")),
        event_id=text(event.get("id")),
        time=seconds(event.get("timestamp")),
        account=text(at(event, "domain", "name")),
        untrusted=_OUTSIDE,
        actor=Actor("automation"),
    )


def _of_form(fields: dict[str, str]) -> Item:
    """A mail that a route passed on, or an event of the older kind."""
    kind = fields.get("event") or "inbound"
    message = fields.get("Message-Id")
    subject = f"message/{message}" if message else None
    return Item(
        type=our_type("mailgun", kind, TYPES),
        provider_type=kind,
        summary=line("Mailgun", kind, subject),
        data=picked(fields, _INBOUND),
        subject=subject,
        key=key(fields.get("token")),
        event_id=fields.get("id"),
        time=seconds(fields.get("timestamp")),
        account=fields.get("domain"),
        untrusted=_OUTSIDE,
        actor=Actor("human", fields.get("sender")) if kind == "inbound" else Actor("automation"),
    )


WEBHOOK = Webhook(
    name="mailgun",
    title="Mailgun",
    scheme=MAILGUN,
    read=read,
    types=TYPES,
    steps="In Mailgun open Sending, Webhooks: add {url} for each event; the HTTP webhook signing key goes "
    "into `secrets`.",
)
