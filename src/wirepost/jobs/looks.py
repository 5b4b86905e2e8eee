"""`Looks`: what a kind of job needs to look at one of its jobs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from wirepost.contracts.jobs import JobKind, Look, Report
from wirepost.core.errors import InvalidCall, NotConnected

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection, Connections
    from wirepost.core.clock import Clock
    from wirepost.jobs.job import Job
    from wirepost.upstream.scope import Scope

Reports = Callable[[str, str], Awaitable[Sequence[Report]]]
"""Connection and subject of events → what was received about it from there, oldest first."""


async def no_reports(connection: str, subject: str) -> Sequence[Report]:  # noqa: ARG001 - the words of `Reports`
    """Where no events are received."""
    return ()


class Looks:
    """Finds kinds, and opens their providers with the access of a job's owner."""

    def __init__(self, connections: Connections, clock: Clock, reports: Reports = no_reports) -> None:
        self._connections, self._clock, self.reports = connections, clock, reports

    def kinds(self, connection: str) -> dict[str, JobKind[Any]]:
        """Name → kind of all that runs at a connection's provider."""
        found = self._connections.by_name.get(connection)
        load = found.provider.load_jobs if found else None
        return {each.name: each for each in load()} if load else {}

    def kind(self, job: Job) -> JobKind[Any]:
        """How a job is followed; raises `CallError` where its connection is not configured any more."""
        self.connection(job.connection)
        kind = self.kinds(job.connection).get(job.kind)
        if kind is None:
            raise InvalidCall(
                "unsupported_by_provider", f"{job.connection} has no jobs of the kind {job.kind}"
            )
        return kind

    async def open(self, job: Job, scope: Scope) -> Look[Any]:
        """What its kind is given; raises `CallError`."""
        access = await self.connection(job.connection).access(job.owner)
        return Look(
            api=access.client(scope),
            job=job.facts,
            now=self._clock.now(),
            reports=partial(self.reports, job.connection),
        )

    def connection(self, name: str) -> Connection:
        """The connection of a job; raises `NotConnected`."""
        found = self._connections.by_name.get(name)
        if found is None:
            raise NotConnected(
                "not_connected",
                f"The connection {name[:60]!r} does not exist",
                hint="connection_list names those that do",
            )
        return found
