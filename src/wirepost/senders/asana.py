"""Asana: changes of tasks and projects; the secret comes with the handshake."""

from __future__ import annotations

import re
from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    fingerprint,
    line,
    moment,
    needed,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN
from wirepost.webhooks.schemes.hmacs import ASANA
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Webhook

_SECRET = re.compile(r"[!-~]{16,256}", re.ASCII)
_FIELDS = {
    "id": ("resource", "gid"),
    "name": ("resource", "name"),
    "kind": ("resource", "resource_subtype"),
    "field": ("change", "field"),
    "change": ("change", "action"),
    "parent_id": ("parent", "gid"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each event; an empty list is a sign of life. They are compact: what a field is now has to be asked."""
    events = parse_object(request.body).get("events")
    if not isinstance(events, list):
        raise Unmapped("has no events")
    return Reading(each(events, _item))


def _item(event: dict[str, Any]) -> Item:
    kind = needed(at(event, "resource", "resource_type"), "resource type")
    provider_type = f"{kind}.{needed(event.get('action'), 'action')}"
    own = needed(at(event, "resource", "gid"), "resource gid")
    user = text(at(event, "user", "gid"))
    return Item(
        type=our_type("asana", provider_type),
        provider_type=provider_type,
        summary=line("Asana", provider_type, f"{kind}/{own}"),
        data=picked(event, _FIELDS),
        subject=f"{kind}/{own}",
        key=fingerprint(event),
        time=moment(event.get("created_at")),
        untrusted=("name",),
        actor=Actor("human", user) if user else Actor(),
        fetch=None,
    )


async def _shake_hands(request: Incoming, terms: Terms) -> Reply | None:
    """The secret said back, while one is expected; at any other time anyone could plant one."""
    secret = request.header("x-hook-secret")
    if secret is None:
        return None
    if not terms.settings.expects_secret or not _SECRET.fullmatch(secret):
        return FORBIDDEN
    return Reply(headers={"X-Hook-Secret": secret}, secret=secret)


WEBHOOK = Webhook(
    name="asana",
    title="Asana",
    scheme=ASANA,
    read=read,
    greet=_shake_hands,
    steps="Set `expects_secret: true`, create the webhook with the API (POST /webhooks, target {url}), then "
    "remove the option again: the secret is kept.",
)
