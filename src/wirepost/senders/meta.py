"""Meta: Facebook pages, Instagram and WhatsApp; up to 1,000 changes come in one request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    fingerprint,
    key,
    line,
    millis,
    needed,
    our_type,
    parse_object,
    picked,
    scalars,
    seconds,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, plain
from wirepost.webhooks.schemes.hmacs import META
from wirepost.webhooks.schemes.tokens import is_token
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Webhook

TYPES = {
    "whatsapp_business_account.messages": "message.posted",
    "page.messaging": "message.posted",
    "instagram.messaging": "message.posted",
}
_MESSAGE = {
    "id": ("message", "id"),
    "from": ("message", "from"),
    "kind": ("message", "type"),
    "text": ("message", "text", "body"),
    "name": ("contact", "profile", "name"),
    "phone_number_id": ("value", "metadata", "phone_number_id"),
}
_STATUS = {
    "id": ("status", "id"),
    "status": ("status", "status"),
    "recipient_id": ("status", "recipient_id"),
    "error_code": ("status", "errors", 0, "code"),
    "phone_number_id": ("value", "metadata", "phone_number_id"),
}
_CHAT = {
    "id": ("message", "mid"),
    "from": ("sender", "id"),
    "to": ("recipient", "id"),
    "text": ("message", "text"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each message, status and change; Meta has no ids for events, only for messages."""
    body = parse_object(request.body)
    kind = needed(body.get("object"), "object")
    entries = body.get("entry")
    if not isinstance(entries, list):
        raise Unmapped("has no entry")
    parts = [part for entry in entries for part in _parts(entry)]
    return Reading(each(parts, lambda part: _item(kind, part)))


def _parts(entry: Any) -> Iterator[Any]:
    """What happened of an entry, each with its surroundings; what is no entry stays and is refused later."""
    changes, chats = at(entry, "changes"), at(entry, "messaging")
    if not isinstance(changes, list) and not isinstance(chats, list):
        yield None
    for chat in chats if isinstance(chats, list) else ():
        yield {"entry": entry, "field": "messaging", "chat": chat}
    for change in changes if isinstance(changes, list) else ():
        whole = {"entry": entry, "field": at(change, "field"), "value": at(change, "value")}
        messages, statuses = at(change, "value", "messages"), at(change, "value", "statuses")
        contact = at(change, "value", "contacts", 0)
        if not isinstance(messages, list) and not isinstance(statuses, list):
            yield whole
        for message in messages if isinstance(messages, list) else ():
            yield {**whole, "message": message, "contact": contact}
        for status in statuses if isinstance(statuses, list) else ():
            yield {**whole, "status": status}


def _item(kind: str, part: dict[str, Any]) -> Item:
    provider_type = f"{kind}.{needed(part.get('field'), 'field')}"
    entry_id = needed(at(part, "entry", "id"), "entry id")
    item = Item(
        type=our_type("meta", provider_type, TYPES),
        provider_type=provider_type,
        summary="",
        subject=f"{kind}/{entry_id}",
        account=entry_id,
    )
    if "message" in part:
        _fill_message(item, part)
    elif "status" in part:
        _fill_status(item, part)
    elif "chat" in part:
        _fill_chat(item, part["chat"])
    else:
        value, time = part["value"], at(part, "entry", "time")
        item.data = scalars(value)
        item.untrusted = tuple(item.data)
        item.key = fingerprint(entry_id, time, part["field"], value)
        item.time = seconds(time)
    item.summary = line("Meta", item.type, item.subject)
    return item


def _fill_message(item: Item, part: dict[str, Any]) -> None:
    message = part["message"]
    item.data = picked(part, _MESSAGE)
    item.untrusted = ("text", "name")
    item.event_id = needed(at(message, "id"), "message id")
    item.key = key(item.event_id)
    item.time = seconds(at(message, "timestamp"))
    item.actor = Actor("human", text(at(message, "from")))


def _fill_status(item: Item, part: dict[str, Any]) -> None:
    status = part["status"]
    state = needed(at(status, "status"), "status")
    item.type = our_type("meta", f"{item.provider_type}.{state}")
    item.data = picked(part, _STATUS)
    item.event_id = needed(at(status, "id"), "message id")
    item.key = key(f"{item.event_id}:{state}")
    item.time = seconds(at(status, "timestamp"))
    item.actor = Actor("automation")


def _fill_chat(item: Item, chat: Any) -> None:
    item.data = picked(chat, _CHAT)
    item.untrusted = ("text",)
    item.event_id = text(at(chat, "message", "mid"))
    item.time = millis(at(chat, "timestamp"))
    if item.event_id:
        item.key = key(item.event_id)
        item.actor = Actor("human", text(at(chat, "sender", "id")))
    else:  # read, delivered, reacted: about a message, and none
        item.type = our_type("meta", item.provider_type)
        item.key = fingerprint(item.account, chat)


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge, for whoever knows the verify token."""
    if request.method != "GET" or "hub.mode" not in request.query:
        return None
    if request.query["hub.mode"] != "subscribe" or not is_token(terms, request.query.get("hub.verify_token")):
        return FORBIDDEN
    return plain(request.query.get("hub.challenge", ""))


WEBHOOK = Webhook(
    name="meta",
    title="Meta",
    scheme=META,
    read=read,
    types=TYPES,
    greet=_confirm,
    methods=frozenset({"GET", "POST"}),
    steps="In the Meta app dashboard open Webhooks (for WhatsApp: Configuration): callback URL {url}, verify "
    "token as in `token`; the app secret goes into `secrets`. Then subscribe to the fields you want.",
)
