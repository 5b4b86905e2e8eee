"""Messages of ours: what is planned, sent, found again, changed and deleted."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.slack.tools.messages import (
    slack_delete_message,
    slack_send_message,
    slack_update_message,
)
from wirepost.sandbox.faults import Fault

PINNED, REPLY, OWN = "1735725600.000100", "1735727400.000300", "1735729200.000200"
HELLO = {"channel": "C0SUPPORT", "text": "Hello"}


def words(plan):
    return " | ".join(
        [plan.summary, *(f"{effect.what} {effect.after or ''}" for effect in plan.effects), *plan.notes]
    )


def newest(shop, channel="C0SUPPORT"):
    return shop.sandbox.workspace.messages[channel][-1]


async def test_a_message_goes_where_its_preview_says_after_channels_changed_names(shop):
    await shop.run(slack_send_message, channel="#support", text="Hello")
    channels = shop.sandbox.workspace.channels
    channels["C0SUPPORT"]["name"], channels["C0ORDERS"]["name"] = "support-with-customers", "support"
    given = {"channel": "#support", "text": "For us alone"}
    plan = await shop.plan(slack_send_message, **given)
    assert (plan.state["channel"], plan.state["name"]) == ("C0ORDERS", "support")
    made = await shop.run(slack_send_message, **given)
    assert made.channel == "C0ORDERS"
    assert "For us alone" not in shop.texts("C0SUPPORT")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("markdown", {"markdown_text": "**Hi** &amp; &lt;bye&gt;"}),
        ("mrkdwn", {"text": "**Hi** &amp; &lt;bye&gt;"}),
        ("plain", {"text": "**Hi** &amp; &lt;bye&gt;", "mrkdwn": False}),
    ],
)
async def test_each_form_goes_where_slack_takes_it_and_links_are_never_unfolded(slack, form, expected):
    text = "**Hi** & <bye>"
    slack.stub("chat.postMessage", {"channel": "C0SUPPORT", "ts": OWN}, verb="POST")
    await slack.run(slack_send_message, **{**HELLO, "text": text}, format=form)
    (entry,) = slack.sent("chat.postMessage")
    assert entry["body"] == {
        "channel": "C0SUPPORT",
        **expected,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "mcp_intent", "event_payload": {"intent_id": "int_1"}},
    }


async def test_a_reply_may_be_shown_in_the_channel(slack):
    slack.stub("chat.postMessage", {"channel": "C0SUPPORT", "ts": OWN}, verb="POST")
    sent = await slack.run(slack_send_message, **HELLO, thread_ts=PINNED, broadcast=True)
    body = slack.sent("chat.postMessage")[0]["body"]
    assert (body["thread_ts"], body["reply_broadcast"]) == (PINNED, True)
    assert (sent.ts, sent.thread_ts) == (OWN, PINNED)


async def test_what_was_sent_can_be_opened(shop):
    sent = await shop.run(slack_send_message, **HELLO)
    assert newest(shop)["ts"] == sent.ts
    digits = sent.ts.replace(".", "")
    assert sent.permalink == f"https://nordlicht.slack.com/archives/C0SUPPORT/p{digits}"
    assert sent.at == "2026-11-25T10:00:00Z"


async def test_a_user_gets_a_direct_message(shop):
    sent = await shop.run(slack_send_message, user="mikkel@nordlicht.example", text="Hello")
    assert sent.channel.startswith("D")
    assert newest(shop, sent.channel)["text"] == "Hello"
    again = await shop.run(slack_send_message, {"intent": "int_2"}, user="@mikkel", text="Again")
    assert again.channel == sent.channel


async def test_mentions_notify_only_where_they_are_allowed(shop):
    """12.2.4e: the same as Slack gets it."""
    text = "@mikkel @channel <!here> <@U0TEAM001> #orders"
    for allowed in ("none", "users", "all"):
        await shop.run(slack_send_message, channel="C0SUPPORT", text=text, allow_mentions=allowed)
    assert shop.texts("C0SUPPORT")[-3:] == [
        "@mikkel @channel &lt;!here&gt; &lt;@U0TEAM001&gt; <#C0ORDERS>",
        "<@U0TEAM002> @channel &lt;!here&gt; <@U0TEAM001> <#C0ORDERS>",
        "<@U0TEAM002> <!channel> <!here> <@U0TEAM001> <#C0ORDERS>",
    ]


async def test_a_name_of_several_people_is_refused_before_anything_is_sent(shop):
    shop.sandbox.workspace.users["U0TEAM003"]["profile"]["display_name"] = "mikkel"
    with pytest.raises(InvalidCall) as refused:
        await shop.run(slack_send_message, **{**HELLO, "text": "@mikkel"}, allow_mentions="users")
    assert refused.value.fields[0]["allowed"] == ["U0TEAM002", "U0TEAM003"]
    assert shop.paths("POST") == []


async def test_ids_that_do_not_exist_stay_text(shop):
    text = "<@U0NOBODY1> <#C0NOWHERE> <#C0FINANCE>"
    await shop.run(slack_send_message, **{**HELLO, "text": text}, allow_mentions="all")
    assert "<" not in newest(shop)["text"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"text": "x"}, "channel"),
        ({"text": "x", "channel": "#support", "user": "@frida"}, "channel"),
        ({"text": " \n", "channel": "#support"}, "text"),
        ({"text": "x" * 12_001, "channel": "#support"}, "text"),
        ({"text": "&" * 2_401, "channel": "#support"}, "text"),
        ({"text": "x", "channel": "#support", "broadcast": True}, "broadcast"),
        ({"text": "x", "user": "@frida", "thread_ts": PINNED}, "thread_ts"),
        ({"text": "x", "channel": "#nowhere"}, "channel"),
        ({"text": "x", "user": "U0NOBODY1"}, "user"),
    ],
)
async def test_what_cannot_be_sent_is_refused_in_the_plan(shop, arguments, path):
    with pytest.raises(InvalidCall) as refused:
        await shop.plan(slack_send_message, **arguments)
    assert refused.value.fields[0]["path"] == path


async def test_a_text_that_is_too_long_is_better_a_file(shop):
    with pytest.raises(InvalidCall) as refused:
        await shop.run(slack_send_message, **{**HELLO, "text": "x" * 12_001})
    assert "slack_upload_file" in refused.value.hint
    await shop.run(slack_send_message, **{**HELLO, "text": "x" * 12_000})


async def test_the_plan_shows_channel_readers_and_the_text_as_it_will_be_sent(shop):
    plan = await shop.plan(
        slack_send_message, channel="#support", text="@frida: 1 < 2", allow_mentions="users", thread_ts=PINNED
    )
    assert plan.summary == f"Send a message to #support (C0SUPPORT), thread {PINNED}"
    shown = words(plan)
    assert "Read by 9 members of #support (C0SUPPORT)" in shown
    assert "Text as it will be sent <@U0TEAM001>: 1 &lt; 2" in shown
    assert "Notifies <@U0TEAM001>" in shown
    assert not plan.reversible
    assert {line.method for line in shop.sandbox.requests} == {"GET"}


async def test_the_plan_warns_of_readers_outside(shop):
    plan = await shop.plan(slack_send_message, channel="C0CARRIER", text="x")
    assert "shared with another organization" in words(plan)
    direct = await shop.plan(slack_send_message, user="U0PARTNER1", text="x")
    assert direct.summary == "Send a message to @lena (U0PARTNER1)"
    assert "belongs to another organization" in words(direct)


async def test_the_plan_says_where_the_app_is_no_member(shop):
    assert "not a member" in words(await shop.plan(slack_send_message, channel="#random", text="x"))


@pytest.mark.parametrize(
    "arguments", [{"channel": "C0OLDSHOP"}, {"user": "U0TEAM008"}, {"user": "U0WIREPOST"}]
)
async def test_nothing_is_sent_where_nobody_reads(shop, arguments):
    with pytest.raises(Rejected) as refused:
        await shop.plan(slack_send_message, text="x", **arguments)
    assert refused.value.code == "conflict"


async def test_a_thread_that_does_not_exist_is_refused(shop):
    with pytest.raises(Rejected):
        await shop.plan(slack_send_message, **HELLO, thread_ts="1735725600.000101")


async def test_the_fingerprint_changes_with_what_is_sent_and_to_whom(shop):
    before = (await shop.plan(slack_send_message, **HELLO)).state
    assert (await shop.plan(slack_send_message, **HELLO)).state == before
    assert (await shop.plan(slack_send_message, **HELLO, format="plain")).state != before
    shop.sandbox.workspace.channels["C0SUPPORT"]["is_ext_shared"] = True
    assert (await shop.plan(slack_send_message, **HELLO)).state != before


@pytest.mark.parametrize(
    "where",
    [
        {"channel": "C0SUPPORT"},
        {"channel": "C0SUPPORT", "thread_ts": PINNED},
        {"user": "U0TEAM001"},
    ],
)
async def test_a_lost_answer_is_found_by_its_mark_and_only_its_own(shop, where):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.postMessage", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_send_message, text="Hello", **where)
    assert shop.paths("POST") == ["POST /api/chat.postMessage"]
    shop.clock.advance(5)
    again = {"dispatched_at": shop.clock.now()}
    found = await shop.reconcile(slack_send_message, again, text="Hello", **where)
    channel = where.get("channel", "D0TEAM001")
    assert (found.channel, found.ts) == (channel, newest(shop, channel)["ts"])
    assert await shop.reconcile(slack_send_message, {"intent": "int_2"}, text="Hello", **where) is None


@pytest.mark.parametrize("where", [{"channel": "C0SUPPORT"}, {"user": "U0TEAM002"}])
async def test_a_request_that_never_arrived_leaves_nothing_to_find(shop, where):
    shop.sandbox.inject(Fault(kind="cut", match="POST *", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_send_message, text="Hello", **where)
    assert await shop.reconcile(slack_send_message, text="Hello", **where) is None
    await shop.run(slack_send_message, text="Hello", **where)


async def test_the_mark_is_found_behind_many_other_messages(open_shop):
    shop = open_shop(most_rows=3)
    await shop.run(slack_send_message, **HELLO)
    at = {"dispatched_at": shop.clock.now()}
    for number in range(8):
        shop.sandbox.workspace.post("C0SUPPORT", {"user": "U0TEAM001", "text": str(number)})
    assert await shop.reconcile(slack_send_message, at, **HELLO) is not None
    for number in range(40):
        shop.sandbox.workspace.post("C0SUPPORT", {"user": "U0TEAM001", "text": str(number)})
    with pytest.raises(OutcomeUnknown):
        await shop.reconcile(slack_send_message, at, **HELLO)


async def test_where_nothing_may_be_read_nothing_is_said_about_the_outcome(open_shop):
    shop = open_shop(granted={"chat:write", "chat:write.public", "channels:read"})
    with pytest.raises(NotConnected):
        await shop.reconcile(slack_send_message, **HELLO)


async def test_refusals_by_slack_are_told_and_nothing_is_repeated(shop):
    with pytest.raises(Rejected) as refused:
        await shop.run(slack_send_message, channel="C0RANDOM", text="x")
    assert refused.value.provider_code == "not_in_channel"
    assert "/invite" in refused.value.hint
    assert shop.paths("POST") == ["POST /api/chat.postMessage"]


async def test_a_message_of_ours_is_changed(shop):
    plan = await shop.plan(slack_update_message, channel="#support", ts=OWN, text="**New**")
    assert plan.summary == f"Replace the text of the app's message {OWN} in #support (C0SUPPORT)"
    assert plan.reversible
    assert "Noted" not in words(plan)
    changed = await shop.run(slack_update_message, channel="#support", ts=OWN, text="**New** <!here> @frida")
    assert changed.ts == OWN
    row = shop.sandbox.workspace.find("C0SUPPORT", OWN)
    assert row["text"] == "*New* &lt;!here&gt; @frida"


async def test_a_change_in_mrkdwn_is_a_text(slack):
    slack.stub("chat.update", {"channel": "C0SUPPORT", "ts": OWN, "text": "x"}, verb="POST")
    await slack.run(slack_update_message, channel="C0SUPPORT", ts=OWN, text="*x*", format="mrkdwn")
    body = slack.sent("chat.update")[0]["body"]
    assert body["text"] == "*x*"
    assert body["ts"] == OWN


async def test_a_change_is_repeated_where_its_answer_is_lost(shop):
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.update", times=1))
    await shop.run(slack_update_message, channel="#support", ts=OWN, text="New")
    assert shop.paths("POST") == ["POST /api/chat.update"] * 2


async def test_a_change_is_found_by_its_mark(shop):
    given = {"channel": "#support", "ts": OWN, "text": "New"}
    assert await shop.reconcile(slack_update_message, **given) is None
    await shop.run(slack_update_message, **given)
    assert (await shop.reconcile(slack_update_message, **given)).ts == OWN
    assert await shop.reconcile(slack_update_message, {"intent": "int_2"}, **given) is None


@pytest.mark.parametrize("tool", [slack_update_message, slack_delete_message])
async def test_messages_of_others_are_left_alone(shop, tool):
    text = {"text": "x"} if tool is slack_update_message else {}
    with pytest.raises(Rejected) as refused:
        await shop.plan(tool, channel="#support", ts=REPLY, **text)
    assert refused.value.code == "conflict"
    with pytest.raises(Rejected):
        await shop.run(tool, channel="#support", ts=REPLY, **text)


async def test_a_message_is_deleted_for_good(shop):
    plan = await shop.plan(slack_delete_message, channel="#support", ts=OWN)
    assert not plan.reversible
    deleted = await shop.run(slack_delete_message, channel="#support", ts=OWN)
    assert (deleted.id, deleted.deleted) == (OWN, True)
    assert shop.sandbox.workspace.find("C0SUPPORT", OWN) is None


async def test_a_first_message_leaves_its_replies_behind(shop):
    sent = await shop.run(slack_send_message, **HELLO)
    shop.sandbox.workspace.post("C0SUPPORT", {"user": "U0TEAM001", "text": "x", "thread_ts": sent.ts})
    plan = await shop.plan(slack_delete_message, channel="C0SUPPORT", ts=sent.ts)
    assert "1 replies stay" in words(plan)
    await shop.run(slack_delete_message, channel="C0SUPPORT", ts=sent.ts)
    assert (await shop.reconcile(slack_delete_message, channel="C0SUPPORT", ts=sent.ts)).id == sent.ts


async def test_a_plan_to_delete_is_void_once_the_message_was_edited(shop):
    before = (await shop.plan(slack_delete_message, channel="#support", ts=OWN)).state
    await shop.run(slack_update_message, channel="#support", ts=OWN, text="New")
    assert (await shop.plan(slack_delete_message, channel="#support", ts=OWN)).state != before


async def test_a_lost_deletion_is_found_by_what_is_missing(shop):
    given = {"channel": "#support", "ts": OWN}
    assert await shop.reconcile(slack_delete_message, **given) is None
    shop.sandbox.inject(Fault(kind="lost_answer", match="POST /api/chat.delete", times=1))
    with pytest.raises(OutcomeUnknown):
        await shop.run(slack_delete_message, **given)
    assert shop.paths("POST") == ["POST /api/chat.delete"]
    assert (await shop.reconcile(slack_delete_message, **given)).deleted is True


async def test_not_seeing_the_channel_is_no_proof_of_a_deletion(shop):
    with pytest.raises(Rejected):
        await shop.reconcile(slack_delete_message, channel="C0FINANCE", ts=OWN)
    shop.sandbox.inject(Fault(kind="status", status=503, times=None))
    with pytest.raises(Unavailable):
        await shop.reconcile(slack_delete_message, channel="C0SUPPORT", ts=OWN)
