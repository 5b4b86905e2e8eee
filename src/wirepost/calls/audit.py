"""The audit log: one hash-chained record for every attempt, denials included."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import CallError, Unavailable
from wirepost.core.signing import canonical

if TYPE_CHECKING:
    from wirepost.store.database import Database, Tx

GENESIS = "0" * 64
_KEPT_IN_MEMORY = 1000
_PAGE = 200

log = logging.getLogger(__name__)


def link(previous: str, record: str) -> str:
    """The hash of a record: SHA-256 over the previous hash and the record's canonical JSON."""
    return hashlib.sha256(previous.encode() + record.encode()).hexdigest()


@dataclass
class _Waiting:
    """A record on its way; `tried` is its number and hash in an earlier try that may have been stored."""

    at: str
    record: str
    is_relaxed: bool
    is_sent: bool
    """Of a write that may have happened: never given up."""
    tried: tuple[int, str] | None = None


class Audit:
    """Appends records; what cannot be stored now is kept and stored before the next one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._turn = asyncio.Lock()
        self._round: asyncio.Task[None] | None = None
        """Will store all that waits when the one before it has ended; until then anybody may join."""

    async def record(
        self, at: str, record: dict[str, Any], *, is_read: bool = False, is_sent: bool = False
    ) -> None:
        """Append one record; returns when it is stored. Raises `Unavailable` when that fails.

        The record of a read does not wait for the disk: it outlives this process, but a loss of power within
        seconds may take it, as the last ones of the chain. Of more than a thousand that cannot be stored the
        oldest are given up, but never that of a write that was sent (`is_sent`); the log has all of them.
        """
        if len(self._waiting) >= _KEPT_IN_MEMORY:
            oldest = next((each for each in self._waiting if not each.is_sent), None)
            if oldest is not None:
                self._waiting.remove(oldest)
        self._waiting.append(_Waiting(at, canonical(record).decode(), is_read, is_sent))
        try:
            await self.flush()
        except CallError:
            log.exception("audit record not stored yet", extra={"record": record})
            raise

    async def flush(self) -> None:
        """Store whatever is waiting, in order; what comes while others are stored is stored together."""
        if self._round is None:
            self._round = asyncio.create_task(self._store_waiting())
            self._round.add_done_callback(_heard)
        await asyncio.shield(self._round)

    async def _store_waiting(self) -> None:
        async with self._turn:
            self._round = None
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not batch:
                return
            try:
                is_relaxed = all(each.is_relaxed for each in batch)
                await self._database.write(lambda tx: _append(tx, batch), is_relaxed=is_relaxed)
            except Unavailable:
                self._waiting.extendleft(reversed(batch))
                raise


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever waited may have gone; what failed then is no news, as it still waits to be stored."""
    _ = task.cancelled() or task.exception()


async def _append(tx: Tx, batch: Iterable[_Waiting]) -> None:
    fresh = [each for each in batch if not await _is_stored(tx, each)]
    rows = await tx.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
    last, previous = (int(rows[0][0]), str(rows[0][1])) if rows else (0, GENESIS)
    for seq, each in enumerate(fresh, last + 1):
        current = link(previous, each.record)
        each.tried = seq, current
        await tx.execute(
            "INSERT INTO audit (seq, at, record, prev_hash, hash) VALUES (?, ?, ?, ?, ?)",
            seq,
            each.at,
            each.record,
            previous,
            current,
        )
        previous = current


async def _is_stored(tx: Tx, each: _Waiting) -> bool:
    """Whether the earlier try was stored although its answer was lost."""
    return each.tried is not None and bool(
        await tx.execute("SELECT seq FROM audit WHERE seq = ? AND hash = ?", *each.tried)
    )


@dataclass(frozen=True)
class Verdict:
    """What `verify` found."""

    records: int
    head: str
    """Hash of the newest record; note it elsewhere to prove later that nothing before it changed."""
    broken_at: int | None = None
    """Sequence number of the first record that does not fit, or `None` when the chain is whole."""
    problem: str | None = None

    @property
    def is_whole(self) -> bool:
        """Every record follows from the one before it."""
        return self.broken_at is None


async def verify(database: Database, *, expected_head: str | None = None) -> Verdict:
    """Walk the whole chain; with `expected_head`, also prove that this hash is part of it."""
    previous, count, is_seen = GENESIS, 0, expected_head in (None, GENESIS)
    async for seq, at, record, prev_hash, stored in records(database):
        problem = None
        if seq != count + 1:
            problem = f"record {count + 1} is missing"
        elif prev_hash != previous:
            problem = "does not follow the record before it"
        elif link(previous, record) != stored:
            problem = "was changed after it was written"
        elif orjson.loads(record).get("at") != at:
            problem = "has another time than it was written with"
        if problem:
            return Verdict(count, previous, seq, problem)
        previous, count = stored, count + 1
        is_seen = is_seen or stored == expected_head
    if not is_seen:
        return Verdict(
            count, previous, count + 1, "the expected hash is not in the chain: records were removed"
        )
    return Verdict(count, previous)


async def records(database: Database, *, after: int = 0) -> AsyncIterator[tuple[int, str, str, str, str]]:
    """All records behind `after` in order: (seq, at, record, prev_hash, hash)."""
    while True:
        rows = await database.read(
            "SELECT seq, at, record, prev_hash, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
            after,
            _PAGE,
        )
        for seq, at, record, prev_hash, current in rows:
            yield int(seq), str(at), str(record), str(prev_hash), str(current)
            after = int(seq)
        if len(rows) < _PAGE:
            return
