"""Webhook subscriptions by GraphQL, in documents that Shopify's schema knows."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.core.errors import Rejected
from wirepost.providers.shopify.manage import DEFAULT, ShopifyManagement
from wirepost.upstream.client import WriteRefused
from wirepost.webhooks.manage import Hook

URL = "https://hooks.example.com/webhooks/shop"
CREATED = {"userErrors": [], "webhookSubscription": {"id": "gid://shopify/WebhookSubscription/1"}}
DELETED: dict[str, Any] = {"userErrors": []}


def listed(shop: Any, *rows: tuple[int, str, str]) -> None:
    """What the next look at the subscriptions finds: number, topic, address."""
    nodes = [
        {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": uri}
        for number, topic, uri in rows
    ]
    page = {"hasNextPage": False, "endCursor": None}
    shop.put("query webhookSubscriptions", data={"webhookSubscriptions": {"pageInfo": page, "nodes": nodes}})


def made(shop: Any) -> list[str]:
    """The topics that were subscribed to."""
    return [sent["topic"] for sent in shop.sent if "topic" in sent]


async def test_all_subscriptions_to_an_address_are_one_hook(described_shop: Any) -> None:
    rows = [
        (1, "ORDERS_CREATE", URL),
        (2, "INVENTORY_LEVELS_UPDATE", URL),
        (3, "THEMES_PUBLISH", "pubsub://x:y"),
    ]
    listed(described_shop, *rows)
    first, second = await ShopifyManagement(described_shop.client()).hooks()
    assert first == Hook(URL, URL, ["inventory_levels/update", "orders/create"])
    assert second == Hook("pubsub://x:y", "pubsub://x:y", ["themes/publish"])


async def test_each_topic_is_subscribed_to(described_shop: Any) -> None:
    for _ in range(2):
        described_shop.put("mutation webhookSubscriptionCreate", data={"webhookSubscriptionCreate": CREATED})
    management = ShopifyManagement(described_shop.client(may_write=True))
    hook = await management.create(URL, ["orders/create", "inventory_levels/update"], None)
    assert hook == Hook(URL, URL, ["orders/create", "inventory_levels/update"])
    assert made(described_shop) == ["ORDERS_CREATE", "INVENTORY_LEVELS_UPDATE"]
    assert described_shop.sent[0]["subscription"] == {"uri": URL, "format": "JSON"}


async def test_without_types_all_that_we_have_words_for_are(described_shop: Any) -> None:
    for _ in DEFAULT:
        described_shop.put("mutation webhookSubscriptionCreate", data={"webhookSubscriptionCreate": CREATED})
    await ShopifyManagement(described_shop.client(may_write=True)).create(URL, [], None)
    assert len(made(described_shop)) == len(DEFAULT)
    assert "SHOP_REDACT" not in made(described_shop)


def test_a_hook_for_all_is_recognised_as_one(described_shop: Any) -> None:
    management = ShopifyManagement(described_shop.client())
    assert management.asked_for([]) == DEFAULT
    assert management.asked_for(["orders/paid"]) == ["orders/paid"]
    assert management.keyed_by == "app"


async def test_a_refusal_in_the_answer_is_one(described_shop: Any) -> None:
    errors = [{"field": ["webhookSubscription", "uri"], "message": "Address is not allowed"}]
    refused = {"webhookSubscriptionCreate": {"userErrors": errors, "webhookSubscription": None}}
    described_shop.put("mutation webhookSubscriptionCreate", data=refused)
    with pytest.raises(Rejected, match="Address is not allowed"):
        await ShopifyManagement(described_shop.client(may_write=True)).create(URL, ["orders/create"], None)


async def test_what_is_missing_is_made_and_what_is_not_wanted_goes(described_shop: Any) -> None:
    described_shop.put("mutation webhookSubscriptionCreate", data={"webhookSubscriptionCreate": CREATED})
    rows = [
        (1, "ORDERS_CREATE", URL),
        (2, "CARTS_UPDATE", URL),
        (3, "CARTS_UPDATE", "https://other.example.com"),
    ]
    listed(described_shop, *rows)
    described_shop.put("mutation webhookSubscriptionDelete", data={"webhookSubscriptionDelete": DELETED})
    hook = Hook(URL, URL, ["orders/create", "carts/update"])
    management = ShopifyManagement(described_shop.client(may_write=True))
    repaired = await management.repair(hook, ["orders/create", "orders/paid"], None)
    assert repaired.types == ["orders/create", "orders/paid"]
    assert made(described_shop) == ["ORDERS_PAID"]
    assert [sent["id"] for sent in described_shop.sent if "id" in sent] == [
        "gid://shopify/WebhookSubscription/2"
    ]


async def test_a_hook_is_removed_with_all_its_subscriptions(described_shop: Any) -> None:
    listed(described_shop, (1, "ORDERS_CREATE", URL), (2, "ORDERS_PAID", URL))
    for _ in range(2):
        described_shop.put("mutation webhookSubscriptionDelete", data={"webhookSubscriptionDelete": DELETED})
    hook = Hook(URL, URL, ["orders/create", "orders/paid"])
    await ShopifyManagement(described_shop.client(may_write=True)).remove(hook)
    assert len([sent for sent in described_shop.sent if "id" in sent]) == 2


async def test_a_call_that_may_only_read_makes_none(described_shop: Any) -> None:
    with pytest.raises(WriteRefused):
        await ShopifyManagement(described_shop.client()).create(URL, ["orders/create"], None)
    assert described_shop.sent == []
