"""What a rule leaves to a person waits, is decided by one, and is then carried out once, as it was shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.clock import ManualClock
from support.sample_vendor import Assembled, assembled
from support.samples import Note, SampleClient
from wirepost.calls.approvals import CARRY_OUT, Decided
from wirepost.calls.audit import records
from wirepost.calls.caller import Caller
from wirepost.core.errors import Rejected
from wirepost.jobs.job import Job
from wirepost.store.worker import Job as WorkItem
from wirepost.tools.context import Call
from wirepost.tools.results import Plan
from wirepost.tools.tool import Risk, tool

RULES = [{"id": "eyes", "effect": "approve", "tools": ["sample_*"], "risks": ["W1", "W2"]}]
NOTE = {"note": "n_1"}
YES, NO = Decided("rita", "approve", "page"), Decided("rita", "deny", "command", "too much")


@pytest.fixture
async def path(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Assembled]:
    async with assembled(tmp_path, clock, rules=RULES) as parts:
        yield parts


async def asked(path: Assembled, **arguments: Any) -> dict[str, Any]:
    refused = await path.call("sample_send_note", **NOTE, **arguments)
    error: dict[str, Any] = refused.envelope["error"]
    assert (error["code"], refused.job) == ("approval_required", error["approval"])
    return error


async def carry_out(path: Assembled, approval: str) -> Job:
    """What a worker does."""
    await path.approvals.work[CARRY_OUT](WorkItem(CARRY_OUT, approval, {}, 1, None))
    job = await path.jobs.get(approval)
    assert job is not None
    return job


async def result_of(path: Assembled, job: Job) -> list[dict[str, Any]]:
    assert job.file is not None
    rows = await path.database.read("SELECT content FROM file_parts WHERE file = ? LIMIT 9", job.file)
    return [orjson.loads(line) for (content,) in rows for line in content.splitlines()]


async def test_a_call_that_needs_approval_waits_and_says_where(path: Assembled) -> None:
    error = await asked(path)
    assert error["approval"] in error["hint"]
    assert error["plan"]["plan"]
    assert path.vendor.made == []
    (waiting,), decided = await path.approvals.listed()
    assert (waiting.id, waiting.status, decided) == (error["approval"], "waiting_approval", [])


async def test_the_same_call_waits_once_and_another_one_on_its_own(path: Assembled) -> None:
    first = await asked(path)
    assert (await asked(path))["approval"] == first["approval"]
    assert (await asked(path, intent="another"))["approval"] != first["approval"]


async def test_people_are_told_once(path: Assembled) -> None:
    told: list[str] = []

    async def tell(job: Job) -> None:
        told.append(job.id)

    path.approvals.on_asked.append(tell)
    first = await asked(path)
    await asked(path)
    assert told == [first["approval"]]


async def test_what_is_approved_is_carried_out_once_in_the_name_of_who_asked(path: Assembled) -> None:
    error = await asked(path, intent="pay")
    await path.approvals.decide(error["approval"], YES)
    assert path.vendor.made == []
    job = await carry_out(path, error["approval"])
    assert job.status == "succeeded"
    assert [row["id"] for row in await result_of(path, job)] == ["n_1"]
    again = await path.call("sample_send_note", **NOTE, intent="pay")
    assert again.envelope["meta"]["idempotency"] == {"intent": "pay", "replayed": True}
    await carry_out(path, error["approval"])
    assert len(path.vendor.made) == 1
    audited = [orjson.loads(row[2]) async for row in records(path.database)]
    carried = next(each for each in audited if each.get("approved_by"))
    assert (carried["approved_by"], carried["approval"], carried["caller"]) == (
        "rita",
        error["approval"],
        "local",
    )


async def test_a_process_that_died_while_carrying_out_does_not_pay_twice(path: Assembled) -> None:
    """The work comes again; without an intent of the caller's, the approval is the action's name."""
    error = await asked(path)
    await path.approvals.decide(error["approval"], YES)
    assert path.approvals.carry is not None
    job = await path.jobs.get(error["approval"])
    assert job is not None
    carry = path.approvals.carry

    async def die_after(*arguments: Any) -> Any:
        await carry(*arguments)
        raise ConnectionAbortedError

    path.approvals.carry = die_after
    with pytest.raises(ConnectionAbortedError):
        await carry_out(path, job.id)
    path.approvals.carry = carry
    assert (await carry_out(path, job.id)).status == "succeeded"
    assert len(path.vendor.made) == 1


async def test_an_intent_of_null_is_none(path: Assembled) -> None:
    error = await asked(path, intent=None)
    await path.approvals.decide(error["approval"], YES)
    assert (await carry_out(path, error["approval"])).status == "succeeded"
    rows = await path.database.read("SELECT intent FROM intents LIMIT 9")
    assert rows == [(error["approval"],)]


async def test_whose_token_was_withdrawn_gets_nothing_carried_out(path: Assembled) -> None:
    error = await asked(path)
    await path.approvals.decide(error["approval"], YES)

    async def nobody(_caller: Caller) -> bool:
        return False

    path.approvals.is_current = nobody
    job = await carry_out(path, error["approval"])
    assert job.error is not None
    assert (job.status, job.error["code"]) == ("failed", "forbidden_by_policy")
    assert path.vendor.made == []


async def test_nobody_crowds_out_the_calls_of_others(path: Assembled) -> None:
    for number in range(100):
        await asked(path, intent=f"i{number}")
    refused = await path.call("sample_send_note", **NOTE, intent="one more")
    error = refused.envelope["error"]
    assert (error["code"], "approval" in error) == ("approval_required", False)
    assert "100 calls of this caller wait" in error["hint"]
    other = await path.call("sample_send_note", Caller("ben", None), **NOTE)
    assert other.envelope["error"]["approval"]


async def test_what_is_denied_is_not_done_and_the_caller_is_told_why(path: Assembled) -> None:
    error = await asked(path)
    await path.approvals.decide(error["approval"], NO)
    job = await carry_out(path, error["approval"])
    assert (job.status, job.error) == (
        "failed",
        {"code": "not_approved", "message": "rita did not approve it: too much"},
    )
    assert path.vendor.made == []
    assert (await asked(path))["approval"] != error["approval"]


@pytest.mark.parametrize("second", [YES, NO])
async def test_what_was_decided_cannot_be_decided_again(path: Assembled, second: Decided) -> None:
    error = await asked(path)
    await path.approvals.decide(error["approval"], YES)
    with pytest.raises(Rejected, match="decided by rita") as refused:
        await path.approvals.decide(error["approval"], second)
    assert refused.value.code == "conflict"


async def test_what_does_not_exist_cannot_be_decided(path: Assembled) -> None:
    with pytest.raises(Rejected, match="no approval"):
        await path.approvals.decide("job_nothing", YES)


@tool(Risk.VISIBLE, example={"note": "n_1"})
async def sample_send_if_alone(call: Call[SampleClient], *, note: str) -> Note:
    """Send a note."""
    return await call.api.make(note, key=call.key, intent=call.intent)


@sample_send_if_alone.plan
async def plan_send_if_alone(call: Call[SampleClient], *, note: str) -> Plan:
    """Shows whether another note is there."""
    other = await call.api.find("other")
    return Plan("Send it", [], reversible=False, state={"other": other.id if other else None})


async def test_what_has_changed_since_it_was_shown_is_not_done(tmp_path: Path, clock: ManualClock) -> None:
    async with assembled(tmp_path, clock, rules=RULES, tools=(sample_send_if_alone,)) as path:
        error = (await path.call("sample_send_if_alone", note="n_1")).envelope["error"]
        path.vendor.made.append({"id": "n_0", "key": "other", "intent": "other"})
        await path.approvals.decide(error["approval"], YES)
        job = await carry_out(path, error["approval"])
        assert job.status == "failed"
        assert job.error is not None
        assert job.error["code"] == "confirmation_mismatch"
        assert [each["id"] for each in path.vendor.made] == ["n_0"]


async def test_a_tool_without_a_preview_can_be_approved_too(path: Assembled) -> None:
    refused = await path.call("sample_update_note", note="n_1")
    error = refused.envelope["error"]
    await path.approvals.decide(error["approval"], YES)
    job = await carry_out(path, error["approval"])
    assert (job.status, await result_of(path, job)) == ("succeeded", [{"id": "n_1"}])


async def test_a_preview_asks_nobody(path: Assembled) -> None:
    refused = await path.call("sample_send_note", **NOTE, mode="preview")
    assert "approval" not in refused.envelope["error"]
    assert await path.approvals.listed() == ([], [])


async def test_each_caller_has_approvals_of_their_own(path: Assembled) -> None:
    mine = await asked(path)
    other = await path.calls.call(Caller("anna"), "sample_send_note", NOTE)
    assert other.envelope["error"]["approval"] != mine["approval"]
    with pytest.raises(Rejected):
        await path.jobs.find(mine["approval"], "anna")


async def test_an_approval_ends_with_its_time(path: Assembled, clock: ManualClock) -> None:
    error = await asked(path)
    (waiting,), _ = await path.approvals.listed()
    assert waiting.expires_at == (clock.now() + timedelta(days=1)).timestamp()
    clock.advance(86_400)
    with pytest.raises(Rejected, match="expired"):
        await path.approvals.decide(error["approval"], YES)


async def test_of_two_who_decide_at_once_one_counts(path: Assembled) -> None:
    error = await asked(path)
    said = await asyncio.gather(
        *(path.approvals.decide(error["approval"], each) for each in (YES, NO)), return_exceptions=True
    )
    (refused,) = [each for each in said if isinstance(each, Rejected)]
    assert refused.code == "conflict"
    job = await path.jobs.get(error["approval"])
    assert job is not None
    assert job.details["decided"]["verdict"] in {"approve", "deny"}
