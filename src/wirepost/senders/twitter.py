"""X (Twitter): account activity; the address has to prove itself every hour."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from hmac import new
from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    each,
    fingerprint,
    key,
    line,
    millis,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, as_json
from wirepost.webhooks.schemes.hmacs import TWITTER
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

TYPES = {"tweet_create_events": "message.posted", "direct_message_events": "message.posted"}
_TOKEN = re.compile(r"[\w-]{1,200}", re.ASCII)
_FIELDS = {
    "id": ("id_str",),
    "text": ("text",),
    "from": ("user", "screen_name"),
    "sender_id": ("message_create", "sender_id"),
    "message": ("message_create", "message_data", "text"),
    "source_id": ("source", "id"),
    "target_id": ("target", "id"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """Each entry of each list whose name ends in `_events`."""
    body = parse_object(request.body)
    account = text(body.get("for_user_id"))
    parts = [
        {"kind": kind, "entry": entry}
        for kind, entries in body.items()
        if kind.endswith("_events") and isinstance(entries, list)
        for entry in entries
    ]
    return Reading(each(parts, lambda part: _item(part["kind"], part["entry"], account)))


def _item(kind: str, entry: Any, account: str | None) -> Item:
    own = text(at(entry, "id_str")) or text(at(entry, "id"))
    subject = f"{kind.removesuffix('_events')}/{own}" if own else None
    author = text(at(entry, "user", "id_str")) or text(at(entry, "message_create", "sender_id"))
    return Item(
        type=our_type("twitter", kind, TYPES),
        provider_type=kind,
        summary=line("X", kind, subject),
        data=picked(entry, _FIELDS),
        subject=subject,
        key=key(f"{kind}:{own}") if own else fingerprint(kind, entry),
        event_id=own,
        time=millis(at(entry, "timestamp_ms"))
        or millis(at(entry, "created_timestamp"))
        or millis(at(entry, "timestamp")),
        account=account,
        untrusted=("text", "from", "message"),
        actor=Actor("human", author) if author else Actor(),
    )


async def _prove(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge-response check: the token's digest with the secret that bodies are signed with."""
    if request.method != "GET" or "crc_token" not in request.query:
        return None
    token = request.query["crc_token"]
    # Anyone may ask for this digest: of a JSON text it would be a signature for a forged request.
    if not _TOKEN.fullmatch(token) or not terms.secrets or not terms.secrets[0].value:
        return FORBIDDEN
    digest = new(terms.secrets[0].value.encode(), token.encode(), sha256).digest()
    return as_json({"response_token": f"sha256={b64encode(digest).decode()}"})


WEBHOOK = Webhook(
    name="twitter",
    title="X (Twitter)",
    scheme=TWITTER,
    read=read,
    types=TYPES,
    greet=_prove,
    methods=frozenset({"GET", "POST"}),
    steps="Put the app's consumer secret into `secrets`, then register {url} with the API (POST /2/webhooks) "
    "and subscribe the accounts to it.",
)
