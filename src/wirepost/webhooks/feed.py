"""`Feed`: what a provider says has happened, read from its API instead of waiting for its requests."""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from typing import Any, ClassVar

from wirepost.webhooks.webhook import Item


class Feed(ABC):
    """The provider's events of the past; they are stored through the same keys as those that were sent."""

    has_keys_of_requests: ClassVar[bool] = True
    """False: a list of changed records, not of events. What became of a record is known if a request about it
    has come since it was changed."""

    @abstractmethod
    def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Events after `position`, or after the time `after` (seconds since 1970), oldest first.

        Yields the position behind each event with it. Raises `CallError`.
        """

    async def fetch(self, path: str) -> dict[str, Any]:
        """What a thin event is about, as `Item.data` would hold it; raises `CallError`."""
        raise NotImplementedError(path)


async def merged(streams: Iterable[AsyncIterator[Item]]) -> AsyncIterator[Item]:
    """Several streams as one; it is oldest first, as each of them is."""
    heads: list[tuple[float, int, Item, AsyncIterator[Item]]] = []
    for number, stream in enumerate(streams):
        await _take(heads, number, stream)
    while heads:
        _, number, item, stream = heapq.heappop(heads)
        yield item
        await _take(heads, number, stream)


async def _take(
    heads: list[tuple[float, int, Item, AsyncIterator[Item]]], number: int, stream: AsyncIterator[Item]
) -> None:
    item = await anext(stream, None)
    if item is not None:
        heapq.heappush(heads, (item.time or 0.0, number, item, stream))
