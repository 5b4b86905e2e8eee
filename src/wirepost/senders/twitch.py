"""Twitch EventSub: channels, streams, subscriptions; a new subscription is confirmed by its challenge."""

from __future__ import annotations

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    at,
    find_object,
    key,
    line,
    moment,
    needed,
    our_type,
    parse_object,
    scalars,
    text,
)
from wirepost.webhooks.replies import plain
from wirepost.webhooks.schemes.hmacs import TWITCH
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Webhook


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """One event, or that a subscription was revoked; the message's id and time are signed with it."""
    body = parse_object(request.body)
    kind = needed(at(body, "subscription", "type"), "subscription type")
    channel = text(at(body, "event", "broadcaster_user_id")) or text(
        at(body, "subscription", "condition", "broadcaster_user_id")
    )
    is_revoked = text(at(body, "subscription", "status")) not in {None, "enabled"} and not body.get("event")
    data = scalars(body.get("subscription") if is_revoked else body.get("event"))
    message = request.header("twitch-eventsub-message-id")
    subject = f"channel/{channel}" if channel else None
    item = Item(
        type="twitch.revocation" if is_revoked else our_type("twitch", kind),
        provider_type=kind,
        summary=line("Twitch", "revocation" if is_revoked else kind, subject),
        data=data,
        subject=subject,
        key=key(message),
        event_id=message,
        time=moment(request.header("twitch-eventsub-message-timestamp")),
        account=channel,
        untrusted=tuple(data),
    )
    return Reading((item,))


async def _confirm(request: Incoming, terms: Terms) -> Reply | None:
    """The challenge of a subscription that is being made."""
    if request.header("twitch-eventsub-message-type") != "webhook_callback_verification":
        return None
    return plain(text(at(find_object(request.body), "challenge")) or "")


WEBHOOK = Webhook(
    name="twitch",
    title="Twitch",
    scheme=TWITCH,
    read=read,
    reply=_confirm,
    tolerance_s=600,
    steps="Create EventSub subscriptions with transport method webhook, callback {url} and a secret of 10 to "
    "100 characters; the same secret goes into `secrets`.",
)
