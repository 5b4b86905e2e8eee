"""monday.com: changes of boards and items; an address is tried with a challenge when it is entered."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    as_object,
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
    text,
)
from wirepost.webhooks.replies import FORBIDDEN, MAX_CHALLENGE, as_json
from wirepost.webhooks.schemes.authorization import MONDAY
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Webhook

_FIELDS = {
    "item_id": ("pulseId",),
    "item": ("pulseName",),
    "board_id": ("boardId",),
    "group_id": ("groupId",),
    "column_id": ("columnId",),
    "column": ("columnTitle",),
    "value": ("value", "label", "text"),
    "previous": ("previousValue", "label", "text"),
    "text": ("textBody",),
}


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event."""
    event = as_object(parse_object(request.body).get("event"))
    kind = needed(event.get("type"), "type")
    own, board, user = (text(event.get(name)) for name in ("pulseId", "boardId", "userId"))
    subject = f"item/{own}" if own else f"board/{board}" if board else None
    item = Item(
        type=our_type("monday", kind),
        provider_type=kind,
        summary=line("monday.com", kind, subject),
        data=picked(event, _FIELDS),
        subject=subject,
        key=key(event.get("triggerUuid")) or fingerprint(event),
        event_id=text(event.get("triggerUuid")),
        time=moment(event.get("triggerTime")),
        untrusted=("item", "column", "value", "previous", "text"),
        actor=Actor("human", user) if user else Actor(),
    )
    return Reading((item,))


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge as JSON, which is all such a request has in it."""
    if request.method != "POST" or b'"challenge"' not in request.body[:200]:
        return None
    body = find_object(request.body)
    challenge = at(body, "challenge")
    if at(body, "event") is not None or not isinstance(challenge, str):
        return None
    return as_json({"challenge": challenge}) if len(challenge) <= MAX_CHALLENGE else FORBIDDEN


WEBHOOK = Webhook(
    name="monday",
    title="monday.com",
    scheme=MONDAY,
    read=read,
    greet=_confirm,
    steps="Create the webhook with your app's token (create_webhook, url {url}); the app's signing secret "
    "goes into `secrets`. Webhooks of a board's integrations are not signed: give their endpoint a random "
    "name and `verify: false`.",
)
