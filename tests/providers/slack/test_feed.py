"""Messages of the channels that the app is in, under the keys of the requests that tell of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from support.clock import ManualClock
from wirepost.core.errors import CallError
from wirepost.providers.slack import PROVIDER, feed_of
from wirepost.providers.slack.feed import PAGE
from wirepost.providers.slack.tools.files import slack_upload_file
from wirepost.providers.slack.tools.messages import slack_send_message
from wirepost.providers.slack.webhook import WEBHOOK
from wirepost.sandbox.faults import Fault
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Terms

SUPPORT, ORDERS = "C0SUPPORT", "C0ORDERS"
VERIFIED = Verified("signature", "slack-v0")


async def read(shop: Any, position: str | None, after: float) -> list[tuple[str, Item]]:
    return [each async for each in feed_of(shop.client()).since(position, after)]


def sent(shop: Any) -> list[Item]:
    """What the webhook was told of meanwhile, apart from what histories do not have."""
    requests = [Incoming("POST", "https://x.example/", (), each.body, 0.0) for each in shop.sandbox.outbox]
    terms = Terms([], WebhookSettings())
    items = [item for each in requests for item in WEBHOOK.read(each, VERIFIED, terms).items]
    return [item for item in items if isinstance(item, Item) and item.type.startswith(("message.", "file."))]


async def test_each_message_is_found_as_it_was_told_of(shop: Any, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    clock.advance(1)
    await shop.run(slack_send_message, {"intent": "greet-4711"}, channel=SUPPORT, text="Moin")
    clock.advance(1)
    shop.sandbox.workspace.post(ORDERS, {"user": "U0TEAM001", "text": "<@U0WIREPOST> ship it"})
    clock.advance(1)
    await shop.run(slack_upload_file, channel=SUPPORT, filename="a.txt", content="Hello")
    found = [item for _, item in await read(shop, None, began)]
    told = {item.key: item for item in sent(shop)}
    assert [item.type for item in found] == ["message.posted", "message.mentioned", "file.shared"]
    assert [item.key for item in found] == list(told)
    for item in found:
        other = told[item.key]
        assert (item.account, item.subject, item.time) == (other.account, other.subject, other.time)
        assert (item.marks, item.actor.kind) == (other.marks, other.actor.kind)
        assert item.data["text"] == other.data["text"]


async def test_a_later_look_goes_on_behind_the_last_message(shop: Any, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    clock.advance(1)
    await shop.run(slack_send_message, channel=SUPPORT, text="One")
    ((position, _),) = await read(shop, None, began)
    await shop.run(slack_send_message, channel=ORDERS, text="Two")
    await shop.run(slack_send_message, channel=SUPPORT, text="Three")
    assert [item.data["text"] for _, item in await read(shop, position, began)] == ["Two", "Three"]


async def test_more_than_a_page_is_read(shop: Any, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    for number in range(PAGE + 3):
        shop.sandbox.workspace.post(SUPPORT, {"user": "U0TEAM001", "text": f"{number}"})
    found = await read(shop, None, began - 1)
    assert [item.data["text"] for _, item in found] == [str(number) for number in range(PAGE + 3)]


async def test_channels_the_app_may_not_read_are_left_out(
    open_shop: Callable[..., Any], clock: ManualClock
) -> None:
    shop = open_shop(granted=["channels:read", "channels:history", "chat:write"])
    began = clock.now().timestamp()
    for channel in (SUPPORT, "D0TEAM001"):
        shop.sandbox.workspace.post(channel, {"user": "U0TEAM001", "text": channel})
    assert [item.data["text"] for _, item in await read(shop, None, began - 1)] == [SUPPORT]


async def test_what_is_no_message_of_somebody_is_left_out(shop: Any, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    joined = {"user": "U0TEAM001", "subtype": "channel_join", "text": "has joined"}
    gone = {"user": "USLACKBOT", "subtype": "tombstone", "text": "This message was deleted."}
    for row in (joined, gone):
        shop.sandbox.workspace.post(SUPPORT, row)
    assert await read(shop, None, began - 1) == []


async def test_refusals_are_told(shop: Any) -> None:
    shop.sandbox.inject(Fault("status", status=401, times=None))
    with pytest.raises(CallError):
        await read(shop, None, 0.0)


def test_the_provider_offers_it() -> None:
    assert PROVIDER.feed is feed_of
