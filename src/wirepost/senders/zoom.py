"""Zoom: meetings, recordings, users; an address has to prove itself when it is entered and every 72 hours."""

from __future__ import annotations

import re
from dataclasses import replace
from hashlib import sha256
from hmac import new
from typing import Any

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    as_object,
    at,
    find_object,
    fingerprint,
    line,
    millis,
    needed,
    our_type,
    parse_object,
    picked,
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, as_json
from wirepost.webhooks.schemes.hmacs import ZOOM
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

_PLAIN_TOKEN = re.compile(r"[\w-]{1,200}", re.ASCII)
_FIELDS = {
    "id": ("id",),
    "topic": ("topic",),
    "host_id": ("host_id",),
    "start_time": ("start_time",),
    "end_time": ("end_time",),
    "timezone": ("timezone",),
    "duration": ("duration",),
    "participant_id": ("participant", "user_id"),
    "participant_name": ("participant", "user_name"),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event; its id is a hash, since Zoom gives it none."""
    body = parse_object(request.body)
    event = needed(body.get("event"), "event")
    payload = as_object(body.get("payload"))
    about: Any = payload.get("object")
    account = text(payload.get("account_id"))
    uuid = text(at(about, "uuid")) or text(at(about, "id"))
    subject = f"{event.partition('.')[0]}/{uuid}" if uuid else None
    operator = text(payload.get("operator_id"))
    item = Item(
        type=our_type("zoom", event),
        provider_type=event,
        summary=line("Zoom", event, subject),
        data=picked(about, _FIELDS),
        subject=subject,
        key=fingerprint(event, body.get("event_ts"), account, about),
        time=millis(body.get("event_ts")),
        account=account,
        untrusted=("topic", "participant_name"),
        actor=Actor("human", operator) if operator else Actor(),
    )
    return Reading((item,))


async def _prove(request: Incoming, terms: Terms) -> Reply | None:
    """`endpoint.url_validation`: the token and its digest, with the secret that signed the request."""
    body = find_object(request.body)
    if at(body, "event") != "endpoint.url_validation":
        return None
    token = at(body, "payload", "plainToken")
    # Anything but a token could be a text whose digest is worth something elsewhere.
    if not isinstance(token, str) or not _PLAIN_TOKEN.fullmatch(token):
        return FORBIDDEN
    secret = await _fitting(request, terms)
    return as_json({"plainToken": token, "encryptedToken": new(secret, token.encode(), sha256).hexdigest()})


async def _fitting(request: Incoming, terms: Terms) -> bytes:
    for secret in terms.secrets:
        try:
            await ZOOM.verify(request, replace(terms, secrets=(secret,)))
        except Rejected:
            continue
        return secret.value.encode()
    raise Rejected("signature_mismatch")


WEBHOOK = Webhook(
    name="zoom",
    title="Zoom",
    scheme=ZOOM,
    read=read,
    reply=_prove,
    steps="In the Zoom App Marketplace open your app, Features, Access: add an event subscription with the "
    "endpoint {url}, choose its events, copy the secret token into `secrets`, then press Validate.",
)
