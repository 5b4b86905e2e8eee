"""A refund that waits for a person, who presses a button in Slack; it is made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.approving import FRIDA, REFUNDS, STRANGER, Counter, counter_at
from support.clock import ManualClock


@pytest.fixture
async def counter(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Counter]:
    async with counter_at(tmp_path, clock) as counter:
        yield counter


async def test_a_refund_that_is_approved_by_a_button_is_made_once(counter: Counter) -> None:
    approval = await counter.ask()
    await counter.attend(approval)
    (message,) = counter.shown()
    assert message["buttons"] == ["Approve", "Deny"]
    assert "Finance decides" in message["text"]

    await counter.press("Approve", STRANGER)
    assert (await counter.job(approval)).status == "waiting_approval"
    assert counter.wirepost.sent(path=REFUNDS) == []

    await counter.press("Approve")
    approved = await counter.job(approval)
    assert approved.status == "running"
    said = approved.details["decided"]
    assert (said["by"], said["verdict"], said["via"]) == (FRIDA, "approve", "slack")

    assert (await counter.carry_out(approval)).status == "succeeded"
    await counter.carry_out(approval)
    await counter.attend(approval)
    assert len(counter.wirepost.sent(path=REFUNDS)) == 1
    result = await counter.wirepost.ok("job_get_result", job=approval)
    assert result["data"]["records"][0]["row"]["amount"] == "10.00"
    (message,) = counter.shown()
    assert message["buttons"] == []
    assert message["text"].endswith(f"Approved by {FRIDA} (slack)")
    events = (await counter.wirepost.ok("event_list", type="approval.decided"))["data"]["records"]
    assert [each["subject"] for each in events] == [f"job/{approval}"]
    written = [
        each for each in await counter.wirepost.records() if each.get("event", "").startswith("approval.")
    ]
    assert [(each["event"], each["approval"]) for each in written] == [
        ("approval.question", approval),
        ("approval.outcome", approval),
    ]


async def test_a_refund_that_is_denied_by_a_button_is_not_made(counter: Counter) -> None:
    approval = await counter.ask()
    await counter.attend(approval)
    await counter.press("Deny")
    job = await counter.carry_out(approval)
    assert job.status == "failed"
    assert job.error is not None
    assert job.error["code"] == "not_approved"
    assert counter.wirepost.sent(path=REFUNDS) == []
    await counter.attend(approval)
    assert counter.shown()[0]["text"].endswith(f"Denied by {FRIDA} (slack)")
