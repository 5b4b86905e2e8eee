"""What the tools about jobs look at, for one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.calls.policy import Subject, refusal
from wirepost.core.errors import Rejected
from wirepost.jobs.steering import Steering

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.calls.decide import Judge
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs
    from wirepost.jobs.looks import Looks


@dataclass(frozen=True, eq=False)
class JobDesk:
    """Jobs as far as one caller may see them, and their providers as far as one call may use them."""

    jobs: Jobs
    files: Files
    looks: Looks
    judge: Judge
    attempt: Attempt
    clock: Clock

    @property
    def caller(self) -> str:
        """Whose jobs they are."""
        return self.attempt.caller.id

    async def find(self, job: str) -> Job:
        """A job of the caller; raises `Rejected`."""
        return await self.jobs.find(job, self.caller)

    async def cancel(self, job: Job) -> tuple[Job, bool]:
        """Ask for its end: the job as it is then, and whether it can be cancelled; raises `CallError`."""
        if not job.is_local:
            self._check_allowed(job.connection)
        return await self._steering.cancel(job, self.attempt.scope)

    async def track(self, connection: str, kind: str, provider_id: str) -> Job:
        """Follow a job that was started elsewhere; raises `CallError` where the provider has no such."""
        self._check_allowed(connection)
        return await self._steering.track(connection, kind, provider_id, self.caller, self.attempt.scope)

    @property
    def _steering(self) -> Steering:
        return Steering(self.jobs, self.looks, self.clock)

    def _check_allowed(self, name: str) -> None:
        """Refuse what the policy does not allow on a connection, by the same rules as any other call."""
        connection, tool = self.looks.connection(name), self.attempt.tool
        if tool is None:
            raise Rejected("not_found", "The tool is not known")
        decision = self.judge.explain(Subject(tool, name, connection.environment, self.caller))
        if decision.effect == "approve" and self.attempt.approved is not None:
            return
        if decision.effect != "allow":
            raise refusal(decision, tool.name)
