"""People are asked once, where that is configured, and in the end the outcome stands there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.approving import FRIDA, Counter, counter_at
from support.clock import ManualClock
from wirepost.calls.approvals import Decided
from wirepost.calls.approvers import ASK, OWNER
from wirepost.core.errors import CallError
from wirepost.sandbox.faults import Fault
from wirepost.store.queue import Task
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as WorkItem

POST = "POST /api/chat.postMessage"


@pytest.fixture
async def counter(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Counter]:
    async with counter_at(tmp_path, clock) as counter:
        yield counter


def posts(counter: Counter) -> int:
    return len(counter.wirepost.sent("slack-sandbox", path="/api/chat.postMessage"))


async def test_the_work_is_stored_with_the_approval(counter: Counter) -> None:
    approval = await counter.ask()
    rows = await counter.app.database.read("SELECT key FROM work WHERE kind = ? LIMIT 9", ASK)
    assert rows == [(approval,)]


async def test_people_are_asked_once_however_often_it_is_attended_to(counter: Counter) -> None:
    approval = await counter.ask()
    for _ in range(3):
        with pytest.raises(ComeAgain):
            await counter.app.long_work.work[ASK](WorkItem(ASK, approval, {}, 1, None))
    assert posts(counter) == 1
    assert len(counter.shown()) == 1


async def test_a_lost_answer_does_not_ask_twice(counter: Counter) -> None:
    approval = await counter.ask()
    counter.slack.inject(Fault(kind="lost_answer", match=POST, times=1))
    with pytest.raises(CallError):
        await counter.attend(approval)
    await counter.attend(approval)
    assert posts(counter) == 1
    await counter.press("Approve")
    assert (await counter.job(approval)).status == "running"


async def test_a_question_whose_answer_was_lost_is_closed_all_the_same(counter: Counter) -> None:
    approval = await counter.ask()
    counter.slack.inject(Fault(kind="lost_answer", match=POST, times=1))
    with pytest.raises(CallError):
        await counter.attend(approval)
    await counter.app.long_work.approvals.decide(approval, Decided("rita", "deny", "page"))
    await counter.attend(approval)
    (message,) = counter.shown()
    assert (message["buttons"], message["text"].splitlines()[-1]) == ([], "Denied by rita (page)")


async def test_what_is_decided_before_anybody_was_asked_is_asked_no_more(counter: Counter) -> None:
    approval = await counter.ask()
    await counter.app.long_work.approvals.decide(approval, Decided("rita", "approve", "command"))
    await counter.attend(approval)
    assert counter.shown() == []


async def test_what_is_decided_elsewhere_is_shown_and_a_later_press_is_too_late(counter: Counter) -> None:
    approval = await counter.ask()
    await counter.attend(approval)
    counter.slack.acts()["press"]({"option": "Approve", "user": FRIDA})
    await counter.app.long_work.approvals.decide(approval, Decided("rita", "deny", "page"))
    await counter.attend(approval)
    assert counter.shown() == [
        {"text": counter.shown()[0]["text"], "buttons": []},
    ]
    (question,) = await counter.app.long_work.jobs.page(OWNER)
    assert question.status == "cancelled"
    assert (await counter.job(approval)).details["decided"]["by"] == "rita"


async def test_a_press_that_comes_after_another_decision_changes_nothing(counter: Counter) -> None:
    approval = await counter.ask()
    await counter.attend(approval)
    await counter.app.long_work.approvals.decide(approval, Decided("rita", "deny", "page"))
    await counter.press("Approve")
    job = await counter.job(approval)
    assert (job.status, job.details["decided"]["by"]) == ("failed", "rita")


@pytest.mark.parametrize(("after_s", "told"), [(86_401, "Nobody decided in time"), (0, "It was withdrawn")])
async def test_the_end_of_a_request_is_shown(
    counter: Counter, clock: ManualClock, after_s: int, told: str
) -> None:
    approval = await counter.ask()
    await counter.attend(approval)
    clock.advance(after_s)
    if after_s:
        await counter.work("job.look", approval)
    else:
        await counter.wirepost.ok("job_cancel", job=approval)
    await counter.attend(approval)
    (message,) = counter.shown()
    assert (message["buttons"], message["text"].splitlines()[-1]) == ([], told)


async def test_a_decision_lets_the_outcome_be_shown_at_once(counter: Counter, clock: ManualClock) -> None:
    approval = await counter.ask()
    later = Task(ASK, approval, clock.now().timestamp() + 30)
    due = "SELECT due_at FROM work WHERE kind = ? AND key = ? LIMIT 1"
    await counter.app.database.write(
        lambda tx: tx.execute(
            "UPDATE work SET due_at = ? WHERE kind = ? AND key = ?", later.due_at, ASK, approval
        )
    )
    await counter.app.long_work.approvals.decide(approval, Decided("rita", "deny", "page"))
    assert await counter.app.database.read(due, ASK, approval) == [(clock.now().timestamp(),)]


async def test_words_of_others_stay_in_their_line_and_call_nobody(counter: Counter) -> None:
    reason = "duplicate"
    approval = await counter.ask(reason=reason)
    job = await counter.job(approval)
    hostile = "x\nAsked by: the boss <!channel> \u202e"
    details = {**job.details, "arguments": {**job.details["arguments"], "reason": hostile}}
    await counter.app.long_work.jobs.change(job, details=details)
    await counter.attend(approval)
    (message,) = counter.shown()
    lines = message["text"].splitlines()
    assert [line for line in lines if line.startswith("Asked by:")] == ["Asked by: local"]
    assert "&lt;!channel&gt;" in message["text"]
    assert "<!" not in message["text"]
    assert "\u202e" not in message["text"]


async def test_without_a_channel_nobody_is_asked(tmp_path: Path, clock: ManualClock) -> None:
    async with counter_at(tmp_path, clock, approvals={}) as counter:
        await counter.ask()
        assert ASK not in counter.app.long_work.work
        assert await counter.app.database.read("SELECT key FROM work WHERE kind = ? LIMIT 9", ASK) == []


async def test_what_is_gone_is_attended_to_no_more(counter: Counter) -> None:
    await counter.attend("job_that_is_gone")
    assert counter.shown() == []


async def test_a_decision_stands_even_if_nobody_can_be_hurried(
    counter: Counter, caplog: pytest.LogCaptureFixture
) -> None:
    approval = await counter.job(await counter.ask())
    await counter.app.database.close()
    for tell in counter.app.long_work.approvals.on_decided:
        await tell(approval, Decided("rita", "deny", "page"))
    assert f"the outcome of {approval.id} is shown later" in caplog.text


async def test_notes_are_shown_and_what_is_cut_is_said(tmp_path: Path, clock: ManualClock) -> None:
    rule = {"id": "talk", "effect": "approve", "tools": ["slack_send_message", "stripe_create_refund"]}
    async with counter_at(tmp_path, clock, policy={"rules": [rule]}) as counter:
        await counter.attend(await counter.ask())
        (refund,) = counter.shown()
        assert "• Customer: cus_" in refund["text"]
        assert "That is not all" not in refund["text"]
        error = await counter.wirepost.error(
            "slack_send_message", channel="#support", text="harmless " * 100 + "pay IBAN DE00"
        )
        await counter.attend(str(error["approval"]))
        message = next(each for each in counter.shown() if "harmless" in each["text"])
        assert "DE00" not in message["text"]
        assert "That is not all: read the page before you approve" in message["text"]
