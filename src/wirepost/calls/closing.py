"""`Closing`: what stands at a provider about a job is brought up to date once the job is over.

Who asked may be gone by then, so it is work of its own: the server writes, on record, and may do it twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from wirepost.calls.approvers import OWNER
from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.core.times import to_rfc3339
from wirepost.store.queue import WORK, Task, put
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.calls.audit import Audit
    from wirepost.contracts.jobs import Look
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.jobs.looks import Looks
    from wirepost.store.database import Database, Tx
    from wirepost.store.signals import Signals
    from wirepost.store.worker import Handler
    from wirepost.store.worker import Job as WorkItem

CLOSE = "job.close"
REQUESTS_S = 60.0
"""So long closing one job may take."""

log = logging.getLogger(__name__)


class Closing:
    """Does it for jobs of the kinds that have a `close`; the server closes its own questions itself."""

    def __init__(
        self, jobs: Jobs, looks: Looks, audit: Audit, *, database: Database, signals: Signals, clock: Clock
    ) -> None:
        self._jobs, self._looks, self._audit = jobs, looks, audit
        self._database, self._signals, self._clock = database, signals, clock
        jobs.on_end.append(self._ended)

    @property
    def work(self) -> dict[str, Handler]:
        """What a worker does for it."""
        return {CLOSE: self._close}

    async def _ended(self, job: Job) -> None:
        kind = self._looks.kinds(job.connection).get(job.kind)
        if kind is None or kind.close is None or job.owner == OWNER:
            return
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> None:
            await put(tx, Task(CLOSE, job.id, now), now)

        await self._database.write(work)
        self._signals.tell(WORK)

    async def _close(self, item: WorkItem) -> None:
        """Raises what is worth another attempt; what a provider refuses stays as it is."""
        job = await self._jobs.get(item.key)
        if job is None:
            return
        try:
            kind, at = self._looks.kind(job), to_rfc3339(self._clock.now())
            close = kind.close or _nothing  # a kind may have lost it since
            look = await self._looks.open(job, self._scope())
            about = {"job": job.id, "status": job.status, "connection": job.connection}
            await self._audit.record(at, {"at": at, "event": "job.closed", **about})
            await close(look)
        except (InvalidCall, NotConnected, Rejected) as error:
            log.warning("what stands at the provider about %s stays as it is: %s", job.id, error)

    def _scope(self) -> Scope:
        deadline = self._clock.monotonic() + REQUESTS_S
        return Scope(deadline, interactive=False, before_write=_is_known)


async def _nothing(look: Look[Any]) -> None:
    """Nothing stands at the provider."""


async def _is_known() -> None:
    """The same written twice is the same, so no ledger needs to know."""
