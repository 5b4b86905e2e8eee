"""Tools about what waits for a person; nobody decides through a tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from wirepost.calls.approvals import KIND
from wirepost.core.errors import Rejected
from wirepost.core.text import clean_line
from wirepost.core.times import from_epoch
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result, Untrusted
from wirepost.tools.tool import Risk, tool

if TYPE_CHECKING:
    from wirepost.calls.caller import Caller
    from wirepost.jobs.job import Job
    from wirepost.jobs.jobs import Jobs

_STEP = 100
State = Literal["waiting", "approved", "denied", "expired", "withdrawn"]


@dataclass(frozen=True)
class ApprovalDesk:
    """What waits for a person, as far as one caller asked for it."""

    jobs: Jobs
    caller: Caller


class Decision(Result):
    """What a person said."""

    verdict: Literal["approve", "deny"]
    by: str
    at: str
    via: str
    note: Untrusted | None = None


class ApprovalLine(Result):
    """A call that waits, or waited, for a person."""

    approval: str = Field(description="Also the job that job_get follows")
    state: State
    tool: str
    connection: str | None = None
    plan: Untrusted | None = Field(default=None, description="What would be done")
    asked_at: str
    expires_at: str | None = None


class ApprovalFacts(ApprovalLine):
    """The same with all that is known."""

    rule: str | None = None
    reason: str | None = None
    effects: list[dict[str, Any]] | None = None
    reversible: bool | None = None
    decision: Decision | None = None
    status: str = Field(description="Of the job: what became of it since")


@tool(Risk.READ, title="List approvals", example={})
async def approval_list(
    call: Call[ApprovalDesk], *, status: Annotated[State | None, Field()] = None
) -> Page[ApprovalLine]:
    """List your calls that wait, or waited, for a person's approval, newest first."""
    desk = call.api
    found: list[Job] = []
    before = _place(call.position) if call.position else None
    while len(found) <= call.limit:
        jobs = await desk.jobs.page(desk.caller.id, kind=KIND, before=before, limit=_STEP)
        found += [each for each in jobs if status in {None, _state(each)}]
        if len(jobs) < _STEP:
            break
        before = (jobs[-1].created_at, jobs[-1].id)
    shown = found[: call.limit]
    return Page(
        [ApprovalLine(**_line(each)) for each in shown],
        has_more=len(found) > len(shown),
        after=[f"{each.created_at!r}/{each.id}" for each in shown],
    )


@tool(Risk.READ, title="Get an approval", example={"approval": "job_01kaxyz0000000000000"})
async def approval_get(
    call: Call[ApprovalDesk], *, approval: Annotated[str, Field(max_length=80)]
) -> ApprovalFacts:
    """Show one call that waits for a person: its plan, why it waits, and what was decided."""
    desk = call.api
    job = await desk.jobs.find(approval, desk.caller.id)
    if job.kind != KIND:
        raise Rejected(
            "not_found",
            f"You have no approval {clean_line(approval, 60)!r}",
            hint="approval_list names them",
        )
    details, plan = job.details, job.details.get("plan") or {}
    said = details.get("decided")
    return ApprovalFacts(
        **_line(job),
        rule=details.get("rule"),
        reason=details.get("reason"),
        effects=plan.get("effects"),
        reversible=plan.get("reversible"),
        decision=Decision(**said) if said else None,
        status=job.status,
    )


def _place(position: str) -> tuple[float, str]:
    created_at, _, job = position.partition("/")
    return float(created_at), job


def _line(job: Job) -> dict[str, Any]:
    plan = job.details.get("plan") or {}
    return {
        "approval": job.id,
        "state": _state(job),
        "tool": job.tool,
        "connection": job.connection or None,
        "plan": plan.get("plan"),
        "asked_at": from_epoch(job.created_at),
        "expires_at": from_epoch(job.expires_at),
    }


def _state(job: Job) -> State:
    said = (job.details.get("decided") or {}).get("verdict")
    if said is not None:
        return "approved" if said == "approve" else "denied"
    ended: dict[str, State] = {"expired": "expired", "cancelled": "withdrawn"}
    return ended.get(job.status, "waiting")
