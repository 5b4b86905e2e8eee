"""Twitch's notifications; its id and time are in signed headers."""

from __future__ import annotations

from support.handshakes import handshakes
from support.payloads import instant, only
from support.signatures import incoming, terms_with
from wirepost.senders.twitch import WEBHOOK

HEADERS = {
    "Twitch-Eventsub-Message-Id": "befa7b53-d79d-478f-86b9-120f112b044e",
    "Twitch-Eventsub-Message-Timestamp": "2019-11-16T10:11:12.464757833Z",
    "Twitch-Eventsub-Message-Type": "notification",
}
# The members that Twitch's documentation of EventSub describes.
SUBSCRIPTION = {
    "id": "f1c2a387-161a-49f9-a165-0f21d7a4e1c4",
    "status": "enabled",
    "type": "channel.follow",
    "condition": {"broadcaster_user_id": "12826"},
}
FOLLOW = {"user_id": "1337", "user_login": "awesome_user", "broadcaster_user_id": "12826"}


def test_a_notification_is_read() -> None:
    item = only("twitch", {"subscription": SUBSCRIPTION, "event": FOLLOW}, HEADERS)
    assert (item.type, item.provider_type) == ("twitch.channel.follow", "channel.follow")
    assert (item.subject, item.account) == ("channel/12826", "12826")
    assert item.time == instant("2019-11-16T10:11:12.464757Z")
    assert item.key == "befa7b53-d79d-478f-86b9-120f112b044e"
    assert item.data == FOLLOW
    assert set(item.untrusted) == set(FOLLOW)


def test_that_a_subscription_was_revoked_is_an_event() -> None:
    body = {"subscription": {**SUBSCRIPTION, "status": "authorization_revoked"}}
    item = only("twitch", body, {**HEADERS, "Twitch-Eventsub-Message-Type": "revocation"})
    assert (item.type, item.data["status"]) == ("twitch.revocation", "authorization_revoked")


async def test_a_challenge_without_a_body_is_refused() -> None:
    sent = handshakes()["twitch: webhook_callback_verification"].request
    assert WEBHOOK.reply is not None
    reply = await WEBHOOK.reply(incoming(b"{", dict(sent.headers)), terms_with())
    assert reply is not None
    assert reply.status == 403
