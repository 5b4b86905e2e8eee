"""Stripe's own list of events: oldest first, from where it was left, however old that is."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest

from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.providers.stripe.feed import StripeFeed
from wirepost.providers.stripe.items import item_of
from wirepost.providers.stripe.tools.refunds import stripe_create_refund
from wirepost.webhooks.webhook import Item


def event(stripe: Any, number: int, **changes: Any) -> dict[str, Any]:
    """A published example with an id and a time of its own."""
    found: dict[str, Any] = stripe.sample("event", id=f"evt_{number}", created=1764061200 + number, **changes)
    return found


def asked(entry: dict[str, Any]) -> dict[str, str]:
    """The parameters of a request."""
    return dict(parse_qsl(entry["query"]))


async def all_of(
    feed: StripeFeed, position: str | None, after: float = 1764061200.0
) -> list[tuple[str, Item]]:
    """Everything behind a position."""
    return [found async for found in feed.since(position, after)]


async def test_events_behind_a_position_come_oldest_first_page_by_page(stripe: Any) -> None:
    newer, newest = [event(stripe, 3), event(stripe, 2)], [event(stripe, 4)]
    pages = [(newer, True), (newest, False)]
    for rows, has_more in pages:
        body = {"object": "list", "url": "/v1/events", "has_more": has_more, "data": rows}
        stripe.stub("GET", "/v1/events", body, times=1)
    found = await all_of(StripeFeed(stripe.client(may_write=False)), "evt_1")
    assert [position for position, _ in found] == ["evt_2", "evt_3", "evt_4"]
    assert [item.key for _, item in found] == ["evt_2", "evt_3", "evt_4"]
    assert [asked(entry)["ending_before"] for entry in stripe.seen("GET")] == ["evt_1", "evt_3"]


async def test_without_a_position_it_begins_at_the_oldest_event_since_then(stripe: Any) -> None:
    body = {"object": "list", "url": "/v1/events", "has_more": False}
    stripe.stub("GET", "/v1/events", body | {"data": [event(stripe, 2), event(stripe, 1)]}, times=1)
    stripe.stub("GET", "/v1/events", body | {"data": [event(stripe, 2)]}, times=1)
    found = await all_of(StripeFeed(stripe.client(may_write=False)), None)
    assert [position for position, _ in found] == ["evt_1", "evt_2"]
    first, second = stripe.seen("GET")
    assert asked(first)["created[gte]"] == "1764061200"
    assert asked(second)["ending_before"] == "evt_1"


async def test_nothing_since_then_is_nothing(stripe: Any) -> None:
    stripe.listing("/v1/events")
    assert await all_of(StripeFeed(stripe.client(may_write=False)), None) == []


async def test_what_cannot_be_read_is_passed_over(stripe: Any) -> None:
    spoiled = event(stripe, 2, data={"object": None})
    rows = {"object": "list", "url": "/v1/events", "has_more": False, "data": [spoiled, event(stripe, 1)]}
    stripe.stub("GET", "/v1/events", rows)
    found = await all_of(StripeFeed(stripe.client(may_write=False)), "evt_0")
    assert [position for position, _ in found] == ["evt_1"]


async def test_a_refusal_is_passed_on(stripe: Any) -> None:
    stripe.stub("GET", "/v1/events", status=401)
    with pytest.raises(NotConnected):
        await all_of(StripeFeed(stripe.client(may_write=False)), "evt_1")


async def test_the_object_of_a_thin_event_is_read_in_its_account(stripe: Any) -> None:
    stripe.stub("GET", "/v1/customers/cus_1", stripe.sample("customer", id="cus_1", email="a@example.com"))
    feed = StripeFeed(stripe.client(may_write=False))
    fields = await feed.fetch("/v1/customers/cus_1#acct_1")
    assert (fields["id"], fields["email"]) == ("cus_1", "a@example.com")
    assert stripe.last["headers"]["stripe-context"] == "acct_1"
    await feed.fetch("/v1/customers/cus_1")
    assert "stripe-context" not in stripe.last["headers"]


@pytest.mark.parametrize("path", ["/v1/../keys", "https://evil.example/v1/x", "/v1/x#a\r\nb: c", "/v3/x", ""])
async def test_nothing_else_is_read_for_a_thin_event(stripe: Any, path: str) -> None:
    with pytest.raises(InvalidCall):
        await StripeFeed(stripe.client(may_write=False)).fetch(path)
    assert stripe.seen() == []


async def test_a_position_that_stripe_has_forgotten_falls_back_on_the_time(shop: Any) -> None:
    feed = StripeFeed(shop.call(may_write=False).api)
    assert await all_of(feed, "evt_gone") == []


async def test_what_the_sandbox_has_told_is_found_in_its_list(shop: Any) -> None:
    feed = StripeFeed(shop.call(may_write=False).api)
    payment = await shop.payment()
    await shop.run(stripe_create_refund, payment=payment.id, amount="4.00", currency="eur")
    after = shop.clock.now().timestamp()
    found = await all_of(feed, None, after)
    assert [item.type for _, item in found] == ["payment.refunded", "refund.created"]
    assert await all_of(feed, found[0][0]) == found[1:]
    assert await all_of(feed, "evt_gone", after) == found
    assert {item.marks[0] for _, item in found} == {"wp_1"}
    sent = [item_of(orjson.loads(event.body)) for event in shop.sandbox.outbox]
    assert [(item.account, item.key, item.data) for item in sent] == [
        (item.account, item.key, item.data) for _, item in found
    ]
