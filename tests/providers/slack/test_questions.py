"""Questions of the server itself: posted, found again, and closed, as the description of Slack has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.clock import START
from wirepost.contracts.asking import Question
from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.providers.slack.questions import SlackQuestions
from wirepost.sandbox.faults import Fault

QUESTION = Question(
    name="job_1",
    place="#support",
    text="Approve? Refund <5.00> & more",
    options=("Approve", "Deny"),
    allowed=("U0TEAM001",),
    asked_at=START,
    ends=START + timedelta(hours=1),
)


def rows(shop: Any) -> list[dict[str, Any]]:
    return [row for row in shop.sandbox.workspace.messages["C0SUPPORT"] if "blocks" in row]


async def test_it_is_posted_escaped_with_its_buttons_and_its_name(slack):
    slack.stub("users.conversations", {"channels": [{"id": "C0SUPPORT", "name": "support"}]})
    answer = {"channel": "C0SUPPORT", "ts": "1795600800.000100", "message": {}}
    slack.stub("chat.postMessage", answer, verb="POST")
    started = await SlackQuestions(slack.client()).ask(QUESTION)
    assert (started.kind, started.provider_id, started.expires_at) == ("slack.ask", "job_1", QUESTION.ends)
    assert started.details["allowed"] == ["U0TEAM001"]
    body = slack.sent("chat.postMessage")[0]["body"]
    assert body["text"] == "Approve? Refund &lt;5.00&gt; &amp; more"
    assert [each["text"]["text"] for each in body["blocks"][1]["elements"]] == ["Approve", "Deny"]
    assert body["metadata"]["event_payload"] == {"intent_id": "job_1"}
    assert (body["unfurl_links"], body["unfurl_media"]) == (False, False)


async def test_it_is_closed_without_its_buttons(slack):
    slack.stub("chat.update", {"channel": "C0SUPPORT", "ts": "1.000100", "text": "x"}, verb="POST")
    details = {"channel": "C0SUPPORT", "ts": "1795600800.000100"}
    await SlackQuestions(slack.client()).close(details, "Approved by <!channel>", key="job_1")
    body = slack.sent("chat.update")[0]["body"]
    assert body["text"] == "Approved by &lt;!channel&gt;"
    assert [(each["type"], each["text"]["text"]) for each in body["blocks"]] == [("section", body["text"])]


async def test_after_a_lost_answer_it_is_found_by_its_name(shop):
    questions = SlackQuestions(shop.client())
    assert await questions.find(QUESTION) is None
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.postMessage", times=1))
    with pytest.raises(OutcomeUnknown):
        await questions.ask(QUESTION)
    found = await SlackQuestions(shop.client()).find(QUESTION)
    assert found is not None
    assert found.details["ts"] == rows(shop)[0]["ts"]
    assert await SlackQuestions(shop.client()).find(replace(QUESTION, name="job_2")) is None


async def test_what_is_too_long_is_cut_before_an_entity_and_not_within(shop):
    started = await SlackQuestions(shop.client()).ask(replace(QUESTION, text="<" * 4000))
    (row,) = rows(shop)
    assert started.details["ts"] == row["ts"]
    assert 2000 < len(row["text"]) <= 3000
    assert row["text"].replace("&lt;", "").strip("…. ") == ""


async def test_a_channel_that_does_not_exist_is_said(shop):
    with pytest.raises(InvalidCall, match="names no channel"):
        await SlackQuestions(shop.client()).ask(replace(QUESTION, place="#nowhere"))
    assert rows(shop) == []
