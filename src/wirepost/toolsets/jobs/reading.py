"""Tools that read jobs: how they stand, and what they have brought."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from wirepost.core import times
from wirepost.core.errors import Rejected
from wirepost.core.times import from_epoch
from wirepost.jobs.job import Job, JobView, view
from wirepost.tools.context import Call
from wirepost.tools.jobs import JobStatus
from wirepost.tools.results import Page, Result, UntrustedMark
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.jobs.desk import JobDesk

REPORT_EVERY_S = 10.0
"""A client that sees progress does not give up."""

JobId = Annotated[str, Field(max_length=80, description="From the answer that started it, or job_list")]


class JobRow(Result):
    """One row of a result."""

    number: int = Field(description="From 1")
    row: Annotated[dict[str, Any], UntrustedMark()]


@tool(
    Risk.READ,
    title="Get a job",
    example={"job": "job_01kaxyz0000000000000"},
    long_help="""queued, running, waiting_input, waiting_approval, cancelling and unknown go on; succeeded,
    partial, failed, cancelled and expired are final. Ask again after poll_after_s, or let wait_s do the
    waiting. unknown: the provider does not know the job (yet).""",
)
async def job_get(
    call: Call[JobDesk],
    *,
    job: JobId,
    wait_s: Annotated[float, Field(ge=0, le=40, description="Wait so long for another status")] = 0,
) -> JobView:
    """Show how a job stands. When result_available is true, job_get_result has its result."""
    found = await call.api.find(job)
    return view(await _waited(call, found, wait_s))


@tool(Risk.READ, title="List jobs", example={"status": "running"})
async def job_list(
    call: Call[JobDesk],
    *,
    status: JobStatus | None = None,
    kind: Annotated[str | None, Field(max_length=80, description="Such as openai.batch")] = None,
    since: Annotated[str | None, Field(description="Started since: RFC 3339 or such as -7d")] = None,
) -> Page[JobView]:
    """List your jobs, newest first."""
    started = times.parse(since, now=call.now, path="since").timestamp() if since else None
    found = await call.api.jobs.page(
        call.api.caller,
        status=status,
        kind=kind,
        since=started,
        before=_place(call.position) if call.position else None,
        limit=call.limit + 1,
    )
    shown = found[: call.limit]
    return Page(
        [view(each) for each in shown],
        has_more=len(found) > len(shown),
        after=[f"{each.created_at!r}/{each.id}" for each in shown],
    )


@tool(
    Risk.READ,
    title="Get the result of a job",
    example={"job": "job_01kaxyz0000000000000"},
    long_help="""meta.file names the whole result as file_ref, which other tools take, with its rows, size and
    SHA-256; `wirepost jobs result` writes it to a file. What a row holds comes from outside.""",
)
async def job_get_result(
    call: Call[JobDesk],
    *,
    job: JobId,
    fields: Annotated[list[str] | None, Field(description="Names in the rows; without it: all")] = None,
) -> Page[JobRow]:
    """Read what a job has brought, row by row."""
    desk = call.api
    found = await desk.find(job)
    if found.file is None:
        raise _no_result(found)
    for told in (*found.warnings, *([found.error["message"]] if found.error else [])):
        call.warn(told)
    file = await desk.files.get(found.file, desk.caller)
    call.note(
        "file",
        {
            "ref": file.id,
            "rows": file.rows,
            "size": file.size,
            "sha256": file.sha256,
            "expires_at": from_epoch(file.expires_at),
        },
    )
    first = int(call.position or 0)
    rows = await desk.files.page(file, first, call.limit)
    return Page(
        [JobRow(number=first + at + 1, row=_chosen(row, fields)) for at, row in enumerate(rows)],
        has_more=first + len(rows) < file.rows,
        after=[str(first + at + 1) for at in range(len(rows))],
        total=file.rows,
        total_is="exact",
    )


async def _waited(call: Call[JobDesk], job: Job, wait_s: float) -> Job:
    """The job once its status is another one, or after that time."""
    now, waited_s = job, 0.0
    while not now.is_over and now.status == job.status and waited_s < wait_s:
        slice_s = min(REPORT_EVERY_S, wait_s - waited_s)
        now = await call.api.jobs.wait(now, slice_s)
        waited_s += slice_s
        if waited_s < wait_s and now.status == job.status:
            await call.report(waited_s, wait_s, "Waiting for the job")
    return now


def _no_result(job: Job) -> Rejected:
    if not job.is_over:
        told, hint = f"The job is {job.status}; there is no result yet", "job_get with wait_s waits for it"
    else:
        told, hint = f"The job is {job.status} and has no result", "job_get tells why"
    return Rejected("not_found", told, hint=hint)


def _chosen(row: Mapping[str, Any], fields: list[str] | None) -> dict[str, Any]:
    return {name: value for name, value in row.items() if fields is None or name in fields}


def _place(position: str) -> tuple[float, str]:
    created_at, _, job = position.partition("/")
    return float(created_at), job
