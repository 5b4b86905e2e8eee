"""`ShopifyFeed`: orders and products that were changed, for want of a list of events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from wirepost.core.errors import NotConnected
from wirepost.core.times import to_rfc3339
from wirepost.providers.shopify.client import ShopifyClient
from wirepost.providers.shopify.objects import time_of
from wirepost.webhooks.feed import Feed, merged
from wirepost.webhooks.reading import at, moment, text
from wirepost.webhooks.webhook import Item

Json = dict[str, Any]
OVERLAP_S = 300.0
"""The search lags behind, so each look begins a while before the end of the one before."""
PAGE = 50

SHOP = "query { shop { myshopifyDomain } }"
_PAGE = "first: $first, after: $after, query: $query, sortKey: UPDATED_AT"
_ARGUMENTS = "($first: Int!, $after: String, $query: String!)"
_MORE = "pageInfo { hasNextPage endCursor }"
ORDERS = f"""query {_ARGUMENTS} {{ orders({_PAGE}) {{ {_MORE} nodes {{
  id legacyResourceId name createdAt updatedAt cancelledAt test displayFinancialStatus
  displayFulfillmentStatus currentTotalPriceSet {{ shopMoney {{ amount currencyCode }} }}
}} }} }}"""
PRODUCTS = f"""query {_ARGUMENTS} {{ products({_PAGE}) {{ {_MORE} nodes {{
  id legacyResourceId title vendor status createdAt updatedAt
}} }} }}"""


@dataclass(frozen=True)
class _Kind:
    noun: str
    document: str
    texts: tuple[str, ...] = ()


_KINDS = (_Kind("order", ORDERS), _Kind("product", PRODUCTS, ("title", "vendor")))


class ShopifyFeed(Feed):
    """Orders and products by the time of their last change, which is the position; deletions are not told."""

    has_keys_of_requests: ClassVar[bool] = False

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """What was made or changed, oldest change first."""
        begin = after if position is None else float(position)
        shop = str((await self._client.query(SHOP))["shop"]["myshopifyDomain"])
        async for item in merged([self._changed(kind, begin, shop) for kind in _KINDS]):
            yield str(max(begin, item.time or begin)), item

    async def _changed(self, kind: _Kind, begin: float, shop: str) -> AsyncIterator[Item]:
        """Those of one kind; none where the app may not read them."""
        start = to_rfc3339(datetime.fromtimestamp(begin - OVERLAP_S, UTC))
        variables: Json = {"first": PAGE, "after": None, "query": f"updated_at:>='{start}'"}
        while True:
            try:
                found = (await self._client.query(kind.document, variables))[f"{kind.noun}s"]
            except NotConnected as refusal:
                if refusal.code == "missing_scope":
                    return
                raise
            for row in found["nodes"]:
                yield _item(kind, row, begin, shop)
            if not found["pageInfo"]["hasNextPage"]:
                return
            variables = {**variables, "after": found["pageInfo"]["endCursor"]}


def _item(kind: _Kind, row: Json, begin: float, shop: str) -> Item:
    number, what = str(row["legacyResourceId"]), _what(row, begin)
    texts = {name: row[name] for name in kind.texts if row.get(name)}
    money = at(row, "currentTotalPriceSet", "shopMoney")
    fields = {
        "id": number,
        "gid": text(row.get("id")),
        "name": text(row.get("name")),
        "total": text(at(money, "amount")),
        "currency": text(at(money, "currencyCode")),
        "status": _lower(row.get("status")),
        "financial_status": _lower(row.get("displayFinancialStatus")),
        "fulfillment_status": _lower(row.get("displayFulfillmentStatus")),
        "is_test": row.get("test"),
        "created_at": time_of(row.get("createdAt")),
        "updated_at": time_of(row.get("updatedAt")),
        "cancelled_at": time_of(row.get("cancelledAt")),
        **texts,
    }
    return Item(
        type=f"{kind.noun}.{what}",
        provider_type=f"{kind.noun}s/{_TOPICS[kind.noun, what]}",
        summary=f"{kind.noun}.{what}: {kind.noun} {number}",
        data={name: value for name, value in fields.items() if value is not None},
        subject=f"{kind.noun}/{number}",
        key=f"changed:{kind.noun}/{number}/{row['updatedAt']}",
        time=moment(row.get("updatedAt")),
        account=shop,
        untrusted=tuple(texts),
        marks=(number, str(row["id"])),
    )


_TOPICS = {
    ("order", "created"): "create",
    ("order", "updated"): "updated",
    ("order", "cancelled"): "cancelled",
    ("product", "created"): "create",
    ("product", "updated"): "update",
}


def _what(row: Json, begin: float) -> str:
    if (moment(row.get("cancelledAt")) or 0.0) > begin:
        return "cancelled"
    return "created" if (moment(row.get("createdAt")) or 0.0) > begin else "updated"


def _lower(value: Any) -> str | None:
    """GraphQL writes words in capitals, webhooks do not."""
    found = text(value)
    return found.lower() if found else None
