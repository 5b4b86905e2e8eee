"""`HubSpotFeed`: records that were changed, for want of a list of events.

The search is an index that lags behind by seconds, and sorts by times that are set before a change shows in
it. So each look begins a while before the end of the last one; what is read twice has the same key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from wirepost.contracts.records import Query
from wirepost.core.errors import NotConnected
from wirepost.providers.hubspot.client import HubSpotClient, Json
from wirepost.providers.hubspot.items import NOUNS
from wirepost.providers.hubspot.kinds import KINDS, Kind
from wirepost.providers.hubspot.search import search
from wirepost.webhooks.feed import Feed, merged
from wirepost.webhooks.reading import moment
from wirepost.webhooks.webhook import Item

OVERLAP_S = 300.0
PAGE = 100


class HubSpotFeed(Feed):
    """Contacts, companies, deals and tickets by the time of their last change, which is the position."""

    has_keys_of_requests: ClassVar[bool] = False

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Records that were created or changed, oldest change first; deletions are in no list."""
        begin = after if position is None else float(position)
        account = str((await self._client.account())["portalId"])
        kinds = (kind for kind in KINDS if kind.neutral in NOUNS)
        async for item in merged([self._changed(kind, begin, account) for kind in kinds]):
            yield str(max(begin, item.time or begin)), item

    async def _changed(self, kind: Kind, begin: float, account: str) -> AsyncIterator[Item]:
        """Records of one kind; none where the token may not read them."""
        start = datetime.fromtimestamp(begin - OVERLAP_S, UTC)
        query = Query(fields=(), limit=PAGE, sort=kind.modified, updated_after=start)
        while True:
            try:
                found = await search(self._client, kind, query)
            except NotConnected as refusal:
                if refusal.code == "missing_scope":
                    return
                raise
            for row in found.rows:
                yield _item(kind, row, begin, account)
            if not found.has_more:
                return
            query = replace(query, position=found.after[-1])


def _item(kind: Kind, row: Json, begin: float, account: str) -> Item:
    record, noun = str(row["id"]), kind.neutral or kind.name
    is_new = (moment(row["createdAt"]) or 0.0) > begin
    return Item(
        type=f"{noun}.{'created' if is_new else 'updated'}",
        provider_type=f"{noun}.{'creation' if is_new else 'propertyChange'}",
        summary=f"{noun.capitalize()} {record} was {'created' if is_new else 'changed'}",
        data={"object": noun, "id": record},
        subject=f"{noun}/{record}",
        key=f"changed:{noun}/{record}/{row['updatedAt']}",
        time=moment(row["updatedAt"]),
        account=account,
        marks=(record,),
    )
