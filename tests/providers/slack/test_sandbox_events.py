"""The sandbox tells of its changes as Slack does: in published form, and read as what was done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from wirepost.providers.slack.tools.files import slack_upload_file
from wirepost.providers.slack.tools.messages import (
    slack_delete_message,
    slack_send_message,
    slack_update_message,
)
from wirepost.providers.slack.tools.reactions import slack_add_reaction
from wirepost.providers.slack.webhook import WEBHOOK
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Terms

PUBLISHED = Path(__file__).parent / "payloads" / "published"
SUPPORT, PINNED = "C0SUPPORT", "1735725600.000100"
SAMPLE_OF = {
    "message": "MessagePayload",
    "message.file_share": "MessageFileSharePayload",
    "message.message_changed": "MessageChangedPayload",
    "message.message_deleted": "MessageDeletedPayload",
    "file_shared": "FileSharedPayload",
    "reaction_added": "ReactionAddedPayload",
    "app_mention": "AppMentionPayload",
}
UNRECORDED = ("metadata.event_payload",)
"""What an app itself has put in (https://docs.slack.dev/messaging/message-metadata)."""
OF_APPS = ("bot_id", "bot_profile", "metadata")
"""Recorded files were shared by people; what an app posts has these in every message."""


def misnamed(told: Any, recorded: Any, path: str = "") -> Iterator[str]:
    """Properties that Slack has never sent there, and values of another kind than it sends."""
    if isinstance(told, dict) and isinstance(recorded, dict):
        for name, value in told.items():
            if name not in recorded:
                yield f"{path}.{name}"
            elif recorded[name] not in ({}, []):
                yield from misnamed(value, recorded[name], f"{path}.{name}")
    elif isinstance(told, list) and isinstance(recorded, list):
        for item in told:
            yield from misnamed(item, recorded[0], f"{path}[]")
    elif told is not None and type(told) is not type(recorded):
        yield f"{path} is {type(told).__name__}, not {type(recorded).__name__}"


def items(shop: Any) -> list[Item]:
    """What the sandbox has told of so far, as the webhook reads it; each of published form."""
    found = []
    for event in shop.sandbox.outbox:
        recorded = json.loads((PUBLISHED / f"{SAMPLE_OF[event.type]}.json").read_bytes())
        allowed = (*UNRECORDED, *(OF_APPS if event.type == "message.file_share" else ()))
        wrong = [each for each in misnamed(orjson.loads(event.body), recorded) if not each.endswith(allowed)]
        assert wrong == [], event.type
        headers = tuple(event.headers.items())
        request = Incoming("POST", "https://hooks.example.com/webhooks/slack", headers, event.body, 0.0)
        reading = WEBHOOK.read(request, Verified("signature", "slack-v0"), Terms([], WebhookSettings()))
        found += [each for each in reading.items if isinstance(each, Item)]
    return found


async def test_a_message_is_told_of_as_our_own(shop: Any) -> None:
    sent = await shop.run(slack_send_message, {"intent": "greet-4711"}, channel=SUPPORT, text="Moin <all>")
    (item,) = items(shop)
    assert (item.type, item.subject) == ("message.posted", f"{SUPPORT}/{sent.ts}")
    assert (item.actor.kind, item.data["text"]) == ("self", "Moin <all>")
    assert item.marks == (sent.ts, "greet-4711")


async def test_a_change_and_a_deletion_are_told_of(shop: Any) -> None:
    sent = await shop.run(slack_send_message, channel=SUPPORT, text="One")
    await shop.run(slack_update_message, channel=SUPPORT, ts=sent.ts, text="Two")
    await shop.run(slack_delete_message, channel=SUPPORT, ts=sent.ts)
    _, edited, deleted = items(shop)
    assert (edited.type, edited.data["text"], edited.data["previous_text"]) == (
        "message.edited",
        "Two",
        "One",
    )
    assert edited.actor.kind == "self"
    assert (deleted.type, deleted.subject) == ("message.deleted", f"{SUPPORT}/{sent.ts}")
    assert {item.marks[0] for item in items(shop)} == {sent.ts}


async def test_a_deletion_that_leaves_answers_behind_is_told_of(shop: Any) -> None:
    parent = await shop.run(slack_send_message, channel=SUPPORT, text="Question")
    await shop.run(slack_send_message, channel=SUPPORT, text="Answer", thread_ts=parent.ts)
    await shop.run(slack_delete_message, channel=SUPPORT, ts=parent.ts)
    *_, last = items(shop)
    assert (last.type, last.provider_type) == ("message.deleted", "message.message_changed")


async def test_a_shared_file_is_told_of(shop: Any) -> None:
    await shop.run(slack_upload_file, channel=SUPPORT, filename="a.txt", content="Hello", comment="See")
    shared, other = items(shop)
    assert (shared.type, shared.data["text"]) == ("file.shared", "See")
    assert shared.data["files"][0]["name"] == "a.txt"
    assert other.type == "slack.file_shared"


async def test_an_emoji_is_told_of(shop: Any) -> None:
    await shop.run(slack_add_reaction, channel=SUPPORT, ts=PINNED, emoji="eyes")
    (item,) = items(shop)
    assert (item.type, item.subject) == ("slack.reaction_added", f"{SUPPORT}/{PINNED}")


async def test_a_scheduled_message_is_told_of_when_it_is_sent(shop: Any) -> None:
    shop.sandbox.workspace.scheduled["Q0NORDLICHT"]["post_at"] = 0
    shop.sandbox.workspace.deliver()
    (item,) = items(shop)
    assert (item.type, item.data["text"]) == ("message.posted", "Good morning, support!")


async def test_a_person_who_mentions_the_app_is_heard_once(shop: Any) -> None:
    row = {"user": "U0TEAM001", "text": "<@U0WIREPOST> where is order 4711?"}
    shop.sandbox.workspace.post(SUPPORT, row)
    posted, mentioned = items(shop)
    assert {posted.type, mentioned.type} == {"message.mentioned"}
    assert posted.key == mentioned.key
    assert posted.actor.kind == "human"


async def test_channels_the_app_is_not_in_are_not_told_of(shop: Any) -> None:
    shop.sandbox.workspace.post("C0RANDOM", {"user": "U0TEAM001", "text": "Lunch?"})
    assert list(shop.sandbox.outbox) == []


async def test_who_is_to_send_them_hears_of_them_at_once(open_shop: Callable[..., Any]) -> None:
    shop = open_shop()
    heard: list[str] = []
    shop.sandbox.emit = lambda event: heard.append(event.type)
    await shop.run(slack_send_message, channel=SUPPORT, text="One")
    assert heard == ["message"]


@pytest.mark.parametrize("channel", ["C0SUPPORT", "D0TEAM001"])
async def test_the_kind_of_a_channel_is_told(shop: Any, channel: str) -> None:
    shop.sandbox.workspace.post(channel, {"user": "U0TEAM001", "text": "Hi"})
    (item,) = items(shop)
    assert item.data["channel_type"] == ("im" if channel[0] == "D" else "channel")
