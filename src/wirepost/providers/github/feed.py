"""`GitHubFeed`: deliveries that failed, which GitHub keeps for three days and does not send again itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from wirepost.providers.github.client import GitHubClient
from wirepost.providers.github.hooks import own_hooks
from wirepost.providers.github.items import item_of
from wirepost.webhooks.feed import Feed
from wirepost.webhooks.reading import moment, text
from wirepost.webhooks.webhook import Item, Unmapped

Json = dict[str, Any]
PING = "ping"


@dataclass(frozen=True, order=True)
class Attempt:
    """One delivery that has failed."""

    at: float
    number: int
    guid: str
    path: str

    @property
    def position(self) -> str:
        """Where it stands among those of all hooks."""
        return f"{self.at:.3f}/{self.number}"


class GitHubFeed(Feed):
    """What our hooks at the `places` of the connection could not deliver.

    Its content is read from the list of deliveries instead of being asked for once more: that needs no right
    to write, and works while nobody can reach us from outside. https://docs.github.com/en/rest/repos/webhooks
    """

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Failed deliveries behind a position or a time, oldest first; of one event the first only."""
        begin = (after, 0) if position is None else _read(position)
        failed = [each async for path in own_hooks(self._client) async for each in self._failed(path, begin)]
        seen: set[str] = set()
        for attempt in sorted(failed):
            if attempt.guid in seen:
                continue
            seen.add(attempt.guid)
            item = await self._item(attempt)
            if item is not None:
                yield attempt.position, item

    async def _failed(self, path: str, begin: tuple[float, int]) -> AsyncIterator[Attempt]:
        """Of one hook, newest first as GitHub lists them, down to where we begin."""
        async for row in self._client.rows(f"{path}/deliveries", status="failure"):
            at, number, guid = moment(row.get("delivered_at")), int(row["id"]), text(row.get("guid"))
            if at is None or guid is None or row.get("event") == PING:
                continue
            if (at, number) <= begin:
                return
            yield Attempt(at, number, guid, f"{path}/deliveries/{number}")

    async def _item(self, attempt: Attempt) -> Item | None:
        """What it would have brought; `None` where GitHub has kept too little of it."""
        found = await self._client.get(attempt.path)
        body = (found.get("request") or {}).get("payload")
        try:
            return item_of(str(found.get("event")), attempt.guid, body) if isinstance(body, dict) else None
        except Unmapped:
            return None


def _read(position: str) -> tuple[float, int]:
    at, _, number = position.partition("/")
    return float(at), int(number)
