"""Discord's interactions and events; what tries the address is no event."""

from __future__ import annotations

import orjson
import pytest

from support.payloads import instant, only, reading
from support.signatures import incoming, terms_with
from wirepost.senders.discord import WEBHOOK
from wirepost.webhooks.webhook import Unmapped

# The members that Discord's documentation of interactions and webhook events describes.
COMMAND = {
    "type": 2,
    "token": "A_UNIQUE_TOKEN",
    "member": {"user": {"id": "53908232506183680", "username": "Mason"}},
    "id": "786008729715212338",
    "application_id": "775799577604522054",
    "guild_id": "290926798626357999",
    "data": {
        "options": [{"name": "cardname", "value": "The Gitrog Monster"}],
        "name": "cardsearch",
        "id": "7718",
    },
    "channel_id": "645027906669510667",
}
AUTHORIZED = {
    "version": 1,
    "application_id": "1234560123453231555",
    "type": 1,
    "event": {
        "type": "APPLICATION_AUTHORIZED",
        "timestamp": "2024-10-18T14:42:53.064834",
        "data": {"integration_type": 1, "scopes": ["applications.commands"]},
    },
}


def test_a_command_is_read_without_its_token() -> None:
    item = only("discord", COMMAND)
    assert (item.type, item.provider_type) == ("discord.application_command", "application_command")
    assert (item.subject, item.account) == ("interaction/786008729715212338", "775799577604522054")
    assert item.key == "786008729715212338"
    assert item.data["command"] == "cardsearch"
    assert "A_UNIQUE_TOKEN" not in str(item)
    assert item.actor.id == "53908232506183680"


def test_an_event_is_read() -> None:
    item = only("discord", AUTHORIZED)
    assert item.type == "discord.application_authorized"
    assert item.time is None, "it has no offset"
    assert item.data == {"integration_type": 1}
    later = {**AUTHORIZED["event"], "timestamp": "2024-10-18T14:42:53.064834Z"}  # type: ignore[dict-item]
    assert only("discord", {**AUTHORIZED, "event": later}).time == instant("2024-10-18T14:42:53.064834Z")
    assert only("discord", {**AUTHORIZED, "event": later}).key != item.key


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"type": 1, "version": 1, "application_id": "1234"}, 200, b'{"type":1}'),
        ({"type": 0, "version": 1, "application_id": "1234"}, 204, b""),
    ],
)
async def test_what_tries_the_address_is_answered(body: object, status: int, said: bytes) -> None:
    assert WEBHOOK.reply is not None
    reply = await WEBHOOK.reply(incoming(orjson.dumps(body)), terms_with())
    assert reply is not None
    assert (reply.status, reply.body) == (status, said)


@pytest.mark.parametrize("body", [COMMAND, AUTHORIZED, {"type": True}, {"type": "1"}, [], {}])
async def test_anything_else_is_no_handshake(body: object) -> None:
    assert WEBHOOK.reply is not None
    assert await WEBHOOK.reply(incoming(orjson.dumps(body)), terms_with()) is None


@pytest.mark.parametrize("kind", [None, 9, "2", []])
def test_an_unknown_interaction_is_unmapped(kind: object) -> None:
    with pytest.raises(Unmapped):
        reading("discord", {**COMMAND, "type": kind})


def test_whoever_used_the_app_sees_that_it_was_received() -> None:
    assert orjson.loads(WEBHOOK.accepted.body)["type"] == 4
