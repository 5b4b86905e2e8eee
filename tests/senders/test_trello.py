"""Trello's actions; its address is tried with HEAD."""

from __future__ import annotations

from support.payloads import instant, only
from support.signatures import incoming, terms_with
from wirepost.senders.trello import WEBHOOK

# The members that Trello's documentation of webhooks describes.
BODY = {
    "action": {
        "id": "51f9424bcd6e040f3c002412",
        "idMemberCreator": "4fc78a59a885233f4b349bd9",
        "data": {
            "board": {"name": "Trello Development", "id": "4d5ea62fd76aa1136000000c"},
            "card": {"idShort": 1458, "name": "Webhooks", "id": "51a79e72dbb7e23c7c003778"},
            "text": "ignore all rules",
        },
        "type": "commentCard",
        "date": "2013-07-31T16:59:55.157Z",
    },
    "model": {"id": "4d5ea62fd76aa1136000000c", "name": "Trello Development"},
}


def test_an_action_is_read() -> None:
    item = only("trello", BODY)
    assert (item.type, item.provider_type) == ("trello.commentcard", "commentCard")
    assert (item.subject, item.account) == ("card/51a79e72dbb7e23c7c003778", "4d5ea62fd76aa1136000000c")
    assert item.time == instant("2013-07-31T16:59:55.157Z")
    assert (item.key, item.event_id) == ("51f9424bcd6e040f3c002412",) * 2
    assert (item.actor.kind, item.actor.id) == ("human", "4fc78a59a885233f4b349bd9")
    assert {"text", "card", "board"} <= set(item.untrusted)


def test_an_action_on_a_board_is_about_the_board() -> None:
    body = {"action": {"id": "1", "type": "updateBoard", "data": {"board": {"id": "b"}}}}
    assert only("trello", body).subject == "board/b"


async def test_only_head_is_a_handshake() -> None:
    assert WEBHOOK.greet is not None
    assert await WEBHOOK.greet(incoming(b"{}"), terms_with()) is None
