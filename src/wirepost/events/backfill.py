"""`Backfill`: events whose webhook was lost are fetched from the provider, and the loss is told."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from wirepost.core.ids import new_id
from wirepost.events.log import Arrival, NewEvent
from wirepost.events.normalise import event_of
from wirepost.events.personal import KEEP_ALL

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.core.clock import Clock
    from wirepost.events.log import EventLog
    from wirepost.events.own import OwnEvents
    from wirepost.settings.webhooks import RedactSettings
    from wirepost.webhooks.feed import Feed
    from wirepost.webhooks.webhook import Item

GRACE_S = 120.0
"""Younger events are left for the next time: their webhook may be on its way."""
CLOCKS_S = 5.0
"""So much a provider's clock may be ahead of ours."""
PAGE = 50
"""Events stored together."""
PLACE = ""
"""The endpoint under which the position in a feed is kept; no webhook has that name."""

_POSITION = "SELECT details FROM endpoints WHERE source = ? AND endpoint = ? LIMIT 1"
_KEEP = (
    "INSERT INTO endpoints (source, endpoint, details, changed_at) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (source, endpoint) DO UPDATE "
    "SET details = excluded.details, changed_at = excluded.changed_at"
)
_TOLD = (
    "SELECT seq FROM events WHERE object_id = ? AND source = ? AND type LIKE ? AND received_at >= ? LIMIT 1"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A connection whose provider can be asked what has happened."""

    name: str
    environment: str
    open: Callable[[], Awaitable[Feed]]
    has_webhook: bool
    """Whether its events should have come by themselves, so that finding some is worth an alarm."""
    redact: RedactSettings = KEEP_ALL


@dataclass(frozen=True)
class Found:
    """What one look has brought."""

    seen: int
    new: int


class Backfill:
    """Reads feeds from where it stopped the last time; `hash_key` is for hashes of personal data."""

    def __init__(
        self, events: EventLog, own: OwnEvents, writes: OwnWrites, clock: Clock, *, hash_key: bytes
    ) -> None:
        self._events, self._own, self._writes, self._clock = events, own, writes, clock
        self._hash_key = hash_key

    async def run(self, source: Source) -> Found:
        """Store what is missing up to `GRACE_S` ago. The first look only notes where it begins.

        Raises `CallError`; what was stored before stays, and the next look goes on from there.
        """
        now = self._clock.now().timestamp()
        position, after = await self._position(source.name)
        if after is None:
            await self._keep(source.name, None, now)
            return Found(0, 0)
        feed = await source.open()
        seen = new = 0
        page: list[NewEvent] = []
        async for at, item in feed.since(position, after):
            if item.time is not None and item.time > now - GRACE_S:
                break
            position, after, seen = at, max(after, item.time or after), seen + 1
            if feed.has_keys_of_requests or not await self._was_told(source.name, item):
                page.append(await self._new_event(item, source, now))
            if len(page) == PAGE:
                new += await self._store(source.name, page, position, after)
                page = []
        if seen:
            new += await self._store(source.name, page, position, after)
        if new and source.has_webhook:
            await self._tell(source, new)
        return Found(seen, new)

    async def _new_event(self, item: Item, source: Source, now: float) -> NewEvent:
        if item.dedupe_key is None:
            raise ValueError(f"the feed of {source.name} has an event without an id")
        event = event_of(
            item,
            source=source.name,
            environment=source.environment,
            verified="poll",
            received_at=now,
            redact=source.redact,
            own=await self._writes.find(source.name, item.marks, item.time),
            key=self._hash_key,
        )
        return NewEvent(event, item.dedupe_key, None, {"scheme": "feed"})

    async def _was_told(self, name: str, item: Item) -> bool:
        """Whether an event about the same record has come since it was changed."""
        kind, _, object_id = (item.subject or "").partition("/")
        since = (item.time or 0.0) - CLOCKS_S
        return bool(await self._events.database.read(_TOLD, object_id, name, f"{kind}.%", since))

    async def _tell(self, source: Source, new: int) -> None:
        log.warning("%s: %d events were fetched whose webhook had not arrived", source.name, new)
        await self._own.record(
            "backfill.found",
            f"connection/{source.name}",
            f"{new} events of {source.name} were fetched whose webhook had not arrived",
            key=new_id("bkf"),
            environment=source.environment,
            data={"connection": source.name, "count": new},
        )

    async def _position(self, name: str) -> tuple[str | None, float | None]:
        rows = await self._events.database.read(_POSITION, name, PLACE)
        if not rows:
            return None, None
        kept = orjson.loads(rows[0][0])
        return kept["position"], kept["after"]

    async def _store(self, name: str, page: list[NewEvent], position: str | None, after: float) -> int:
        """The events first: one that is stored twice is noticed, one that was passed over is not."""
        recorded = await self._events.record(Arrival(name, "", self._clock.now().timestamp(), page))
        await self._keep(name, position, after)
        return sum(each.is_new for each in recorded)

    async def _keep(self, name: str, position: str | None, after: float) -> None:
        details = orjson.dumps({"position": position, "after": after}).decode()
        now = self._clock.now().timestamp()
        await self._events.database.write(lambda tx: tx.execute(_KEEP, name, PLACE, details, now))
