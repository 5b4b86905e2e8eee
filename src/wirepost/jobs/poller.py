"""`Poller`: looks at jobs of providers until they have ended, and copies their results before they end here.

One process at a time looks at a job, as one holds its work. Each step may be repeated: a result is copied
into a file of its own, which counts once the job that names it is stored, and the end is told after that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, TypeVar

from wirepost.core.errors import CallError, Internal, Unavailable
from wirepost.core.text import clean_line
from wirepost.jobs.jobs import LOOK
from wirepost.jobs.results import Examine, kept_as_file
from wirepost.store.worker import AT_ONCE, ComeAgain
from wirepost.tools.jobs import TERMINAL, JobStatus
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind, Seen
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.jobs.looks import Looks
    from wirepost.store.worker import Handler
    from wirepost.store.worker import Job as Attempt

LOOK_S = 60.0
"""So long one look may take."""
COPY_S = 900.0
"""So long the copy of a result may take."""
COPIES_AT_ONCE, ROOM_S = AT_ONCE // 2, 10.0
"""So many copies are made at once, as the worker has short work too; others look for room after so long."""
GROWTH, JITTER = 1.6, 0.2
"""Between two looks: longer each time, give or take a fifth."""
SHORTEST_POLL_S = 1.0
RETRY_S = 10.0
"""After what this server could not store."""
WORTH_A_WARNING = 5
"""So many looks that failed one after the other."""
MISSING_S = 3600.0
"""So long a provider may not know a job before it has failed."""
GRACE_S = 600.0
"""So long after the time for it a provider may need to say itself that a job has expired."""
FOLLOWED_S = 40 * 86_400.0
"""Longer than any provider keeps a job."""
COPIES, COPY_POLL_S, LONGEST_COPY_POLL_S = 20, 2.0, 3600.0
"""So often a copy is tried, and how long is waited after the first and at most."""
_FAILED_COPIES = "failed_copies"
"""The detail that counts them: looks that failed, as in an outage, take none of these tries."""
_FAILING = "Looks at its provider fail"
_COPYING = "Its result could not be copied yet"

T = TypeVar("T")
log = logging.getLogger(__name__)


def _unexamined(job: Job) -> None:
    """Rows are passed on as they are."""
    del job


class Poller:
    """Carries out the work `LOOK`."""

    def __init__(
        self, jobs: Jobs, files: Files, looks: Looks, clock: Clock, *, rng: Random | None = None
    ) -> None:
        self._jobs, self._files, self._looks, self._clock = jobs, files, looks, clock
        self._rng = rng or SystemRandom()
        self._copies = 0
        """That are made now."""
        self.examination: Callable[[Job], Examine | None] = _unexamined
        """How the rows of a job's result are examined while they are copied, if at all."""

    @property
    def work(self) -> dict[str, Handler]:
        """What a worker does for it."""
        return {LOOK: self.look}

    async def look(self, item: Attempt) -> None:
        """One look; the end is told by the last one."""
        try:
            await self._look(item.key)
        except CallError as error:  # of our own store: a job is never given up for that
            log.warning("%s is looked at later: %s", item.key, error)
            raise ComeAgain(error.retry_after_s or RETRY_S) from None

    async def _look(self, job_id: str) -> None:
        job = await self._jobs.get(job_id)
        if job is None:
            return
        if not job.is_over:
            job = await self._step(job)
        await self._jobs.told_end(job)

    async def _step(self, job: Job) -> Job:
        """The job where it has ended; otherwise raises `ComeAgain`."""
        values = self._here(job) if job.is_local else await self._there(job)
        new = await self._jobs.change(job, **values)
        if new is None:  # it was changed while it was looked at
            if values.get("file"):
                await self._files.delete(values["file"])
            raise ComeAgain(0.0)
        if new.is_over:
            return new
        raise ComeAgain(self._pause_s(new))

    def _here(self, job: Job) -> dict[str, Any]:
        """What waits here for a person ends when its time is over."""
        if not job.status.startswith("waiting_"):
            raise ComeAgain(LOOK_S)
        left_s = (job.expires_at or 0.0) - self._now
        if left_s > 0:
            raise ComeAgain(left_s)
        return {"status": "expired"}

    async def _there(self, job: Job) -> dict[str, Any]:
        """What a look at the provider changes."""
        try:
            kind = self._looks.kind(job)
            seen = await _within(LOOK_S, job, self._seen(job, kind))
        except CallError as error:
            return self._missed(job, error)
        values = self._shown(job, kind, seen)
        if seen.status in {"succeeded", "partial"}:
            told = {"usage": values["usage"]} if "usage" in values else {}
            values |= await self._copied(job, kind, seen) | told
        return values

    async def _seen(self, job: Job, kind: JobKind[Any]) -> Seen:
        return await kind.look(await self._looks.open(job, self._scope(LOOK_S)))

    def _shown(self, job: Job, kind: JobKind[Any], seen: Seen) -> dict[str, Any]:
        """What the provider says of it, in our words."""
        expires_at = seen.expires_at.timestamp() if seen.expires_at else job.expires_at
        values: dict[str, Any] = {
            "status": self._status(job, seen, expires_at),
            "provider_status": seen.provider_status,
            "done": job.done if seen.done is None else seen.done,
            "total": job.total if seen.total is None else seen.total,
            "details": {**job.details, **seen.details},
            "warnings": tuple(dict.fromkeys((*_without(job, _FAILING), *seen.warnings))),
            "poll_after_s": self._next_poll_s(job, kind.longest_poll_s, seen.poll_after_s),
            "failed_looks": 0,
            "missing_since": None,
            "expires_at": expires_at,
        }
        if seen.usage is not None:
            values["usage"] = seen.usage.model_dump(exclude_none=True)
        if seen.error is not None:
            values["error"] = {"code": seen.error.code, "message": seen.error.message}
        return values

    def _status(self, job: Job, seen: Seen, expires_at: float | None) -> JobStatus:
        if seen.status in TERMINAL:
            return seen.status
        if expires_at is not None and self._now > expires_at + GRACE_S:
            return "expired"
        if self._now > job.created_at + FOLLOWED_S:
            return "expired"
        return "cancelling" if job.status == "cancelling" else seen.status

    async def _copied(self, job: Job, kind: JobKind[Any], seen: Seen) -> dict[str, Any]:
        """The result as a file; until there is one the job goes on, as its provider still has the result."""
        if kind.results is not None and self._copies >= COPIES_AT_ONCE:
            return {"status": "running", "poll_after_s": ROOM_S}
        warnings = _without(job, _FAILING, _COPYING)
        known = replace(job, details={**job.details, **seen.details})
        try:
            kept = await _within(COPY_S, job, self._copy(known, kind, seen.status))
        except CallError as error:
            return self._not_copied(known, kind, error, warnings)
        told = (*warnings, *seen.warnings, *kept.pop("warnings", ()))
        return {"warnings": tuple(dict.fromkeys(told)), **kept}

    async def _copy(self, job: Job, kind: JobKind[Any], status: JobStatus) -> dict[str, Any]:
        if kind.results is None:
            return {}
        self._copies += 1
        try:
            look = await self._looks.open(job, self._scope(COPY_S))
            rows = kind.results(look)
            return await kept_as_file(self._files, job, rows, status, self.examination(job))
        finally:
            self._copies -= 1

    def _not_copied(
        self, job: Job, kind: JobKind[Any], error: CallError, warnings: list[str]
    ) -> dict[str, Any]:
        failures = job.details.get(_FAILED_COPIES, 0) + 1
        if failures >= COPIES or error.code == "not_found":
            told = f"It has ended well, but its result could not be copied: {error.message}"
            return {"error": {"code": error.code, "message": told}, "warnings": tuple(warnings)}
        log.warning("the result of %s could not be copied yet: %s", job.id, error)
        pause_s = COPY_POLL_S
        if not kind.forgets_early:
            pause_s = min(COPY_POLL_S * GROWTH**failures, LONGEST_COPY_POLL_S)
        return {
            "status": "running",
            "details": {**job.details, _FAILED_COPIES: failures},
            "poll_after_s": pause_s,
            "warnings": (*warnings, f"{_COPYING}: {error.code}: {clean_line(error.message, 200)}"),
        }

    def _missed(self, job: Job, error: CallError) -> dict[str, Any]:
        """What a look changes that has shown nothing."""
        values: dict[str, Any] = {"poll_after_s": self._next_poll_s(job, LOOK_S, error.retry_after_s)}
        if error.code == "not_found":
            return values | self._unknown(job)
        log.warning("%s could not be looked at: %s", job.id, error)
        failures = values["failed_looks"] = job.failed_looks + 1
        if failures >= WORTH_A_WARNING:
            told = f"{_FAILING} ({failures} so far): {error.code}: {clean_line(error.message, 200)}"
            values["warnings"] = (*_without(job, _FAILING), told)
        if self._now > job.created_at + FOLLOWED_S:
            values |= {"status": "expired", "error": {"code": error.code, "message": error.message}}
        return values

    def _unknown(self, job: Job) -> dict[str, Any]:
        since = job.missing_since or self._now
        if self._now - since < MISSING_S:
            return {"status": "unknown", "missing_since": since}
        told = "The provider has not known this job for an hour"
        return {"status": "failed", "error": {"code": "not_found", "message": told}}

    def _next_poll_s(self, job: Job, longest_s: float, hint_s: float | None) -> float:
        if hint_s is not None:
            return max(hint_s, SHORTEST_POLL_S)
        return max(min(job.poll_after_s * GROWTH, longest_s), SHORTEST_POLL_S)

    def _pause_s(self, job: Job) -> float:
        """Until the next look; there is one when the job expires, too."""
        pause_s = job.poll_after_s * self._rng.uniform(1 - JITTER, 1 + JITTER)
        left_s = (job.expires_at or 0.0) - self._now
        return min(pause_s, left_s) if left_s > 0 else pause_s

    def _scope(self, seconds: float) -> Scope:
        return Scope(self._clock.monotonic() + seconds, interactive=False)

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


def _without(job: Job, *beginnings: str) -> list[str]:
    return [each for each in job.warnings if not each.startswith(beginnings)]


async def _within(seconds: float, job: Job, work: Coroutine[Any, Any, T]) -> T:
    """Its result; whatever goes wrong is a `CallError`, so that no fault of one kind loses a job."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except CallError:
        raise
    except TimeoutError:
        raise Unavailable("timeout", f"The provider did not answer within {seconds:g} s") from None
    except Exception as error:
        log.exception("looking at %s failed", job.id)
        told = f"An unexpected fault ({type(error).__name__}); the server's log has more"
        raise Internal("internal", told) from None
