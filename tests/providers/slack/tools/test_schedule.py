"""Messages for later: within Slack's limits, found again, cancelled."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.providers.slack.tools.schedule import (
    slack_cancel_scheduled,
    slack_list_scheduled,
    slack_schedule_message,
)
from wirepost.sandbox.faults import Fault

LATER = {"channel": "C0SUPPORT", "text": "**Hello** & bye", "post_at": "2026-11-26T09:00:00+01:00"}
AT = 1795680000


async def scheduled(shop):
    return (await shop.run(slack_list_scheduled, channel="#support")).records


async def test_a_message_is_scheduled_to_the_second_and_never_unfolded(slack):
    slack.stub(
        "chat.scheduleMessage",
        {"channel": "C0SUPPORT", "scheduled_message_id": "Q1", "post_at": AT, "message": {}},
        verb="POST",
    )
    made = await slack.run(slack_schedule_message, **LATER)
    assert slack.sent("chat.scheduleMessage")[0]["body"] == {
        "channel": "C0SUPPORT",
        "post_at": AT,
        "markdown_text": "**Hello** &amp; bye",
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "mcp_intent", "event_payload": {"intent_id": "int_1"}},
    }
    assert (made.id, made.post_at) == ("Q1", "2026-11-26T08:00:00Z")


async def test_it_is_sent_when_its_time_has_come(shop):
    await shop.run(slack_schedule_message, **LATER)
    times = [each.post_at for each in await scheduled(shop)]
    assert times == ["2026-11-26T10:00:00Z", "2026-11-26T08:00:00Z"]
    shop.clock.advance(22 * 3600)
    assert len(await scheduled(shop)) == 1
    assert shop.texts("C0SUPPORT")[-1] == "*Hello* &amp; bye"


async def test_the_plan_says_when_and_how_to_take_it_back(shop):
    plan = await shop.plan(slack_schedule_message, **LATER)
    assert plan.summary == "Schedule a message to #support (C0SUPPORT) for 2026-11-26T08:00:00Z"
    assert plan.reversible
    assert plan.effects[-1].after == "**Hello** &amp; bye"
    assert {line.method for line in shop.sandbox.requests} == {"GET"}


# https://docs.slack.dev/reference/methods/chat.scheduleMessage: up to 120 days, not in the past
@pytest.mark.parametrize(
    "post_at", ["2026-11-25T10:00:00Z", "-1h", "now", "2027-03-25T10:00:01Z", "+121d", "+x", "soon", "+0m"]
)
async def test_times_that_slack_does_not_take_are_refused_before(shop, post_at):
    for ask in (shop.plan, shop.run):
        with pytest.raises(InvalidCall) as refused:
            await ask(slack_schedule_message, **{**LATER, "post_at": post_at})
        assert refused.value.fields[0]["path"] == "post_at"
    assert shop.paths("POST") == []


@pytest.mark.parametrize(
    ("post_at", "expected"),
    [("+30m", "2026-11-25T10:30:00Z"), ("+120d", "2027-03-25T10:00:00Z"), ("2027-03-25T10:00:00Z",) * 2],
)
async def test_times_that_slack_takes(shop, post_at, expected):
    assert (await shop.run(slack_schedule_message, **{**LATER, "post_at": post_at})).post_at == expected


async def test_a_plan_with_a_relative_time_stays_valid_while_it_is_thought_over(shop):
    given = {**LATER, "post_at": "+2h"}
    plan = await shop.plan(slack_schedule_message, **given)
    assert "The time counts from the execution" in plan.notes
    shop.clock.advance(90)
    assert (await shop.plan(slack_schedule_message, **given)).state == plan.state
    absolute = await shop.plan(slack_schedule_message, **LATER)
    assert absolute.state != plan.state


async def test_thirty_messages_in_five_minutes_are_the_most(shop):
    for _ in range(30):
        await shop.run(slack_schedule_message, **LATER)
    with pytest.raises(InvalidCall) as refused:
        await shop.plan(slack_schedule_message, **LATER)
    assert refused.value.fields[0]["path"] == "post_at"
    with pytest.raises(Rejected) as by_slack:
        await shop.run(slack_schedule_message, **LATER)
    assert by_slack.value.provider_code == "restricted_too_many"
    await shop.plan(slack_schedule_message, **{**LATER, "post_at": "2026-11-26T09:30:00Z"})


async def test_a_user_gets_it_as_a_direct_message(shop):
    made = await shop.run(slack_schedule_message, user="@mikkel", text="x", post_at="+1h")
    assert made.channel.startswith("D")
    assert shop.paths("POST") == ["POST /api/conversations.open", "POST /api/chat.scheduleMessage"]


async def test_a_broadcast_needs_a_thread_that_exists(shop):
    with pytest.raises(InvalidCall):
        await shop.plan(slack_schedule_message, **LATER, broadcast=True)
    with pytest.raises(Rejected):
        await shop.plan(slack_schedule_message, **LATER, thread_ts="1735725600.000101")
    await shop.plan(slack_schedule_message, **LATER, thread_ts="1735725600.000100", broadcast=True)


@pytest.mark.parametrize("given", [LATER, {**LATER, "post_at": "+2h"}, {**LATER, "format": "mrkdwn"}])
async def test_what_was_scheduled_is_found_when_the_answer_is_lost(shop, given):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.scheduleMessage", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_schedule_message, **given)
    found = await shop.reconcile(slack_schedule_message, **given)
    assert found.id in {each.id for each in await scheduled(shop)}


async def test_another_message_for_the_same_moment_is_not_taken_for_it(shop):
    await shop.run(slack_schedule_message, **{**LATER, "text": "Something else"})
    assert await shop.reconcile(slack_schedule_message, **LATER) is None
    assert await shop.reconcile(slack_schedule_message, user="@mikkel", text="x", post_at="+1h") is None


async def test_an_older_message_of_the_same_words_is_not_taken_for_it(shop):
    await shop.run(slack_schedule_message, **LATER)
    shop.clock.advance(3600)
    at = {"dispatched_at": shop.clock.now()}
    assert await shop.reconcile(slack_schedule_message, at, **LATER) is None


async def test_a_message_whose_words_slack_hides_leaves_the_outcome_open(slack):
    row = {"id": "Q1", "channel_id": "C0SUPPORT", "post_at": AT, "date_created": 1795600800}
    slack.stub("chat.scheduledMessages.list", {"scheduled_messages": [row]})
    with pytest.raises(OutcomeUnknown):
        await slack.reconcile(slack_schedule_message, **LATER)


async def test_lists_are_paged_and_bounded_to_a_channel(open_shop):
    shop = open_shop(most_rows=1)
    await shop.run(slack_schedule_message, **LATER)
    first = await shop.run(slack_list_scheduled)
    assert (len(first.records), first.has_more) == (1, True)
    second = await shop.run(slack_list_scheduled, {"position": first.next})
    assert (len(second.records), second.has_more) == (1, False)
    assert second.records[0].text == "*Hello* & bye"
    assert (await shop.run(slack_list_scheduled, channel="#orders")).records == []


async def test_a_scheduled_message_is_cancelled(open_shop):
    shop = open_shop(most_rows=1)
    made = await shop.run(slack_schedule_message, **LATER)
    await shop.run(slack_cancel_scheduled, scheduled_id=made.id)
    assert list(shop.sandbox.workspace.scheduled) == ["Q0NORDLICHT"]


async def test_what_is_not_scheduled_cannot_be_cancelled(shop):
    with pytest.raises(Rejected) as refused:
        await shop.run(slack_cancel_scheduled, scheduled_id="Q0OTHER")
    assert refused.value.code == "not_found"
    assert shop.paths("POST") == []
    shop.clock.advance(86_400 - 30)
    with pytest.raises(Rejected):
        await shop.run(slack_cancel_scheduled, scheduled_id="Q0NORDLICHT")


async def test_a_lost_cancellation_is_found_by_what_is_missing(shop):
    given = {"scheduled_id": "Q0NORDLICHT"}
    assert await shop.reconcile(slack_cancel_scheduled, **given) is None
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST *", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_cancel_scheduled, **given)
    assert (await shop.reconcile(slack_cancel_scheduled, **given)).deleted is True
    assert "it was sent" in shop.warnings[0]
