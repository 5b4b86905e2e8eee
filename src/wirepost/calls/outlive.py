"""`Outliving`: a call that takes longer than its caller waits goes on as a job."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from wirepost.contracts.jobs import Problem
from wirepost.core.errors import CallError
from wirepost.jobs.local import LocalKind
from wirepost.store.queue import Task
from wirepost.store.worker import ComeAgain

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt, Outcome
    from wirepost.calls.owner import Owner
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.store.worker import Job as WorkItem
    from wirepost.tools.jobs import JobHandle

KIND = "call"
WATCH = "call.watch"
LOOK_EVERY_S = 60.0
STOPPED = Problem("timeout", "The server stopped before it had the answer; ask again")
_LOOKED_UP = "the identical call with the same intent is looked up first and cannot happen twice"
UNKNOWN = Problem("outcome_unknown", f"The server stopped before the end was known; {_LOOKED_UP}")
NOT_STORED = Problem("outcome_unknown", f"What it has brought could not be stored; {_LOOKED_UP}")

log = logging.getLogger(__name__)


class Outliving:
    """Keeps what became of such calls; where the process ends first, that is said instead."""

    def __init__(self, jobs: Jobs, owner: Owner, clock: Clock) -> None:
        self._jobs, self._owner, self._clock = jobs, owner, clock
        self._here: dict[str, tuple[Attempt, asyncio.Task[Outcome]]] = {}
        self._stopped: set[str] = set()
        """By their callers."""
        self._noting: set[asyncio.Task[None]] = set()
        jobs.local[KIND] = LocalKind(stop=self._stop)

    @property
    def work(self) -> dict[str, Any]:
        """What a worker does for it."""
        return {WATCH: self._watch}

    async def take(self, attempt: Attempt, running: asyncio.Task[Outcome]) -> JobHandle:
        """From now on it is a job; raises `Unavailable` where that cannot be noted."""
        tool = attempt.tool
        handle = await self._jobs.add_local(
            KIND,
            owner=attempt.caller.id,
            tool=attempt.name,
            connection=attempt.connection_name,
            environment=attempt.environment,
            status="running",
            details={"process": self._owner.id, "is_read": tool is not None and tool.risk.is_read},
            work=lambda job: Task(WATCH, job, self._clock.now().timestamp() + LOOK_EVERY_S),
        )
        self._here[handle.job] = attempt, running
        running.add_done_callback(lambda done: self._ended(handle.job, done))
        return handle

    def stop_reads(self) -> None:
        """The server stops: nobody gets what reads would bring, so they end; writes come to their end."""
        for attempt, running in self._here.values():
            if attempt.tool is None or attempt.tool.risk.is_read:
                running.cancel()

    async def close(self) -> None:
        """Note the ends of what has ended, also of what could not be noted before."""
        while self._noting:
            await asyncio.wait(self._noting)
        for job in list(self._here):
            await self._note_again(job)

    async def _stop(self, job: Job) -> bool:
        """A read stops; so does a write that was not sent yet."""
        attempt, running = self._here.get(job.id, (None, None))
        if attempt is None or running is None:
            return False
        if attempt.is_sent:
            return False
        attempt.is_cancelled = True
        if attempt.tool is None or not attempt.tool.risk.is_read:
            return True
        self._stopped.add(job.id)
        running.cancel()
        await asyncio.wait({running})
        await self.close()
        return True

    def _ended(self, job: str, done: asyncio.Task[Outcome]) -> None:
        note = asyncio.create_task(self._note(job, done))
        self._noting.add(note)
        note.add_done_callback(self._noting.discard)

    async def _note(self, job: str, done: asyncio.Task[Outcome]) -> None:
        """Where its end cannot be stored it stays here, and the next look notes it."""
        try:
            await self._finish(job, done)
        except CallError as error:
            log.warning("how %s ended could not be noted yet: %s", job, error)
            return
        self._here.pop(job, None)
        self._stopped.discard(job)

    async def _note_again(self, job: str) -> None:
        _, running = self._here.get(job, (None, None))
        if running is not None and running.done():
            await self._note(job, running)

    async def _finish(self, job: str, done: asyncio.Task[Outcome]) -> None:
        if done.cancelled() and job in self._stopped:
            await self._jobs.finish(job, "cancelled")
            return
        if done.cancelled():
            await self._jobs.finish(job, "failed", error=STOPPED)
            return
        try:
            await keep(self._jobs, job, done.result())
        except CallError:
            raise
        except Exception:  # another try would end in the same way
            log.exception("the outcome of %s cannot be stored", job)
            await self._jobs.finish(job, "failed", error=NOT_STORED)

    async def _watch(self, item: WorkItem) -> None:
        """Note what has ended here and could not be noted before; end what runs nowhere any more."""
        await self._note_again(item.key)
        try:
            await self._end_lost(item.key)
        except CallError as error:  # of our own store: a job is never given up for that
            log.warning("%s is looked at later: %s", item.key, error)
            raise ComeAgain(LOOK_EVERY_S) from None

    async def _end_lost(self, job_id: str) -> None:
        job = await self._jobs.get(job_id)
        if job is None or job.is_over:
            return
        if job.id in self._here or await self._owner.is_alive(job.details["process"]):
            raise ComeAgain(LOOK_EVERY_S)
        problem = STOPPED if job.details["is_read"] else UNKNOWN
        await self._jobs.finish(job.id, "failed", error=problem)


async def keep(jobs: Jobs, job: str, outcome: Outcome) -> None:
    """End a job with what a call has brought: records, one result, or an error."""
    error = outcome.envelope.get("error")
    if outcome.is_error and error is not None:
        await jobs.finish(job, "failed", error=Problem(error["code"], error["message"]))
        return
    data = outcome.envelope.get("data")
    records = data.get("records") if isinstance(data, dict) else None
    rows: list[dict[str, Any]] = records if isinstance(records, list) else [data or {}]
    await jobs.finish(job, "succeeded", rows=rows, warnings=outcome.envelope.get("warnings") or [])
