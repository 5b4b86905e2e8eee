"""monday.com's changes; and its challenge, which is all there is in such a request."""

from __future__ import annotations

import orjson
import pytest

from support.payloads import instant, only
from support.signatures import incoming, terms_with
from wirepost.senders.monday import WEBHOOK

# The members that monday.com's documentation of webhooks describes.
EVENT = {
    "userId": 9603417,
    "boardId": 1771812698,
    "pulseId": 1772099344,
    "pulseName": "Create_item webhook",
    "groupId": "topics",
    "columnId": "status",
    "columnTitle": "Status",
    "value": {"label": {"index": 1, "text": "Done"}},
    "previousValue": {"label": {"index": 0, "text": "Working on it"}},
    "type": "update_column_value",
    "triggerTime": "2021-10-11T09:07:28.210Z",
    "triggerUuid": "b5ed2e17c530f43668de130142445cba",
}


def test_a_change_is_read() -> None:
    item = only("monday", {"event": EVENT})
    assert (item.type, item.provider_type) == ("monday.update_column_value", "update_column_value")
    assert item.subject == "item/1772099344"
    assert item.time == instant("2021-10-11T09:07:28.210Z")
    assert (item.key, item.event_id) == ("b5ed2e17c530f43668de130142445cba",) * 2
    assert (item.data["value"], item.data["previous"]) == ("Done", "Working on it")
    assert {"item", "value", "previous"} <= set(item.untrusted)
    assert item.actor.id == "9603417"


async def test_a_challenge_is_said_back_as_json() -> None:
    assert WEBHOOK.greet is not None
    reply = await WEBHOOK.greet(
        incoming(b'{"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}'), terms_with()
    )
    assert reply is not None
    assert orjson.loads(reply.body) == {"challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}


@pytest.mark.parametrize(
    "body", [b'{"challenge":7}', b'{"challenge":"x","event":{"type":"a"}}', b'{"challenge"', b"{}", b""]
)
async def test_anything_else_is_no_challenge(body: bytes) -> None:
    assert WEBHOOK.greet is not None
    assert await WEBHOOK.greet(incoming(body), terms_with()) is None
