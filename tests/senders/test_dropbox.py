"""Dropbox tells whose files changed."""

from __future__ import annotations

import pytest

from support.payloads import items, reading
from support.signatures import incoming, terms_with
from wirepost.senders.dropbox import WEBHOOK
from wirepost.webhooks.webhook import Unmapped, Unreadable

# As Dropbox's documentation of webhooks shows it.
BODY = {"list_folder": {"accounts": ["dbid:AAH4f99T0taONIb", "dbid:AAGx"]}, "delta": {"users": [12345678]}}


def test_each_account_is_an_event_without_an_id() -> None:
    first, second = items("dropbox", BODY)
    assert (first.type, first.provider_type) == ("dropbox.list_folder", "list_folder")
    assert (first.subject, first.account) == ("account/dbid:AAH4f99T0taONIb", "dbid:AAH4f99T0taONIb")
    assert (first.key, first.time) == (None, None)
    assert second.account == "dbid:AAGx"


def test_a_bad_account_does_not_spoil_the_others() -> None:
    found = reading("dropbox", {"list_folder": {"accounts": [None, "dbid:AAGx"]}}).items
    assert isinstance(found[0], Unreadable)
    with pytest.raises(Unmapped):
        reading("dropbox", {})


async def test_the_challenge_is_said_back_as_plain_text() -> None:
    assert WEBHOOK.greet is not None
    request = incoming(b"", method="GET", url="https://hooks.example.com/x?challenge=%3Cb%3Ec")
    reply = await WEBHOOK.greet(request, terms_with())
    assert reply is not None
    assert (reply.body, reply.headers["X-Content-Type-Options"]) == (b"<b>c", "nosniff")
    assert reply.content_type.startswith("text/plain")
