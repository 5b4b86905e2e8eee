"""Callers see what of theirs waits for a person, and what was decided; they cannot decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from wirepost.calls.approvals import Approvals, Decided
from wirepost.calls.caller import Caller
from wirepost.core.errors import Rejected
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.store.signals import Signals
from wirepost.tools.context import Call
from wirepost.tools.tool import tools_in
from wirepost.toolsets import approvals as toolset
from wirepost.toolsets.approvals import ApprovalDesk, approval_get, approval_list

PLAN = {
    "plan": "Refund 5.00 eur",
    "effects": [{"what": "Refundable", "before": "9.00", "after": "4.00"}],
    "reversible": False,
}


@pytest.fixture
def jobs(database, clock):
    return Jobs(database, Signals(), clock, Files(database, clock))


@pytest.fixture
def approvals(jobs, clock):
    return Approvals(jobs, clock, 3600)


@pytest.fixture
def ask(jobs, clock):
    """Let a call of a caller wait for a person."""

    async def ask(key: str = "k", owner: str = "anna", **details: Any) -> str:
        job, _ = await jobs.add_waiting(
            "approval",
            key=key,
            owner=owner,
            tool="stripe_create_refund",
            connection="shop",
            environment="test",
            expires_at=clock.now() + timedelta(hours=1),
            details={"arguments": {}, "plan": PLAN, "rule": "large", "reason": "Finance decides", **details},
        )
        clock.advance(1)
        return job.id

    return ask


@pytest.fixture
def run(jobs, clock):
    """Call a tool as a caller."""

    async def run(tool: Any, caller: str = "anna", **arguments: Any) -> Any:
        paging = {name: arguments.pop(name) for name in ("limit", "position") if name in arguments}
        call = Call(ApprovalDesk(jobs, Caller(caller)), caller, clock.now(), **paging)
        return await tool.operation(call, **arguments)

    return run


async def test_an_approval_says_what_would_be_done_and_why_it_waits(ask, run) -> None:
    approval = await ask()
    found = await run(approval_get, approval=approval)
    assert (found.state, found.status, found.decision) == ("waiting", "waiting_approval", None)
    assert (found.plan, found.effects, found.reversible) == ("Refund 5.00 eur", PLAN["effects"], False)
    assert (found.tool, found.connection) == ("stripe_create_refund", "shop")
    assert (found.rule, found.reason) == ("large", "Finance decides")
    assert (found.asked_at, found.expires_at) == ("2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z")


@pytest.mark.parametrize(
    ("verdict", "state", "status"), [("approve", "approved", "running"), ("deny", "denied", "failed")]
)
async def test_who_decided_what_and_why_is_told(  # noqa: PLR0917 - fixtures and cases
    ask, run, approvals, verdict, state, status
) -> None:
    approval = await ask()
    await approvals.decide(approval, Decided("rita", verdict, "page", "as agreed"))
    found = await run(approval_get, approval=approval)
    assert (found.state, found.status) == (state, status)
    said = found.decision
    assert (said.verdict, said.by, said.via, said.note) == (verdict, "rita", "page", "as agreed")
    assert said.at == "2026-11-25T10:00:01Z"


@pytest.mark.parametrize(("status", "state"), [("expired", "expired"), ("cancelled", "withdrawn")])
async def test_what_ended_without_a_word_says_how(ask, run, jobs, status, state) -> None:
    approval = await ask()
    await jobs.finish(approval, status)
    assert (await run(approval_get, approval=approval)).state == state


async def test_a_tool_without_a_preview_has_no_plan(ask, run) -> None:
    found = await run(approval_get, approval=await ask(plan=None))
    assert (found.plan, found.effects, found.reversible) == (None, None, None)


async def test_nobody_sees_what_others_asked_for(ask, run) -> None:
    approval = await ask(owner="bert")
    with pytest.raises(Rejected) as refused:
        await run(approval_get, approval=approval)
    assert refused.value.code == "not_found"
    assert (await run(approval_list)).records == []


async def test_a_job_that_is_no_approval_is_none(run, jobs) -> None:
    job = await jobs.add_local("call", owner="anna", tool="crm_search_records")
    with pytest.raises(Rejected, match="no approval"):
        await run(approval_get, approval=job.job)


async def test_the_list_is_newest_first_and_can_be_narrowed(ask, run, approvals) -> None:
    first, second, third = [await ask(key) for key in "abc"]
    await approvals.decide(second, Decided("rita", "deny", "page"))
    assert [each.approval for each in (await run(approval_list)).records] == [third, second, first]
    assert [each.approval for each in (await run(approval_list, status="denied")).records] == [second]
    assert [each.approval for each in (await run(approval_list, status="waiting")).records] == [third, first]


async def test_pages_follow_each_other_without_gap_or_repetition(ask, run) -> None:
    made = [await ask(str(number)) for number in range(5)]
    seen: list[str] = []
    position = None
    while True:
        page = await run(approval_list, limit=2, position=position)
        seen += [each.approval for each in page.records]
        if not page.has_more:
            break
        position = page.after[-1]
    assert seen == made[::-1]


def test_no_tool_decides() -> None:
    tools = tools_in(toolset)
    assert {each.name for each in tools} == {"approval_get", "approval_list"}
    assert all(each.risk.is_read for each in tools)
