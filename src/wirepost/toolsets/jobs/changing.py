"""Tools that change what becomes of jobs: end them, follow those of others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.jobs.job import JobView, view
from wirepost.tools.context import Call
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.jobs.desk import JobDesk
from wirepost.toolsets.jobs.reading import JobId


class CancelledJob(JobView):
    """A job that was to end."""

    cancel_supported: bool = Field(description="false: whoever carries it out cannot stop it")


@tool(
    Risk.WRITE,
    title="Cancel a job",
    example={"job": "job_01kaxyz0000000000000"},
    long_help="""What waits for a person is withdrawn. A provider may take a while (cancelling), may finish
    all the same, and may have partial results (partial).""",
)
async def job_cancel(call: Call[JobDesk], *, job: JobId) -> CancelledJob:
    """Ask for the end of a job; its status becomes cancelling, and cancelled once its provider says so."""
    found = await call.api.find(job)
    is_supported = True
    if found.is_over:
        call.warn(f"It has ended already: {found.status}")
    elif found.status != "cancelling":
        found, is_supported = await call.api.cancel(found)
        if not is_supported:
            call.warn("It cannot be cancelled; leave its result alone instead")
    return CancelledJob(**view(found).model_dump(), cancel_supported=is_supported)


@tool(
    Risk.WRITE,
    title="Follow a job that was started elsewhere",
    example={"connection": "openai-sandbox", "kind": "openai.batch", "provider_job_id": "batch_abc123"},
)
async def job_track(
    call: Call[JobDesk],
    *,
    connection: Annotated[str, Field(max_length=80)],
    kind: Annotated[str, Field(max_length=80, description="Such as openai.batch")],
    provider_job_id: Annotated[str, Field(min_length=1, max_length=300)],
) -> JobView:
    """Follow a job that was started at a provider by somebody else; it is then one of yours."""
    return view(await call.api.track(connection, kind, provider_job_id))


@job_cancel.reconcile
async def find_cancelled(call: Call[JobDesk], *, job: JobId) -> CancelledJob | None:
    """Whether an earlier attempt has asked for its end, as far as its status shows."""
    found = await call.api.find(job)
    is_ending = found.status in {"cancelling", "cancelled"}
    return CancelledJob(**view(found).model_dump(), cancel_supported=True) if is_ending else None


@job_track.reconcile
async def find_tracked(
    call: Call[JobDesk],
    *,
    connection: Annotated[str, Field(max_length=80)],
    kind: Annotated[str, Field(max_length=80, description="Such as openai.batch")],
    provider_job_id: Annotated[str, Field(min_length=1, max_length=300)],
) -> JobView:
    """Following a job again is following it once."""
    return view(await call.api.track(connection, kind, provider_job_id))
