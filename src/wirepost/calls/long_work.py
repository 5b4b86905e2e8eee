"""`LongWork`: everything that outlives a call, made once for an application or a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.calls.approvals import Approvals
from wirepost.calls.approvers import Approvers
from wirepost.calls.audit import Audit
from wirepost.calls.closing import Closing
from wirepost.calls.outlive import Outliving
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.jobs.looks import Looks
from wirepost.jobs.poller import Poller
from wirepost.store.signals import Signals

if TYPE_CHECKING:
    from wirepost.calls.owner import Owner
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.settings import Settings
    from wirepost.store.database import Database
    from wirepost.store.worker import Handler


@dataclass(frozen=True, eq=False)
class LongWork:
    """Jobs, their results, and what waits for a person."""

    signals: Signals
    jobs: Jobs
    files: Files
    looks: Looks
    poller: Poller
    outliving: Outliving
    approvals: Approvals
    closing: Closing
    approvers: Approvers | None = None
    """Those who are asked in a chat, where that is configured."""

    @property
    def work(self) -> Mapping[str, Handler]:
        """What a worker does for it."""
        asking = self.approvers.work if self.approvers else {}
        ended = self.closing.work
        return {**self.poller.work, **self.outliving.work, **self.approvals.work, **ended, **asking}


def long_work(
    settings: Settings, database: Database, connections: Connections, owner: Owner, clock: Clock
) -> LongWork:
    """That of a configuration."""
    signals, kept = Signals(), settings.jobs
    files = Files(database, clock, max_mb=kept.max_result_mb, keep_days=kept.keep_days)
    jobs = Jobs(database, signals, clock, files, keep_days=kept.keep_days)
    looks = Looks(connections, clock)
    audit = Audit(database)
    approvals, asked = Approvals(jobs, clock, settings.approvals.life_s), settings.approvals.slack
    approvers = None
    if asked is not None:
        chat = connections.by_name[asked.connection]
        approvers = Approvers(asked, chat, approvals, jobs, files, database, signals, clock, audit)
        approvers.listen()
    return LongWork(
        signals=signals,
        jobs=jobs,
        files=files,
        looks=looks,
        poller=Poller(jobs, files, looks, clock),
        outliving=Outliving(jobs, owner, clock),
        approvals=approvals,
        closing=Closing(jobs, looks, audit, database=database, signals=signals, clock=clock),
        approvers=approvers,
    )
