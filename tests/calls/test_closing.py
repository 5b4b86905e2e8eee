"""What stands at a provider about a job is brought up to date when the job is over, whoever asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.approving import FRIDA, Counter, counter_at
from support.clock import ManualClock
from wirepost.calls.closing import CLOSE
from wirepost.jobs.jobs import LOOK
from wirepost.sandbox.faults import Fault

QUESTION = {"channel": "#support", "question": "What shall we do?", "options": ["Refund", "Send again"]}
UPDATE = "POST /api/chat.update"


@pytest.fixture
async def counter(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Counter]:
    async with counter_at(tmp_path, clock, policy={}) as counter:
        yield counter


async def asked(counter: Counter) -> str:
    found = await counter.wirepost.confirmed("slack_ask", **QUESTION, intent="ask-1")
    return str(found["data"]["job"])


async def press(counter: Counter, option: str) -> None:
    counter.slack.acts()["press"]({"option": option, "user": FRIDA})
    sending = asyncio.create_task(counter.app.hub.rehearsal.run())
    await counter.app.hub.rehearsal.settled()
    sending.cancel()


async def waiting(counter: Counter) -> list[Any]:
    return list(await counter.app.database.read("SELECT key FROM work WHERE kind = ? LIMIT 9", CLOSE))


async def test_an_answer_is_shown_where_it_was_asked_for_and_that_is_on_record(counter: Counter) -> None:
    job = await asked(counter)
    await counter.work(LOOK, job)
    assert await waiting(counter) == []
    await press(counter, "Refund")
    await counter.work(LOOK, job)
    assert await waiting(counter) == [(job,)]
    await counter.work(CLOSE, job)
    assert counter.shown() == [{"text": f"What shall we do?\n<@{FRIDA}> answered: Refund", "buttons": []}]
    closed = [each for each in await counter.wirepost.records() if each.get("event") == "job.closed"]
    assert [(each["job"], each["status"], each["connection"]) for each in closed] == [
        (job, "succeeded", "slack-sandbox")
    ]


async def test_a_question_that_has_expired_says_so(counter: Counter, clock: ManualClock) -> None:
    job = await asked(counter)
    clock.advance(3601)
    await counter.work(LOOK, job)
    await counter.work(CLOSE, job)
    assert counter.shown() == [{"text": "What shall we do?\nNobody answered in time.", "buttons": []}]


async def test_a_lost_answer_is_written_again_to_the_same_effect(counter: Counter) -> None:
    job = await asked(counter)
    await press(counter, "Send again")
    await counter.work(LOOK, job)
    counter.slack.inject(Fault(kind="lost_answer", match=UPDATE, times=1))
    await counter.work(CLOSE, job)
    await counter.work(CLOSE, job)
    assert len(counter.wirepost.sent("slack-sandbox", path="/api/chat.update")) == 3
    (message,) = counter.shown()
    assert message["text"].endswith("answered: Send again")


async def test_a_message_that_is_gone_stays_gone(counter: Counter, clock: ManualClock) -> None:
    job = await asked(counter)
    clock.advance(3601)
    await counter.work(LOOK, job)
    for rows in counter.slack.workspace.messages.values():
        rows.clear()
    await counter.work(CLOSE, job)
    assert counter.shown() == []


async def test_what_is_not_known_any_more_is_not_closed(counter: Counter) -> None:
    await counter.work(CLOSE, "job_of_yesterday")
    assert counter.wirepost.sent("slack-sandbox", path="/api/chat.update") == []


async def test_the_question_of_an_approval_is_left_to_the_server_itself(counter: Counter) -> None:
    await counter.wirepost.ok("connection_list")
    question = await counter.app.long_work.jobs.adopt(
        "slack.ask", owner="wirepost", connection="slack-sandbox", environment="sandbox", provider_id="int_9"
    )
    await counter.app.long_work.jobs.told_end(question)
    assert await waiting(counter) == []
