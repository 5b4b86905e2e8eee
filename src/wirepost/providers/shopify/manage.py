"""`ShopifyManagement`: webhook subscriptions of the app in one shop, each of which is for one topic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from wirepost.providers.shopify.client import ShopifyClient
from wirepost.providers.shopify.items import COMPLIANCE, TYPES
from wirepost.webhooks.manage import Hook, Management

Json = dict[str, Any]
PAGE = 100
DEFAULT = sorted(set(TYPES) - COMPLIANCE)
"""What is subscribed to where no types are named; those for privacy laws are set up in the app itself."""

LIST = """query ($first: Int!, $after: String) {
  webhookSubscriptions(first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { id topic uri }
  }
}"""
CREATE = """mutation ($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    userErrors { field message } webhookSubscription { id }
  }
}"""
DELETE = "mutation ($id: ID!) { webhookSubscriptionDelete(id: $id) { userErrors { field message } } }"


class ShopifyManagement(Management):
    """All subscriptions to one address are one hook; the app's own secret signs, so none is told or made.

    Shopify deletes a subscription whose requests have failed for hours, so a hook is repaired by making those
    that are missing. Subscriptions of the app's configuration file are in no list.
    """

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    def asked_for(self, types: Sequence[str]) -> Sequence[str]:
        """All that we have words for, where none are named: Shopify has no subscription to everything."""
        return list(types) or DEFAULT

    async def hooks(self) -> list[Hook]:
        """One for each address."""
        topics: dict[str, list[str]] = {}
        async for row in self._rows():
            topics.setdefault(str(row["uri"]), []).append(_topic(str(row["topic"])))
        return [Hook(id=url, url=url, types=sorted(found)) for url, found in topics.items()]

    async def create(self, url: str, types: Sequence[str], secret: str | None) -> Hook:  # noqa: ARG002 - the app's own signs
        """A subscription for each topic."""
        wanted = self.asked_for(types)
        for topic in wanted:
            given = {"topic": _name(topic), "subscription": {"uri": url, "format": "JSON"}}
            await self._client.mutate(CREATE, given)
        return Hook(id=url, url=url, types=wanted)

    async def repair(self, hook: Hook, types: Sequence[str], secret: str | None) -> Hook:
        """What is missing is made, what is not wanted any more goes."""
        wanted = set(self.asked_for(types))
        missing = sorted(wanted - set(hook.types))
        if missing:
            await self.create(hook.url, missing, secret)
        await self._delete(hook.url, set(hook.types) - wanted)
        return Hook(id=hook.id, url=hook.url, types=sorted(wanted))

    async def remove(self, hook: Hook) -> None:
        """All subscriptions to the address."""
        await self._delete(hook.url, set(hook.types))

    async def _delete(self, url: str, topics: set[str]) -> None:
        rows = [row async for row in self._rows()] if topics else []
        for row in rows:
            if row["uri"] == url and _topic(str(row["topic"])) in topics:
                await self._client.mutate(DELETE, {"id": row["id"]})

    async def _rows(self) -> AsyncIterator[Json]:
        variables: Json = {"first": PAGE, "after": None}
        while True:
            found = (await self._client.query(LIST, variables))["webhookSubscriptions"]
            for row in found["nodes"]:
                yield row
            if not found["pageInfo"]["hasNextPage"]:
                return
            variables = {**variables, "after": found["pageInfo"]["endCursor"]}


_KNOWN = {topic.upper().replace("/", "_"): topic for topic in TYPES}


def _name(topic: str) -> str:
    """`orders/create` as GraphQL writes it."""
    return topic.upper().replace("/", "_")


def _topic(name: str) -> str:
    """The other way round; the last word of a topic we do not know is taken for what has happened."""
    noun, _, verb = name.lower().rpartition("_")
    return _KNOWN.get(name) or f"{noun}/{verb}"
