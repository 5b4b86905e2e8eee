"""Questions: what is posted, whose click counts, and how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import pytest

from support.looking import look_by, rows_of
from wirepost.contracts.jobs import Look, Report
from wirepost.core.errors import InvalidCall, OutcomeUnknown
from wirepost.providers.slack import PROVIDER
from wirepost.providers.slack.asking import KINDS
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.tools.asking import slack_ask
from wirepost.providers.slack.webhook import WEBHOOK
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import SandboxEvent
from wirepost.settings.webhooks import WebhookSettings
from wirepost.tools.jobs import JobStatus, Started
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Terms

(KIND,) = KINDS
PAYLOADS = Path(__file__).parent / "payloads"
QUESTION = {"channel": "#support", "question": "Refund <N-1042> & co?", "options": ["Refund", "Send again"]}
FRIDA, OTHER = "U0TEAM001", "U0TEAM003"


def heard(event: SandboxEvent) -> Report:
    """A click as the webhook reads it."""
    headers = tuple(event.headers.items())
    request = Incoming("POST", "https://hooks.example.com/webhooks/slack", headers, event.body, 0.0)
    (item,) = WEBHOOK.read(request, Verified("signature", "slack-v0"), Terms([], WebhookSettings())).items
    assert isinstance(item, Item)
    assert item.type == "slack.block_actions"
    assert item.subject == "ask/int_1"
    return Report(item.type, datetime.fromtimestamp(item.time or 0, UTC), item.data, None, is_verified=True)


def look(shop: Any, started: Started, status: JobStatus | None = None, **changes: Any) -> Look[SlackClient]:
    """One look with all the clicks so far, which may write only to cancel."""
    clicks = [heard(each) for each in shop.sandbox.outbox if each.type == "block_actions"]
    if changes:
        clicks = [replace(each, **changes) for each in clicks]
    api = shop.call(may_write=status is not None).api
    return look_by(api, shop.clock.now(), started, status=status, heard=clicks)


def press(shop: Any, option: str, user: str = FRIDA) -> None:
    shop.sandbox.acts()["press"]({"option": option, "user": user})


async def test_a_question_is_posted_with_a_button_for_each_option(slack):
    slack.stub("users.conversations", {"channels": [{"id": "C0SUPPORT", "name": "support"}]})
    answer = {"channel": "C0SUPPORT", "ts": "1795600800.000100", "message": {}}
    slack.stub("chat.postMessage", answer, verb="POST")
    started = await slack.run(slack_ask, **QUESTION)
    assert (started.kind, started.provider_id, started.status) == ("slack.ask", "int_1", "waiting_input")
    assert started.expires_at == slack.clock.now() + timedelta(hours=1)
    body = slack.sent("chat.postMessage")[0]["body"]
    assert body["text"] == "Refund &lt;N-1042&gt; &amp; co?"
    section, actions = body["blocks"]
    assert section == {"type": "section", "text": {"type": "mrkdwn", "text": body["text"]}}
    assert [each["text"]["text"] for each in actions["elements"]] == QUESTION["options"]
    assert len({each["action_id"] for each in actions["elements"]}) == 2
    assert (body["unfurl_links"], body["unfurl_media"]) == (False, False)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"options": ["Yes", "Yes"]}, "options[1]"),
        ({"options": ["Yes", " "]}, "options[1]"),
        ({"options": ["Yes", "x" * 76]}, "options[1]"),
        ({"question": "<" * 1000}, "question"),
        ({"user": "@frida"}, "channel"),
    ],
)
async def test_what_slack_would_not_show_is_refused_before(shop, changes, path):
    with pytest.raises(InvalidCall) as refused:
        await shop.run(slack_ask, **{**QUESTION, **changes})
    assert refused.value.fields[0]["path"] == path
    assert shop.paths("POST") == []


async def test_a_question_waits_and_the_first_click_answers_it(shop):
    started = await shop.run(slack_ask, **QUESTION)
    assert (await KIND.look(look(shop, started))).status == "waiting_input"
    shop.clock.advance(60)
    press(shop, "Send again", OTHER)
    press(shop, "Refund")
    assert (await KIND.look(look(shop, started))).status == "succeeded"
    rows = await rows_of(KIND, look(shop, started))
    assert rows == [{"answer": "Send again", "by": OTHER, "at": "2026-11-25T10:01:00Z"}]


async def test_only_those_who_are_allowed_can_answer(shop):
    started = await shop.run(slack_ask, **QUESTION, allowed_users=["@frida"])
    press(shop, "Refund", OTHER)
    assert (await KIND.look(look(shop, started))).status == "waiting_input"
    press(shop, "Send again")
    (row,) = await rows_of(KIND, look(shop, started))
    assert (row["answer"], row["by"]) == ("Send again", FRIDA)


async def test_a_direct_question_is_answered_by_whom_it_was_put_to(shop):
    asked = {"user": "@frida", "question": "Ready?", "options": ["Yes", "No"]}
    started = await shop.run(slack_ask, **asked)
    assert started.details["allowed"] == [FRIDA]
    press(shop, "Yes")
    (row,) = await rows_of(KIND, look(shop, started))
    assert (row["answer"], row["by"]) == ("Yes", FRIDA)


@pytest.mark.parametrize(
    "changes",
    [
        {"is_verified": False},
        {"data": {}},
        {
            "data": {
                "user": FRIDA,
                "channel": "C0OTHER",
                "message_ts": "1.000001",
                "actions": [{"value": "0"}],
            }
        },
    ],
)
async def test_what_was_not_surely_clicked_below_the_question_does_not_count(shop, changes):
    started = await shop.run(slack_ask, **QUESTION)
    press(shop, "Refund")
    assert (await KIND.look(look(shop, started, **changes))).status == "waiting_input"
    assert await rows_of(KIND, look(shop, started, **changes)) == []


@pytest.mark.parametrize("value", ["2", "-1", "x", "", None, 0, "١"])
async def test_a_button_that_the_question_has_not_is_no_answer(shop, value):
    started = await shop.run(slack_ask, **QUESTION)
    data = {
        "user": FRIDA,
        "channel": started.details["channel"],
        "message_ts": started.details["ts"],
        "actions": [{"value": value}],
    }
    press(shop, "Refund")
    assert (await KIND.look(look(shop, started, data=data))).status == "waiting_input"


async def test_a_question_expires_and_a_later_click_does_not_count(shop):
    started = await shop.run(slack_ask, **QUESTION, expires_in_s=60)
    shop.clock.advance(59)
    assert (await KIND.look(look(shop, started))).status == "waiting_input"
    shop.clock.advance(2)
    press(shop, "Refund")
    assert (await KIND.look(look(shop, started))).status == "expired"


def shown(shop: Any, started: Started) -> tuple[list[str], str]:
    """Types of the blocks that stand in the channel, and the last line of the text."""
    row = shop.sandbox.workspace.find(started.details["channel"], started.details["ts"])
    return [block["type"] for block in row["blocks"]], row["text"].splitlines()[-1]


async def test_a_withdrawn_question_loses_its_buttons(shop):
    started = await shop.run(slack_ask, **QUESTION)
    assert KIND.cancel
    assert KIND.close
    await KIND.cancel(look(shop, started, "waiting_input"))
    assert shown(shop, started) == (["section", "section"], "This question is withdrawn.")
    assert (await KIND.look(look(shop, started, "cancelling"))).status == "cancelled"
    before = len(shop.paths())
    await KIND.close(look(shop, started, "cancelled"))
    assert len(shop.paths()) == before


async def test_an_answered_question_shows_who_answered_what_in_place_of_its_buttons(shop):
    started = await shop.run(slack_ask, **{**QUESTION, "options": ["Refund & <go>", "Send again"]})
    press(shop, "Refund & <go>")
    assert KIND.close
    await KIND.close(look(shop, started, "succeeded"))
    assert shown(shop, started) == (
        ["section", "section"],
        f"<@{FRIDA}> answered: Refund &amp; &lt;go&gt;",
    )
    row = shop.sandbox.workspace.find(started.details["channel"], started.details["ts"])
    assert row["text"].startswith("Refund &lt;N-1042&gt; &amp; co?\n")


async def test_a_question_that_nobody_answered_says_so(shop):
    started = await shop.run(slack_ask, **QUESTION)
    assert KIND.close
    await KIND.close(look(shop, started, "expired"))
    assert shown(shop, started)[1] == "Nobody answered in time."


async def test_an_answer_that_came_before_the_withdrawal_stands(shop):
    started = await shop.run(slack_ask, **QUESTION)
    press(shop, "Refund")
    assert (await KIND.look(look(shop, started, "cancelling"))).status == "succeeded"


async def test_a_click_in_the_sandbox_has_the_form_of_a_recorded_one(shop):
    await shop.run(slack_ask, **QUESTION)
    press(shop, "Refund")
    (name, payload), *rest = parse_qsl(shop.sandbox.outbox[-1].body.decode())
    sent, recorded = (
        json.loads(payload),
        json.loads((PAYLOADS / "interactive.block_actions.json").read_bytes()),
    )
    assert (name, rest) == ("payload", [])
    assert set(sent) - set(recorded) == {"message"}, "which only lasting messages have"
    assert set(recorded) <= set(sent)
    for part in ("user", "container", "channel"):
        assert set(sent[part]) == set(recorded[part])
    assert set(sent["actions"][0]) == set(recorded["actions"][0])


async def test_waiting_asks_nothing_of_slack(shop):
    started = await shop.run(slack_ask, **QUESTION)
    before = len(shop.paths())
    await KIND.look(look(shop, started))
    assert len(shop.paths()) == before


async def test_after_a_lost_answer_the_question_is_found_by_reading(shop):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.postMessage", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_ask, **QUESTION, allowed_users=["@frida"])
    found = await shop.reconcile(slack_ask, **QUESTION, allowed_users=["@frida"])
    assert (found.provider_id, found.details["allowed"]) == ("int_1", [FRIDA])
    press(shop, "Refund")
    assert (await KIND.look(look(shop, found))).status == "succeeded"
    assert await shop.reconcile(slack_ask, {"intent": "int_2"}, **QUESTION) is None


async def test_the_plan_says_who_is_asked_and_whose_answer_counts(shop):
    plan = await shop.plan(slack_ask, **QUESTION, allowed_users=["@frida"])
    assert plan.targets == ("C0SUPPORT", "#support")
    assert f"of {FRIDA}, within 3600 seconds" in plan.notes[-1]
    assert plan.effects[-1].after == "Refund, Send again"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"option": "Nothing"}, "there are: Refund, Send again"),
        ({"option": "Refund", "user": "nobody"}, "nobody is called 'nobody'"),
        ({"option": "Refund", "ts": "1.000001"}, "there are: none"),
    ],
)
async def test_only_buttons_and_people_that_there_are_can_be_used(shop, given, told):
    await shop.run(slack_ask, **QUESTION)
    with pytest.raises(ValueError, match=told):
        shop.sandbox.acts()["press"](given)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b'{"option": "Refund"}', 200, "pressed"),
        (b'{"option": "Nothing"}', 400, "error"),
        (b"{", 400, "error"),
        (b"[]", 400, "error"),
    ],
)
async def test_buttons_are_pressed_over_http_too(shop, body, status, told):
    await shop.run(slack_ask, **QUESTION)
    transport = httpx2.ASGITransport(app=shop.sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://slack.sandbox") as client:
        answer = await client.post("/__sandbox/press", content=body)
    assert answer.status_code == status
    assert told in answer.json()
    clicks = [each for each in shop.sandbox.outbox if each.type == "block_actions"]
    assert len(clicks) == (status == 200)


def test_the_kind_belongs_to_the_provider():
    assert PROVIDER.load_jobs
    assert PROVIDER.load_jobs() == KINDS
