"""`Feed`: what a provider says has happened, read from its API instead of waiting for its requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from wirepost.webhooks.webhook import Item


class Feed(ABC):
    """The provider's events of the past; they are stored through the same keys as those that were sent."""

    @abstractmethod
    def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Events after `position`, or after the time `after` (seconds since 1970), oldest first.

        Yields the position behind each event with it. Raises `CallError`.
        """

    async def fetch(self, path: str) -> dict[str, Any]:
        """What a thin event is about, as `Item.data` would hold it; raises `CallError`."""
        raise NotImplementedError(path)
