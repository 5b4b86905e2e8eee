"""Meta's batches: a message, a status, a change each; and its challenge for whoever knows the token."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.payloads import instant, items, only, payload, reading
from support.signatures import incoming, terms_with
from wirepost.senders.meta import WEBHOOK
from wirepost.webhooks.webhook import Item, Unreadable

WAMID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA="


def test_a_whatsapp_message_is_read() -> None:
    item = only("meta", payload("meta/whatsapp.message.json"))
    assert (item.type, item.provider_type) == ("message.posted", "whatsapp_business_account.messages")
    assert item.subject == "whatsapp_business_account/102290129340398"
    assert item.account == "102290129340398"
    assert item.time == instant("2025-06-08T20:59:43Z")
    assert (item.key, item.event_id) == (WAMID, WAMID)
    assert item.data["text"] == "Does it come in another color?"
    assert item.data["name"] == "Sheena Nelson"
    assert set(item.untrusted) >= {"text", "name"}
    assert item.actor.id == "16505551234"


def test_each_status_of_a_message_is_an_event_of_its_own() -> None:
    def change(status: str) -> dict[str, Any]:
        value = {"statuses": [{"id": WAMID, "status": status, "timestamp": "1749416400"}]}
        return {"field": "messages", "value": value}

    entry = {"id": "1", "changes": [change("sent"), change("read"), change("read")]}
    read = items("meta", {"object": "whatsapp_business_account", "entry": [entry]})
    assert [item.key for item in read] == [f"{WAMID}:sent", f"{WAMID}:read", f"{WAMID}:read"]
    assert read[0].type == "meta.whatsapp_business_account.messages.sent"


def test_changes_of_a_page_are_told_apart() -> None:
    body = {
        "object": "page",
        "entry": [
            {
                "id": "1",
                "time": 1520383571,
                "changes": [
                    {"field": "feed", "value": {"message": "ä", "item": "post"}},
                    {"field": "feed", "value": {"message": "ö", "item": "post"}},
                ],
            }
        ],
    }
    first, second = items("meta", body)
    assert first.type == "meta.page.feed"
    assert first.time == instant("2018-03-07T00:46:11Z")
    assert first.untrusted == ("message", "item")
    assert first.key != second.key
    assert first.key == items("meta", orjson.loads(orjson.dumps(body)))[0].key


def test_a_chat_message_and_a_receipt() -> None:
    sender = {"sender": {"id": "7"}, "recipient": {"id": "1"}, "timestamp": 1458692752478}
    chats = [{**sender, "message": {"mid": "m_1", "text": "hi"}}, {**sender, "read": {"watermark": 1}}]
    message, receipt = items("meta", {"object": "instagram", "entry": [{"id": "1", "messaging": chats}]})
    assert (message.type, message.key) == ("message.posted", "m_1")
    assert message.time == instant("2016-03-23T00:25:52.478Z")
    assert (receipt.type, receipt.event_id) == ("meta.instagram.messaging", None)
    assert receipt.key is not None


def test_one_bad_change_does_not_spoil_the_others() -> None:
    changes = [
        {"value": {}},
        7,
        {"field": "feed", "value": {}},
        {"field": "messages", "value": {"messages": [{}]}},
    ]
    found = reading("meta", {"object": "page", "entry": [{"id": "1", "changes": changes}, None]}).items
    assert [each.reason for each in found if isinstance(each, Unreadable)] == [
        "has no field",
        "has no field",
        "has no message id",
        "is no JSON object",
    ]
    assert [each.provider_type for each in found if isinstance(each, Item)] == ["page.feed"]


@pytest.mark.parametrize(
    ("query", "token", "status"),
    [
        ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=t", "t", 200),
        ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", None, 403),
        ("hub.mode=subscribe&hub.challenge=1", "t", 403),
        ("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=t", "t", 403),
        ("hub.mode=subscribe&hub.verify_token=t", "t", 403),
    ],
)
async def test_the_challenge_is_for_whoever_knows_the_token(
    query: str, token: str | None, status: int
) -> None:
    request = incoming(b"", method="GET", url=f"https://hooks.example.com/x?{query}")
    assert WEBHOOK.greet is not None
    reply = await WEBHOOK.greet(request, terms_with("s", token=token))
    assert reply is not None
    assert reply.status == status
    assert await WEBHOOK.greet(incoming(b"", url=request.url), terms_with("s", token=token)) is None
