"""Orders and products by their last change, in documents that Shopify's schema knows."""

from __future__ import annotations

from typing import Any

import pytest

from wirepost.core.errors import Unavailable
from wirepost.providers.shopify.feed import ShopifyFeed
from wirepost.webhooks.webhook import Item

NINE = 1764061200.0  # 2025-11-25T09:00:00Z
LAST = {"hasNextPage": False, "endCursor": None}


def order(number: int, minute: int, **changes: Any) -> dict[str, Any]:
    """An order that was changed some minutes after nine."""
    return {
        "id": f"gid://shopify/Order/{number}",
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": "2025-11-25T08:00:00Z",
        "updatedAt": f"2025-11-25T09:{minute:02}:00Z",
        "cancelledAt": None,
        "test": False,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currentTotalPriceSet": {"shopMoney": {"amount": "49.00", "currencyCode": "EUR"}},
        **changes,
    }


def product(number: int, minute: int) -> dict[str, Any]:
    """A product that was made some minutes after nine."""
    at = f"2025-11-25T09:{minute:02}:00Z"
    return {
        "id": f"gid://shopify/Product/{number}",
        "legacyResourceId": str(number),
        "title": "Hat",
        "vendor": "Acme",
        "status": "ACTIVE",
        "createdAt": at,
        "updatedAt": at,
    }


def answer(shop: Any, *, orders: list[dict[str, Any]], products: list[dict[str, Any]]) -> None:
    """What the next look finds."""
    shop.put("query shop", data={"shop": {"myshopifyDomain": "acme.myshopify.com"}})
    shop.put("query orders", data={"orders": {"pageInfo": LAST, "nodes": orders}})
    shop.put("query products", data={"products": {"pageInfo": LAST, "nodes": products}})


async def all_of(shop: Any, position: str | None = None, after: float = NINE) -> list[tuple[str, Item]]:
    """Everything behind a position."""
    return [found async for found in ShopifyFeed(shop.client()).since(position, after)]


async def test_both_kinds_come_in_the_order_of_their_change(described_shop: Any) -> None:
    cancelled = order(3, 9, cancelledAt="2025-11-25T09:09:00Z")
    answer(described_shop, orders=[order(1, 1), cancelled], products=[product(2, 5)])
    found = await all_of(described_shop)
    assert [(item.type, item.subject) for _, item in found] == [
        ("order.updated", "order/1"),
        ("product.created", "product/2"),
        ("order.cancelled", "order/3"),
    ]
    assert [position for position, _ in found] == [str(NINE + 60), str(NINE + 300), str(NINE + 540)]
    first = found[0][1]
    assert (first.key, first.account) == ("changed:order/1/2025-11-25T09:01:00Z", "acme.myshopify.com")
    assert (first.data["total"], first.data["currency"], first.data["financial_status"]) == (
        "49.00",
        "EUR",
        "paid",
    )
    assert found[1][1].untrusted == ("title", "vendor")
    assert not ShopifyFeed.has_keys_of_requests


async def test_each_look_begins_a_while_before_the_end_of_the_last(described_shop: Any) -> None:
    answer(described_shop, orders=[], products=[])
    assert await all_of(described_shop, str(NINE + 600)) == []
    asked = [sent["query"] for sent in described_shop.sent if "query" in sent]
    assert asked == ["updated_at:>='2025-11-25T09:05:00Z'"] * 2


async def test_pages_are_read_to_the_end(described_shop: Any) -> None:
    described_shop.put("query shop", data={"shop": {"myshopifyDomain": "acme.myshopify.com"}})
    more = {"hasNextPage": True, "endCursor": "c1"}
    described_shop.put("query orders", data={"orders": {"pageInfo": more, "nodes": [order(1, 1)]}})
    described_shop.put("query products", data={"products": {"pageInfo": LAST, "nodes": []}})
    described_shop.put("query orders", data={"orders": {"pageInfo": LAST, "nodes": [order(2, 2)]}})
    assert [item.subject for _, item in await all_of(described_shop)] == ["order/1", "order/2"]
    assert [sent["after"] for sent in described_shop.sent if "after" in sent] == [None, None, "c1"]


async def test_a_kind_that_may_not_be_read_is_left_out(described_shop: Any) -> None:
    described_shop.put("query shop", data={"shop": {"myshopifyDomain": "acme.myshopify.com"}})
    denied = {"message": "Access denied for orders field.", "extensions": {"code": "ACCESS_DENIED"}}
    described_shop.put("query orders", errors=[denied])
    described_shop.put("query products", data={"products": {"pageInfo": LAST, "nodes": [product(2, 5)]}})
    assert [item.subject for _, item in await all_of(described_shop)] == ["product/2"]


async def test_another_refusal_is_passed_on(described_shop: Any) -> None:
    for _ in range(5):
        described_shop.put(
            "query shop", errors=[{"message": "x", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
        )
    with pytest.raises(Unavailable):
        await all_of(described_shop)
