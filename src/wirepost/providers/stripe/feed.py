"""`StripeFeed`: the events of the last 30 days, which Stripe keeps whether or not a webhook took them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from wirepost.core.errors import Rejected
from wirepost.providers.stripe.client import MAX_PAGE, StripeClient
from wirepost.providers.stripe.items import item_of
from wirepost.providers.stripe.objects import shown
from wirepost.webhooks.feed import Feed
from wirepost.webhooks.webhook import Item, Unmapped

Json = dict[str, Any]
PATH = "/v1/events"


class StripeFeed(Feed):
    """Events of the connection's own account; a position is the id of an event."""

    def __init__(self, client: StripeClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Events behind `position`, oldest first; those since `after` if there is none or it is too old."""
        page = None if position is None else await self._behind(position)
        if page is None:
            first = await self._first(int(after))
            if first is None:
                return
            for found in _items([first]):
                yield found
            page = await self._behind(first["id"])
        while page is not None:
            for found in _items(reversed(page["data"])):
                yield found
            page = await self._behind(page["data"][0]["id"]) if page["has_more"] else None

    async def fetch(self, path: str) -> Json:
        """The object of a thin event; behind `#` in the path is the account it is read in."""
        place, _, account = path.partition("#")
        return shown(await self._client.get_in(account, place)).fields

    async def _behind(self, event_id: str) -> Json | None:
        """The next page towards now, newest first; `None` where Stripe does not know the event any more."""
        try:
            return await self._client.get(PATH, ending_before=event_id, limit=MAX_PAGE)
        except Rejected as refusal:
            if refusal.provider_code == "resource_missing":
                return None
            raise

    async def _first(self, after: int) -> Json | None:
        """The oldest event since a time: lists begin at the other end, so it is walked through once."""
        oldest = None
        async for event in self._client.rows(PATH, created={"gte": after}):
            oldest = event
        return oldest


def _items(events: Iterable[Json]) -> Iterator[tuple[str, Item]]:
    """What cannot be read is passed over: nothing is lost that a webhook would have brought."""
    for event in events:
        try:
            yield event["id"], item_of(event)
        except Unmapped:
            continue
