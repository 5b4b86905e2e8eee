"""`Worker`: does what is due in the background, each piece in one process at a time, until it is over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import CallError
from wirepost.core.ids import new_id
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line
from wirepost.store.queue import WORK
from wirepost.store.signals import wait
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Row, Value
    from wirepost.store.signals import Signals

LOOK_EVERY_S = 1.0
"""The net below the signals, where other processes may put work."""
LEASE_S = 60.0
AT_ONCE = 8
MAX_ATTEMPTS = 12
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 3600.0
"""Between attempts: twice as long each time, give or take a fifth."""
STOP_S = 5.0
"""So long work may go on once the worker is to stop."""
AFTER_FAULT_S = 5.0

_CLAIM = (
    "UPDATE work SET attempt = attempt + 1, holder = ?, due_at = ? WHERE (kind, key) IN "
    "(SELECT kind, key FROM work WHERE state = 'waiting' AND due_at <= ? AND kind IN ({marks}) "
    "ORDER BY due_at LIMIT ?) RETURNING kind, key, details, attempt, every_s"
)
_NEXT = "SELECT min(due_at) FROM work WHERE state = 'waiting' AND kind IN ({marks}) LIMIT 1"
_MINE = "kind = ? AND key = ? AND holder = ? AND attempt = ?"
_HOLD = f"UPDATE work SET due_at = ? WHERE {_MINE} RETURNING kind"  # noqa: S608 - our own words
_DONE = f"DELETE FROM work WHERE {_MINE}"  # noqa: S608 - our own words
_COMES_AGAIN = f"UPDATE work SET due_at = ?, attempt = 0, holder = NULL, reason = NULL WHERE {_MINE}"  # noqa: S608 - our own words
_FAILED = f"UPDATE work SET state = ?, due_at = ?, holder = NULL, reason = ? WHERE {_MINE}"  # noqa: S608 - our own words
_GIVE_BACK = f"UPDATE work SET due_at = ?, attempt = attempt - 1, holder = NULL WHERE {_MINE}"  # noqa: S608 - our own words

log = logging.getLogger(__name__)


class RetryLater(Exception):
    """A piece of work that cannot be done yet; says when to try again, and why."""

    def __init__(self, delay_s: float, reason: str) -> None:
        self.delay_s, self.reason = delay_s, reason
        super().__init__(reason)


class ComeAgain(Exception):
    """A piece of work that went well and is to be done once more after so many seconds."""

    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        super().__init__(f"again in {delay_s:g} s")


class GiveUp(Exception):
    """A piece of work that no further attempt would do; the message says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt at a piece of work."""

    kind: str
    key: str
    details: dict[str, Any]
    attempt: int
    every_s: float | None


Handler = Callable[[Job], Awaitable[None]]
"""Does one piece of work; what it did before may come again, so it must be able to do it twice.

Raises `ComeAgain`, `RetryLater` or `GiveUp`; any other error is tried again after a pause.
"""


class Worker:
    """Claims work of the kinds it has handlers for; what another process holds is not touched."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        signals: Signals,
        clock: Clock,
        *,
        rng: Random | None = None,
        stop_s: float = STOP_S,
    ) -> None:
        self._database, self._handlers, self._signals, self._clock = database, handlers, signals, clock
        self._rng, self._stop_s = rng or SystemRandom(), stop_s
        self._holder = new_id("wrk")
        self._running: dict[asyncio.Task[None], Job] = {}
        self._marks = placeholders(handlers)

    async def run(self) -> None:
        """Work until this is cancelled; what runs then may end, for a while, and the rest is given back."""
        holding = asyncio.create_task(self._keep_holding(), name="wirepost work leases")
        try:
            while True:
                put = self._signals.listen(WORK)
                try:
                    pause_s = await self._step()
                except Exception:
                    log.exception("work could not be looked for; next try in %g s", AFTER_FAULT_S)
                    pause_s = AFTER_FAULT_S
                await wait(put, self._clock, pause_s)
        finally:
            holding.cancel()
            await self._stop()

    async def _step(self) -> float:
        """Begin what is due; returns the seconds until there may be more."""
        room = AT_ONCE - len(self._running)
        due = await self._next_due()
        now = self._now
        if room <= 0 or due is None:
            return LOOK_EVERY_S
        if due > now:
            return min(due - now, LOOK_EVERY_S)
        sql = _CLAIM.format(marks=self._marks)
        claim: tuple[Value, ...] = (self._holder, now + LEASE_S, now, *self._handlers, room)
        for row in await self._database.write(lambda tx: tx.execute(sql, *claim)):
            self._begin(row)
        return 0.0 if len(self._running) < AT_ONCE else LOOK_EVERY_S

    def _begin(self, row: Row) -> None:
        kind, key, details, attempt, every_s = row
        job = Job(kind, key, orjson.loads(details), attempt, every_s)
        task = asyncio.create_task(self._do(job), name=f"wirepost {kind} {key}")
        self._running[task] = job
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._signals.tell(WORK)  # there is room for the next

    async def _do(self, job: Job) -> None:
        try:
            await self._attempt(job)
        except Exception:
            log.exception("the end of %s %s could not be noted; it comes again", job.kind, job.key)

    async def _attempt(self, job: Job) -> None:
        try:
            await self._handlers[job.kind](job)
        except ComeAgain as again:
            await self._write(_COMES_AGAIN, job, self._now + again.delay_s)
        except RetryLater as later:
            await self._failed(job, later.reason, later.delay_s)
        except GiveUp as end:
            await self._failed(job, str(end), None)
        except CallError as error:
            await self._failed(job, str(error), error.retry_after_s or self._pause_s(job))
        except Exception as error:
            log.exception("%s %s failed in attempt %d", job.kind, job.key, job.attempt)
            await self._failed(job, f"unexpected fault ({type(error).__name__})", self._pause_s(job))
        else:
            await self._done(job)

    async def _done(self, job: Job) -> None:
        if job.every_s is None:
            await self._write(_DONE, job)
        else:
            await self._write(_COMES_AGAIN, job, self._now + job.every_s)

    async def _failed(self, job: Job, reason: str, delay_s: float | None) -> None:
        """Try again later; `None`, or too many attempts: never, except for what comes again in any case."""
        is_over = delay_s is None or job.attempt >= MAX_ATTEMPTS
        told = clean_line(SECRETS.text(reason), 300)
        if is_over and job.every_s is None:
            log.warning("%s %s was given up after attempt %d: %s", job.kind, job.key, job.attempt, told)
            await self._write(_FAILED, job, "dead", self._now, told)
            return
        pause_s = job.every_s if is_over else delay_s
        await self._write(_FAILED, job, "waiting", self._now + (pause_s or 0.0), told)

    def _pause_s(self, job: Job) -> float:
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (job.attempt - 1), LONGEST_PAUSE_S)
        return pause_s * self._rng.uniform(0.8, 1.2)

    async def _write(self, sql: str, job: Job, *values: Value) -> bool:
        mine = (job.kind, job.key, self._holder, job.attempt)
        return bool(await self._database.write(lambda tx: tx.execute(sql, *values, *mine)))

    async def _next_due(self) -> float | None:
        if not self._handlers:
            return None
        rows = await self._database.read(_NEXT.format(marks=self._marks), *self._handlers)
        due: float | None = rows[0][0]
        return due

    async def _keep_holding(self) -> None:
        """Renew what runs long; what somebody else has taken meanwhile is stopped here."""
        while True:
            await self._clock.sleep(LEASE_S / 3)
            for task, job in list(self._running.items()):
                try:
                    is_held = await self._write(_HOLD, job, self._now + LEASE_S)
                except CallError:
                    log.warning("the lease of %s %s could not be renewed", job.kind, job.key)
                    continue
                if not is_held:
                    task.cancel()

    async def _stop(self) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=self._stop_s)
        left = dict(self._running)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for job in left.values():
            try:
                await self._write(_GIVE_BACK, job, self._now)
            except CallError:
                log.warning("%s %s could not be given back; its lease ends by itself", job.kind, job.key)

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()
