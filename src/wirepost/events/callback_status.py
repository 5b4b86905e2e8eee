"""`CallbackStatus`: how far a client that is called back has come, and whether it could be reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from wirepost.core.times import from_epoch
from wirepost.events.callback import SINK
from wirepost.events.occurrence import occurrence

if TYPE_CHECKING:
    from wirepost.events.callback import Target
    from wirepost.events.event import Event
    from wirepost.events.log_cursors import LogCursors
    from wirepost.events.subscriptions import Subscription
    from wirepost.store.database import Database

REACHED = "done"
"""The outcome of an attempt that was answered as it should be."""
_LOOKED_AT = 50
_OPEN = (
    "SELECT min(seq) FROM deliveries WHERE subscription = ? AND sink = ? "
    "AND state IN ('pending', 'offered') LIMIT 1"
)
_ATTEMPTS = (
    "SELECT at, outcome FROM delivery_attempts WHERE subscription = ? AND sink = ? "
    "ORDER BY seq DESC, copy DESC, attempt DESC LIMIT ?"
)


def category(reason: str) -> str:
    """Why a client could not be called, in the words of the specification, which give nothing else away."""
    known = {"timeout": "timeout", "unreachable": "connection_refused", "untrusted certificate": "tls_error"}
    answered = re.fullmatch(r"answered ([45])\d\d", reason)
    return f"http_{answered[1]}xx" if answered else known.get(reason, "challenge_failed")


class CallbackStatus:
    """Reads it from the deliveries."""

    def __init__(self, database: Database, cursors: LogCursors) -> None:
        self._database, self._cursors = database, cursors

    async def watermark(self, subscription: Subscription) -> int:
        """A position at or before which everything was taken or given up.

        `subscription` must have been read before: what was matched since then is not counted as taken.
        """
        rows = await self._database.read(_OPEN, subscription.id, SINK)
        first: int | None = rows[0][0]
        return subscription.position if first is None else min(first - 1, subscription.position)

    async def body(self, subscription: Subscription, target: Target, event: Event) -> dict[str, Any]:
        """What is sent for an event; its cursor is the watermark, as this event is not taken yet."""
        cursor = self._cursors.mint(await self.watermark(subscription), target.name, target.arguments)
        return occurrence(target.name, event, cursor)

    async def shown(self, subscription: Subscription) -> dict[str, Any]:
        """`deliveryStatus`, which never holds what was answered."""
        rows = await self._database.read(_ATTEMPTS, subscription.id, SINK, _LOOKED_AT)
        attempts = sorted(rows, reverse=True)
        failed = []
        for at, outcome in attempts:
            if outcome == REACHED:
                break
            failed.append((at, outcome))
        reached = [at for at, outcome in attempts if outcome == REACHED]
        told = {
            "active": True,
            "lastDeliveryAt": from_epoch(int(reached[0])) if reached else None,
            "lastError": category(failed[0][1]) if failed else None,
        }
        return {**told, "failedSince": from_epoch(int(failed[-1][0]))} if failed else told
