"""Zoom's meetings; and its secret's digest for nobody but Zoom."""

from __future__ import annotations

import orjson
import pytest

from support.payloads import instant, only, payload
from support.signatures import incoming, terms_with
from wirepost.senders.zoom import WEBHOOK
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.hmacs import ZOOM
from wirepost.webhooks.verdict import Rejected

MEETING = payload("zoom/meeting.started.json")
NOW = 1_764_061_200.0


def test_a_meeting_is_read() -> None:
    item = only("zoom", MEETING)
    assert (item.type, item.provider_type) == ("zoom.meeting.started", "meeting.started")
    assert item.subject == "meeting/4444AAAiAAAAAiAiAiiAii=="
    assert item.time == instant("2022-08-10T16:44:54.817Z")
    assert item.account == "AAAAAABBBB"
    assert item.data["topic"] == "My Meeting"
    assert "topic" in item.untrusted
    assert "My Meeting" not in item.summary


def test_equal_events_have_one_key_and_others_another() -> None:
    body = orjson.loads(MEETING)
    first = only("zoom", MEETING).key
    assert only("zoom", dict(reversed(body.items()))).key == first
    body["payload"]["object"]["participant"] = {"user_id": "16778240"}
    assert only("zoom", body).key not in {first, None}
    assert only("zoom", {**orjson.loads(MEETING), "event_ts": 1660149894818}).key != first


def validation(token: object, secret: str) -> Incoming:
    """The request by which Zoom tries an address."""
    body = orjson.dumps({"event": "endpoint.url_validation", "payload": {"plainToken": token}})
    return incoming(body, ZOOM.sign({}, body, "", secret, NOW), now=NOW)


async def test_while_secrets_change_the_one_that_signed_answers() -> None:
    request = validation("qgg8vlvZRS6UYooatFL8Aw", "zoom_secret_token_123")
    assert WEBHOOK.reply is not None
    reply = await WEBHOOK.reply(request, terms_with("newer", "zoom_secret_token_123"))
    assert reply is not None
    digest = "2df5fa03ed8ac736e86fd42dfeb323dea9b55490e8b5c6dab0b21c00a852fe26"
    assert orjson.loads(reply.body)["encryptedToken"] == digest
    with pytest.raises(Rejected):
        await WEBHOOK.reply(request, terms_with("neither", "nor"))


@pytest.mark.parametrize("token", ["v0:1764061200:{}", "", None, 7, "a" * 201, '{"event":"x"}'])
async def test_what_could_be_a_text_to_sign_is_not_digested(token: object) -> None:
    assert WEBHOOK.reply is not None
    reply = await WEBHOOK.reply(validation(token, "s"), terms_with("s"))
    assert reply is not None
    assert (reply.status, reply.body) == (403, b"")
