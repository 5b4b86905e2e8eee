"""Twilio's forms: a message or call in one state."""

from __future__ import annotations

import pytest

from support.payloads import only, reading
from wirepost.senders.twilio import WEBHOOK
from wirepost.webhooks.webhook import Unmapped

# The fields that Twilio's documentation of incoming messages and status callbacks describes.
MESSAGE = (
    b"MessageSid=SM1&SmsStatus=received&AccountSid=AC1&From=%2B14158675309&To=%2B18005551212"
    b"&Body=Hi+%C3%A4&NumMedia=0"
)
STATUS = b"MessageSid=SM1&MessageStatus=delivered&AccountSid=AC1&To=%2B14158675309"
# As it is signed in Twilio's documentation.
CALL = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&To=%2B18005551212&Caller=%2B14158675309"


def test_a_message_that_came_in_is_read() -> None:
    item = only("twilio", MESSAGE, {"I-Twilio-Idempotency-Token": "token-1"})
    assert (item.type, item.provider_type) == ("message.posted", "message.received")
    assert (item.subject, item.account, item.key) == ("message/SM1", "AC1", "SM1:received")
    assert item.data["text"] == "Hi ä"
    assert {"text", "from"} <= set(item.untrusted)
    assert (item.actor.kind, item.actor.id) == ("human", "+14158675309")
    assert item.time is None


def test_each_state_of_a_message_is_an_event() -> None:
    item = only("twilio", STATUS)
    assert (item.type, item.key) == ("twilio.message.delivered", "SM1:delivered")


def test_a_call_is_told_apart_by_its_token_or_its_fields() -> None:
    item = only("twilio", CALL, {"I-Twilio-Idempotency-Token": "token-1"})
    assert (item.type, item.subject, item.key) == ("twilio.call.event", "call/CA1234567890ABCDE", "token-1")
    assert item.data["digits"] == "1234"
    first, again = only("twilio", CALL), only("twilio", b"&".join(reversed(CALL.split(b"&"))))
    assert first.key == again.key
    assert only("twilio", CALL.replace(b"1234&", b"9999&")).key != first.key


def test_event_streams_are_cloud_events() -> None:
    body = [
        {
            "specversion": "1.0",
            "type": "com.twilio.messaging.message.sent",
            "id": "EZ1",
            "source": "/x",
            "data": {},
        }
    ]
    item = only("twilio", body)
    assert (item.type, item.key) == ("twilio.com.twilio.messaging.message.sent", "EZ1")


@pytest.mark.parametrize("body", [b"", b"AccountSid=AC1", b"MessageSid="])
def test_a_form_about_nothing_is_unmapped(body: bytes) -> None:
    with pytest.raises(Unmapped):
        reading("twilio", body)


def test_twilio_is_told_to_do_nothing() -> None:
    assert WEBHOOK.accepted.content_type == "text/xml"
    assert WEBHOOK.accepted.body.endswith(b"<Response></Response>")
