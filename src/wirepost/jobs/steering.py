"""`Steering`: jobs at providers are ended before their time, and those that others started are followed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wirepost.core.errors import InvalidCall
from wirepost.jobs.job import Job, opened
from wirepost.jobs.jobs import LOOK
from wirepost.jobs.local import NOTHING
from wirepost.store.queue import Task
from wirepost.tools.jobs import Started

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.jobs.jobs import Jobs
    from wirepost.jobs.looks import Looks
    from wirepost.upstream.scope import Scope

_ID = re.compile(r"[\w.:=+@-]+(/[\w.:=+@-]+)*", re.ASCII)
"""An id as an address holds it: written in another way it would be another one here, and the same there."""


class Steering:
    """What is sent goes through the scope it is given, which must know of writes (`before_write`)."""

    def __init__(self, jobs: Jobs, looks: Looks, clock: Clock) -> None:
        self._jobs, self._looks, self._clock = jobs, looks, clock

    async def cancel(self, job: Job, scope: Scope) -> tuple[Job, bool]:
        """Ask for its end: the job as it is then, and whether it can be cancelled at all.

        What waits for a person is withdrawn; what runs here is stopped if it can be. Raises `CallError`
        where the provider refuses.
        """
        if job.is_local:
            is_possible = await self._stop(job)
            return await self._jobs.find(job.id, job.owner), is_possible
        kind = self._looks.kind(job)
        if kind.cancel is None:
            return job, False
        try:
            await kind.cancel(await self._looks.open(job, scope))
        except InvalidCall as error:
            if error.code == "unsupported_by_provider":  # here, though other jobs of the kind can be
                return job, False
            raise
        return await self._cancelling(job), True

    async def track(self, connection: str, kind: str, provider_id: str, owner: str, scope: Scope) -> Job:
        """Follow a job that was started elsewhere; raises `CallError` where the provider has no such."""
        environment, known = self._looks.connection(connection).environment, self._looks.kinds(connection)
        if kind not in known:
            raise InvalidCall(
                "invalid_arguments",
                f"{connection} has no jobs of the kind {kind[:60]!r}",
                fields=[{"path": "kind", "problem": "is unknown", "allowed": sorted(known)}],
            )
        if _ID.fullmatch(provider_id) is None:
            raise InvalidCall(
                "invalid_arguments",
                f"{provider_id[:60]!r} is no id of a job",
                fields=[{"path": "id", "problem": "has characters that ids do not have"}],
            )
        place = {"owner": owner, "connection": connection, "environment": environment}
        seen_as = opened(Started(kind, provider_id), **place, now=self._now)
        await known[kind].look(await self._looks.open(seen_as, scope))
        return await self._jobs.adopt(kind, **place, provider_id=provider_id)

    async def _stop(self, job: Job) -> bool:
        if job.status.startswith("waiting_"):
            # Not `finish`: what a person has decided in the same moment stays decided.
            end = Task(LOOK, job.id, self._now)
            return await self._jobs.change(job, status="cancelled", work=end) is not None
        stop = self._jobs.local.get(job.kind, NOTHING).stop
        return stop is not None and await stop(job)

    async def _cancelling(self, job: Job) -> Job:
        """Its provider has been asked; whatever a look changes meanwhile, it is looked at again."""
        while not job.is_over:
            work = Task(LOOK, job.id, self._now)
            changed = await self._jobs.change(job, status="cancelling", work=work)
            if changed is not None:
                return changed
            job = await self._jobs.find(job.id, job.owner)
        return job

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()
