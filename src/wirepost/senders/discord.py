"""Discord: interactions with an app, and its webhook events; bad signatures are tried on purpose."""

from __future__ import annotations

from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    find_object,
    fingerprint,
    key,
    line,
    moment,
    needed,
    our_type,
    parse_object,
    picked,
    scalars,
    text,
)
from wirepost.webhooks.replies import as_json
from wirepost.webhooks.schemes.public_keys import DISCORD
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Webhook

_INTERACTIONS = {
    2: "application_command",
    3: "message_component",
    4: "application_command_autocomplete",
    5: "modal_submit",
}
_FIELDS = {
    "id": ("id",),
    "command": ("data", "name"),
    "custom_id": ("data", "custom_id"),
    "option": ("data", "options", 0, "value"),
    "channel_id": ("channel_id",),
    "guild_id": ("guild_id",),
    "user": ("member", "user", "username"),
}
_PING, _EVENT_PING = 1, 0
_RECEIVED = as_json({"type": 4, "data": {"content": "Received.", "flags": 64}})
"""A message that only its user sees; without an answer Discord shows that the interaction failed."""


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One interaction or event; the tokens in it stay behind."""
    body = parse_object(request.body)
    application = text(body.get("application_id"))
    is_event = isinstance(body.get("event"), dict)
    return Reading((_event(body["event"], application) if is_event else _interaction(body, application),))


def _interaction(body: dict[str, Any], application: str | None) -> Item:
    number = body.get("type")
    kind = _INTERACTIONS.get(number) if isinstance(number, int) else None
    if kind is None:
        raise Unmapped("is no interaction of a known type")
    own = needed(body.get("id"), "id")
    user = text(at(body, "member", "user", "id")) or text(at(body, "user", "id"))
    return Item(
        type=our_type("discord", kind),
        provider_type=kind,
        summary=line("Discord", kind, f"interaction/{own}"),
        data=picked(body, _FIELDS),
        subject=f"interaction/{own}",
        key=key(own),
        event_id=own,
        account=application,
        untrusted=("command", "custom_id", "option", "user"),
        actor=Actor("human", user) if user else Actor(),
    )


def _event(event: dict[str, Any], application: str | None) -> Item:
    kind = needed(event.get("type"), "event type")
    data = scalars(event.get("data"))
    return Item(
        type=our_type("discord", kind),
        provider_type=kind,
        summary=line("Discord", kind),
        data=data,
        key=fingerprint(event),
        time=moment(event.get("timestamp")),
        account=application,
        untrusted=tuple(data),
    )


async def _pong(request: Incoming, terms: Terms) -> Reply | None:
    """Interactions are tried with type 1, webhook events with type 0."""
    body = find_object(request.body)
    if body is None or "event" in body or type(body.get("type")) is not int:
        return None
    if body["type"] == _EVENT_PING:
        return Reply(status=204)
    return as_json({"type": _PING}) if body["type"] == _PING else None


WEBHOOK = Webhook(
    name="discord",
    title="Discord",
    scheme=DISCORD,
    read=read,
    reply=_pong,
    accepted=_RECEIVED,
    steps="In the Discord developer portal copy the app's public key into `secrets`, then enter {url} as its "
    "interactions endpoint URL or webhook events URL.",
)
