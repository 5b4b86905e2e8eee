"""Looks at jobs that are known only by how they started, without a store around them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from wirepost.contracts.jobs import JobFacts, JobKind, Look, Report
from wirepost.tools.jobs import JobStatus, Started


def look_by(
    api: Any,
    now: datetime,
    started: Started,
    *,
    status: JobStatus | None = None,
    heard: Sequence[Report] = (),
) -> Look[Any]:
    """One look; `heard` are the events about the job."""
    facts = JobFacts(
        id="job_1",
        kind=started.kind,
        provider_id=started.provider_id or "",
        details=started.details,
        status=status or started.status,
        owner="t",
        created_at=now,
        connection="shop",
    )

    async def reports(subject: str) -> Sequence[Report]:
        assert subject.endswith(f"/{facts.provider_id}"), "events are found by the name of the job"
        return heard

    return Look(api, facts, now, reports)


async def rows_of(kind: JobKind[Any], look: Look[Any]) -> list[dict[str, Any]]:
    """All rows of a result."""
    assert kind.results
    return [dict(row) async for row in kind.results(look)]
