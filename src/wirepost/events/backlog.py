"""`Backlog`: requests that come in a burst are stored as they are, and read when it is over."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import CallError, ConfigError
from wirepost.core.ids import new_id
from wirepost.events.arrival import Arrival, DeadLetter
from wirepost.events.arrive import proof_of
from wirepost.events.storing import insert
from wirepost.store.signals import wait
from wirepost.store.together import Together
from wirepost.store.tx import placeholders
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.log import EventLog
    from wirepost.events.raw import RawRequests
    from wirepost.store.database import Row, Tx

BURST = 8
"""So many genuine requests at once are read before they are answered; more are stored unread."""
PATIENCE_S = 1.0
"""So long the first of them waits for the end of a burst; then it is read, and what comes at once."""
MOST, MOST_BYTES = 5000, 64 * 1024 * 1024
"""Of requests that wait to be read; the next ones are read at once."""
SLICE = 32
PAUSE_S = 0.01
LOOK_EVERY_S = 5.0
ABANDONED_S = 10.0
"""What another process has left for so long is read by this one; if both do, one of them stores it."""
AFTER_FAULT_S = 5.0

_KEEP = "INSERT INTO unread (id, source, endpoint, received_at, verified, sealed) VALUES {} RETURNING id"
_TAKE = "DELETE FROM unread WHERE id IN ({marks}) RETURNING id"
_LEFT = (
    "SELECT id, source, endpoint, received_at, verified, sealed FROM unread "
    "WHERE received_at < ? AND id > ? ORDER BY id LIMIT ?"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """A genuine request that was confirmed, and that nobody has read yet."""

    id: str
    source: str
    endpoint: str
    request: Incoming
    verified: Verified
    sealed: bytes


Read = Callable[[Kept], Awaitable["Arrival | str"]]
"""What a request says, or why it cannot be read; raises `CallError` and `ConfigError`."""


class Backlog:
    """What was stored unread; each request leaves it in the unit of work that stores what it says."""

    def __init__(
        self,
        events: EventLog,
        raw: RawRequests,
        clock: Clock,
        *,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._events, self._raw, self._clock = events, raw, clock
        self._most, self._most_bytes = most, most_bytes
        self._together = Together(self._store)
        self._waiting: deque[Kept] = deque()
        self._put_off: list[Kept] = []
        self._stuck: set[tuple[str, str]] = set()
        """Endpoints whose requests cannot be read for the moment, so that they are put off."""
        self._again_at = 0.0
        self._bytes = 0
        self._came = asyncio.Event()
        self._is_running = False
        self._is_searched = False
        """Nothing is left by processes before this one, where there is one at a time."""
        self._unopened: set[str] = set()
        """What no key opens; another process, or this one another time, may have the key."""
        self.under_way = 0
        """Genuine requests that are not answered yet."""

    @property
    def has_burst(self) -> bool:
        """Whether more come at once than are read at once."""
        return self.under_way > BURST

    @property
    def takes_more(self) -> bool:
        """Whether a request is to be kept now and read later."""
        has_room = self._held < self._most and self._bytes < self._most_bytes
        return self._is_running and self.has_burst and has_room and not self._is_overdue

    @property
    def _held(self) -> int:
        return len(self._waiting) + len(self._put_off)

    async def keep(self, kept: Kept) -> None:
        """Store it unread; returns when it is on the disk. Raises `Unavailable`."""
        await self._together.add(kept)

    async def run(self, read: Read) -> None:
        """Read what was kept when there is no burst or it has waited long enough; ends when cancelled."""
        next_look, self._is_running = self._clock.monotonic(), True
        try:
            while True:
                self._came.clear()
                if self._clock.monotonic() >= next_look:
                    next_look = self._clock.monotonic() + LOOK_EVERY_S
                    await self._find_left()
                if self._stuck and self._clock.monotonic() >= self._again_at:
                    self._take_up_again()
                if not self._waiting:
                    await wait(self._came, self._clock, LOOK_EVERY_S)
                elif self.has_burst and not self._is_overdue:
                    await self._clock.sleep(PAUSE_S)
                else:
                    await self._read_some(read)
        finally:
            self._is_running = False

    @property
    def _is_overdue(self) -> bool:
        first = self._waiting[0].request.now if self._waiting else None
        return first is not None and self._clock.now().timestamp() - first > PATIENCE_S

    async def _store(self, some: Sequence[Kept]) -> Sequence[None]:
        rows = [
            (
                *(each.id, each.source, each.endpoint, each.request.now),
                *(orjson.dumps(proof_of(each.verified)).decode(), each.sealed),
            )
            for each in some
        ]
        await self._events.database.write(lambda tx: insert(tx, _KEEP, rows))
        self._waiting.extend(some)
        self._bytes += sum(len(each.sealed) for each in some)
        self._came.set()
        return [None] * len(some)

    async def _find_left(self) -> None:
        """What a process that has ended left unread is read by this one.

        The owner of a database has no need to tell by the time what others may still read: whatever is there
        when it begins is left, whichever time its clock told when that came.
        """
        is_shared = self._events.database.is_shared
        if self._is_searched:
            return
        before = self._clock.now().timestamp() - ABANDONED_S if is_shared else inf
        known = {each.id for each in (*self._waiting, *self._put_off)} | self._unopened
        last = ""
        while self._held < self._most:
            rows = await self._events.database.read(_LEFT, before, last, SLICE)
            if not rows:
                self._is_searched = not is_shared
                return
            last = str(rows[-1][0])
            for row in rows:
                if row[0] not in known:
                    self._revive(row)

    def _revive(self, row: Row) -> None:
        raw_id, source, endpoint, received_at, verified, sealed = row
        try:
            raw = self._raw.opened(raw_id, received_at, bytes(sealed))
        except CallError as error:
            log.warning("the request %s stays unread: %s", raw_id, error)
            self._unopened.add(raw_id)
            return
        request = Incoming(raw.method, raw.url, tuple(raw.headers), raw.body, received_at)
        proof = Verified(**orjson.loads(verified))
        self._waiting.append(Kept(raw_id, source, endpoint, request, proof, bytes(sealed)))
        self._bytes += len(sealed)

    async def _read_some(self, read: Read) -> None:
        some = list(islice(self._waiting, SLICE))
        arrivals = await self._arrivals(read, some)
        read_now = [each for each in some if each.id in arrivals]
        try:
            await self._record_all(read_now, arrivals)
        except CallError as error:
            log.warning("kept requests wait to be stored: %s", error)
            await self._clock.sleep(AFTER_FAULT_S)
            return
        for _ in some:
            self._waiting.popleft()
        self._put_off += [each for each in some if each.id not in arrivals]
        self._bytes -= sum(len(each.sealed) for each in read_now)

    async def _arrivals(self, read: Read, some: Sequence[Kept]) -> dict[str, Arrival]:
        """What those say that can be read; an endpoint whose secret is missing holds up no other."""
        arrivals: dict[str, Arrival] = {}
        for each in some:
            place = (each.source, each.endpoint)
            if place in self._stuck:
                continue
            try:
                arrivals[each.id] = await _arrival(read, each)
            except (CallError, ConfigError) as error:
                log.warning("kept requests of %s/%s wait to be read: %s", *place, error)
                if not self._stuck:
                    self._again_at = self._clock.monotonic() + AFTER_FAULT_S
                self._stuck.add(place)
        return arrivals

    def _take_up_again(self) -> None:
        """What could not be read is tried anew, behind what others wait for."""
        self._waiting.extend(self._put_off)
        self._put_off.clear()
        self._stuck.clear()

    async def _record_all(self, some: Sequence[Kept], arrivals: dict[str, Arrival]) -> None:
        if not some:
            return
        try:
            await self._record(arrivals)
        except CallError:
            raise
        except Exception:
            log.exception("%d requests could not be stored together; each is now stored alone", len(some))
            for each in some:
                await self._record_alone(each, arrivals[each.id])

    async def _record_alone(self, kept: Kept, arrival: Arrival) -> None:
        try:
            await self._record({kept.id: arrival})
        except CallError:
            raise
        except Exception as error:
            log.exception("webhook %s/%s could not be stored", kept.source, kept.endpoint)
            await self._record({kept.id: _letter(kept, f"could not be stored: {type(error).__name__}")})

    async def _record(self, arrivals: dict[str, Arrival]) -> None:
        async def still_kept(tx: Tx, _: Sequence[Arrival]) -> Sequence[Arrival]:
            rows = await tx.execute(_TAKE.format(marks=placeholders(arrivals)), *arrivals)
            taken = {row[0] for row in rows}
            return [arrival for kept_id, arrival in arrivals.items() if kept_id in taken]

        await self._events.store(list(arrivals.values()), still_kept)


async def _arrival(read: Read, kept: Kept) -> Arrival:
    try:
        said = await read(kept)
    except (CallError, ConfigError):
        raise
    except Exception as error:  # whoever sent it will not send it again
        log.exception("webhook %s/%s could not be read", kept.source, kept.endpoint)
        said = f"could not be read: {type(error).__name__}"
    return _letter(kept, said) if isinstance(said, str) else said


def _letter(kept: Kept, reason: str) -> Arrival:
    """What nobody can read stays, with its bytes, for a person to look at."""
    return Arrival(
        source=kept.source,
        endpoint=kept.endpoint,
        received_at=kept.request.now,
        dead=[DeadLetter(new_id("dead"), f"unread:{kept.id}", reason, proof_of(kept.verified))],
        raw_id=kept.id,
        sealed=kept.sealed,
    )
