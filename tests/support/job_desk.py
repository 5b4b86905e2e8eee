"""Tools about jobs, run as callers on a provider whose jobs go as a test says."""

from __future__ import annotations

from typing import Any

from support.far_jobs import FarJobs
from wirepost.calls.approvals import Approved
from wirepost.calls.attempt import Attempt
from wirepost.calls.caller import Caller
from wirepost.calls.confirm import Confirmations
from wirepost.calls.decide import Judge
from wirepost.calls.policy import Policy
from wirepost.calls.taint import Taints
from wirepost.core.clock import Clock
from wirepost.core.signing import Signer
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.jobs.looks import Looks
from wirepost.jobs.poller import Poller
from wirepost.settings import EventSettings, Rule
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as WorkItem
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.tool import AnyTool
from wirepost.toolsets.jobs.desk import JobDesk
from wirepost.upstream.scope import Scope


class JobDesks:
    """Runs tools about jobs as callers, without ledger, shape and audit; looks are done by hand."""

    def __init__(self, database: Database, clock: Clock, far: FarJobs, **kind: Any) -> None:
        self.database, self.clock = database, clock
        self.files = Files(database, clock, max_mb=1)
        self.jobs = Jobs(database, Signals(), clock, self.files)
        self.connections = far.connections(clock, **kind)
        self.looks = Looks(self.connections, clock)
        self.poller = Poller(self.jobs, self.files, self.looks, clock)
        self.rules: list[dict[str, Any]] = []
        self.approved: Approved | None = None
        self.reports: list[float] = []
        self.last: Call[JobDesk]

    async def start(self, owner: str = "anna", provider_id: str = "rep_1") -> str:
        """The id of a job that the provider has taken on."""
        given, opening = self.jobs.opening(
            Started("sample.report", provider_id),
            owner=owner,
            connection="sample",
            environment="sandbox",
            tool="sample_start_report",
            intent=f"int_{owner}_{provider_id}",
        )
        await self.database.write(opening)
        return given.job

    async def look(self, job: str) -> float | None:
        """One look: the pause until the next one, `None` after the last."""
        try:
            await self.poller.look(WorkItem("job.look", job, {}, 1, None))
        except ComeAgain as again:
            return again.delay_s
        return None

    async def run(self, tool: AnyTool, caller: str = "anna", **arguments: Any) -> Any:
        """What the tool answers; `limit` and `position` of pages go where they belong."""
        paging = {name: arguments.pop(name) for name in ("limit", "position") if name in arguments}
        deadline = self.clock.monotonic() + 45
        scope = Scope(deadline)
        if not tool.risk.is_read:
            scope.before_write = self._before_write
        attempt = Attempt(
            Caller(caller, None), tool.name, arguments, self._report, self.clock.now(), 0.0, deadline, scope
        )
        attempt.tool, attempt.approved = tool, self.approved
        policy = Policy([Rule.model_validate(rule) for rule in self.rules])
        taints = Taints(self.database, self.clock, EventSettings())
        judge = Judge(policy, Confirmations(Signer(b"s" * 32), 600), taints)
        desk = JobDesk(self.jobs, self.files, self.looks, judge, attempt, self.clock)
        self.last = Call(desk, caller, self.clock.now(), report=self._report, **paging)
        return await tool.operation(self.last, **arguments)

    async def _report(self, done: float, total: float | None, message: str | None) -> None:
        self.reports.append(done)

    async def _before_write(self) -> None:
        """The ledger knows."""
