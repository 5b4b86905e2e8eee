"""Okta event hooks: sign-ins, users, groups; an address is tried once when it is entered."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    key,
    line,
    moment,
    needed,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, MAX_CHALLENGE, as_json
from wirepost.webhooks.schemes.tokens import API_KEY
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Webhook

_FIELDS = {
    "severity": ("severity",),
    "message": ("displayMessage",),
    "result": ("outcome", "result"),
    "reason": ("outcome", "reason"),
    "actor_name": ("actor", "displayName"),
    "actor_login": ("actor", "alternateId"),
    "target_id": ("target", 0, "id"),
    "target_kind": ("target", 0, "type"),
    "target_name": ("target", 0, "displayName"),
    "ip": ("client", "ipAddress"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event with its own id."""
    body = parse_object(request.body)
    events = at(body, "data", "events")
    if not isinstance(events, list):
        raise Unmapped("has no data.events")
    account = _host(text(body.get("source")))
    return Reading(each(events, lambda event: _item(event, account)))


def _host(source: str | None) -> str | None:
    try:
        return urlsplit(source or "").hostname
    except ValueError:
        return None


def _item(event: dict[str, Any], account: str | None) -> Item:
    kind = needed(event.get("eventType"), "eventType")
    target, entity = text(at(event, "target", 0, "id")), text(at(event, "target", 0, "type"))
    actor = text(at(event, "actor", "id"))
    subject = f"{entity.lower()}/{target}" if target and entity else None
    return Item(
        type=our_type("okta", kind),
        provider_type=kind,
        summary=line("Okta", kind, subject),
        data=picked(event, _FIELDS),
        subject=subject,
        key=key(event.get("uuid")),
        event_id=text(event.get("uuid")),
        time=moment(event.get("published")),
        account=account,
        untrusted=("message", "reason", "actor_name", "actor_login", "target_name"),
        actor=Actor("human" if at(event, "actor", "type") == "User" else "automation", actor)
        if actor
        else Actor(),
    )


async def _prove(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge of the header, said back."""
    if request.method != "GET":
        return None
    challenge = request.header("x-okta-verification-challenge")
    if challenge is None:
        return None
    return as_json({"verification": challenge}) if len(challenge) <= MAX_CHALLENGE else FORBIDDEN


WEBHOOK = Webhook(
    name="okta",
    title="Okta",
    scheme=API_KEY,
    read=read,
    greet=_prove,
    methods=frozenset({"GET", "POST"}),
    steps="In the Okta admin console open Workflow, Event hooks, Create: URL {url}, authentication field "
    "`Authorization` with a secret, which also goes into `secrets`. Then press Verify.",
)
