"""What becomes of jobs and approvals, as events of our own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import CallError
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.calls.approvals import Approvals, Decided
    from wirepost.events.own import OwnEvents
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs

log = logging.getLogger(__name__)


def tell_of_jobs(own: OwnEvents, jobs: Jobs) -> None:
    """From now on the end of each is an event, once."""

    async def ended(job: Job) -> None:
        data = {"job": job.id, "kind": job.kind, "status": job.status, "connection": job.connection or None}
        told = f"The job {job.id} ({job.kind}) has ended: {job.status}"
        await own.record(
            "job.finished", f"job/{job.id}", told, key=job.id, environment=job.environment, data=data
        )

    jobs.on_end.append(ended)


def tell_of_approvals(own: OwnEvents, approvals: Approvals) -> None:
    """From now on each is an event; that nobody could be told undoes nothing."""

    async def asked(job: Job) -> None:
        plan = clean_line((job.details.get("plan") or {}).get("plan") or "", 200)
        told = f"{job.tool} waits for approval{': ' if plan else ''}{plan}"
        await record("approval.requested", job, told, rule=job.details.get("rule"))

    async def decided(job: Job, said: Decided) -> None:
        word = "approved" if said.verdict == "approve" else "denied"
        await record("approval.decided", job, f"{job.tool} was {word} by {said.by}", verdict=said.verdict)

    async def record(type_: str, job: Job, told: str, **more: Any) -> None:
        data = {"approval": job.id, "tool": job.tool, "connection": job.connection or None, **more}
        try:
            await own.record(type_, f"job/{job.id}", told, key=job.id, environment=job.environment, data=data)
        except CallError as error:
            log.warning("nobody was told of %s for %s: %s", type_, job.id, error)

    approvals.on_asked.append(asked)
    approvals.on_decided.append(decided)
