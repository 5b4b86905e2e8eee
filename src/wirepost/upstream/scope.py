"""What one call lends to its upstream requests: a deadline, a priority, and the right to write."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Scope:
    """Lives as long as one tool call (or one background request) and is shared by all its requests.

    `before_write` is awaited before the first byte of a write leaves, so that the ledger knows; while it is
    `None` (reads, previews, reconciliation) every write is refused by the client.
    """

    deadline: float
    """On the clock's monotonic counter; no attempt, wait or retry goes past it."""
    interactive: bool = True
    """Somebody waits for this call, so it goes ahead of background work in the queue."""
    before_write: Callable[[], Awaitable[None]] | None = None
    api_version: str | None = None
    request_ids: list[str] = field(default_factory=list)
    """The provider's ids of the requests made, newest last."""
    trail: list[str] = field(default_factory=list)
    """One line per attempt for the operator: method, path, and how it ended."""
    quota: dict[str, float] | None = None
    """`remaining` and `resets_in_s` as last learnt from the provider's headers."""
    writes_applied: int = 0
    """How many writes the provider confirmed; a later failure then leaves a part behind."""
    is_live: bool | None = None
    """What the provider said about the environment of an answer, where it says so."""
    _is_announced: bool = field(default=False, init=False, repr=False)
    _announcing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    async def announce_write(self) -> None:
        """Await `before_write` once, however many writes start at the same time."""
        async with self._announcing:
            if self._is_announced or self.before_write is None:
                return
            await self.before_write()
            self._is_announced = True
