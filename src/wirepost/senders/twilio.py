"""Twilio: messages, calls and their states as forms; event streams as CloudEvents."""

from __future__ import annotations

from wirepost.webhooks import cloud_events
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import fingerprint, form, key, line, our_type, picked
from wirepost.webhooks.schemes.twilio import TWILIO
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Webhook

TYPES = {"message.received": "message.posted"}
_NOTHING_TO_SAY = Reply(
    body=b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>', content_type="text/xml"
)
"""What to do with the message or call, in TwiML: nothing."""
_FIELDS = {
    "id": ("Sid",),
    "from": ("From",),
    "to": ("To",),
    "text": ("Body",),
    "media": ("NumMedia",),
    "status": ("Status",),
    "direction": ("Direction",),
    "duration": ("CallDuration",),
    "digits": ("Digits",),
    "error_code": ("ErrorCode",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One message or call in one state; what else has fields of its own."""
    if request.body.lstrip()[:1] in {b"{", b"["}:
        return cloud_events.read_events("twilio", "Twilio", request)
    fields = form(request.body)
    kind, sid = next(
        (
            (name, fields[f"{name}Sid"])
            for name in ("Message", "Call", "Conversation")
            if fields.get(f"{name}Sid")
        ),
        (None, None),
    )
    if kind is None:
        raise Unmapped("has no MessageSid, CallSid or ConversationSid")
    state = fields.get(f"{kind}Status") or fields.get("SmsStatus") or fields.get("EventType") or "event"
    provider_type = f"{kind.lower()}.{state}"
    token = request.header("i-twilio-idempotency-token")
    subject = f"{kind.lower()}/{sid}"
    item = Item(
        type=our_type("twilio", provider_type, TYPES),
        provider_type=provider_type,
        summary=line("Twilio", provider_type, subject),
        data=picked({**fields, "Sid": sid, "Status": state}, _FIELDS),
        subject=subject,
        key=key(f"{sid}:{state}") if kind == "Message" else key(token) or fingerprint(fields),
        event_id=token,
        account=fields.get("AccountSid") or None,
        untrusted=("from", "text", "digits"),
        actor=Actor("human", fields.get("From")) if state == "received" else Actor(),
    )
    return Reading((item,))


WEBHOOK = Webhook(
    name="twilio",
    title="Twilio",
    scheme=TWILIO,
    read=read,
    types=TYPES,
    accepted=_NOTHING_TO_SAY,
    steps="Enter {url} at the phone number or messaging service (A message comes in, Status callback); the "
    "account's auth token goes into `secrets`. The address is part of the signature: set `url` if a proxy "
    "changes it.",
)
