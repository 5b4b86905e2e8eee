"""Messages as they are read: names, authors, marks, small pages."""

from __future__ import annotations

import pytest

from wirepost.core.errors import NotConnected, Rejected, Unavailable
from wirepost.providers.slack.messages import Reader, intent_of, is_mine, message_at, page_of
from wirepost.providers.slack.models import Message

ME = {"user_id": "U0WIREPOST", "bot_id": "B0WIREPOST"}
TS = "1735725600.000100"


async def shown(calls, *rows):
    call = calls.call(may_write=False)
    return await Reader(call).read(Message, "C0SUPPORT", list(rows))


async def test_mentions_links_and_entities_are_readable_and_the_raw_text_is_kept(shop):
    raw = "<@U0TEAM002>: &lt;b&gt; <https://a.example|x>"
    (message,) = await shown(shop, {"ts": TS, "user": "U0TEAM001", "text": raw})
    assert message.text == "@mikkel (U0TEAM002): <b> x (https://a.example)"
    assert message.raw == raw
    assert message.ts == TS
    assert message.at == "2025-01-01T10:00:00Z"
    assert message.permalink == "https://nordlicht.slack.com/archives/C0SUPPORT/p1735725600000100"
    assert message.user.name == "frida"


async def test_each_person_is_looked_up_once(shop):
    rows = [{"ts": f"173572560{n}.000100", "user": "U0TEAM001", "text": "<@U0TEAM001>"} for n in range(5)]
    await shown(shop, *rows)
    assert shop.paths().count("GET /api/users.info") == 1


async def test_people_of_other_organizations_are_marked(shop):
    (partner,) = await shown(shop, {"ts": TS, "user": "U0PARTNER1", "text": "x"})
    assert partner.user.is_external is True
    (unknown,) = await shown(shop, {"ts": TS, "user": "U0UNKNOWN1", "team": "T0ELSEWHERE", "text": "x"})
    assert (unknown.user.name, unknown.user.is_external) == (None, True)


async def test_programs_are_authors_too(shop):
    bot, nobody = await shown(
        shop,
        {"ts": TS, "bot_id": "B0OTHER", "username": "Deploys", "text": "done"},
        {"ts": TS, "text": "system"},
    )
    assert (bot.user.id, bot.user.name, bot.user.is_bot) == ("B0OTHER", "Deploys", True)
    assert nobody.user is None


async def test_a_message_of_attachments_alone_says_what_they_say(shop):
    attachments = [{"fallback": "Build 7 failed"}, {"text": "3 tests"}, {}]
    (message,) = await shown(shop, {"ts": TS, "text": "", "attachments": attachments})
    assert message.text == "Build 7 failed\n3 tests"


async def test_reactions_files_and_edits_are_shown_in_short(shop):
    row = {
        "ts": TS, "user": "U0TEAM001", "text": "x", "edited": {"ts": TS, "user": "U0TEAM001"},
        "reactions": [{"name": "eyes", "users": ["U0TEAM001", "U0TEAM002"], "count": 2}],
        "files": [{"id": "F0A", "title": "Plan", "size": 3, "url_private": "https://files.slack.com/x"}],
    }  # fmt: skip
    (message,) = await shown(shop, row)
    assert [(each.emoji, each.count) for each in message.reactions] == [("eyes", 2)]
    assert (message.files[0].id, message.files[0].name) == ("F0A", "Plan")
    assert message.is_edited is True
    assert "files.slack.com" not in message.model_dump_json()


async def test_without_the_scope_names_are_missing_and_that_is_said(open_shop):
    shop = open_shop(granted={"channels:history", "channels:read"})
    (message,) = await shown(shop, {"ts": TS, "user": "U0TEAM001", "text": "<@U0TEAM002> hi"})
    assert message.user.name is None
    assert message.text == "@U0TEAM002 hi"
    assert "users:read" in shop.warnings[0]


async def test_other_failures_of_names_are_failures(slack):
    for word, family in (("ratelimited", Unavailable), ("token_revoked", NotConnected)):
        slack.refuse("users.info", word, times=3)
        with pytest.raises(family):
            await shown(slack, {"ts": TS, "user": "U0TEAM001", "text": "x"})


async def test_a_recorded_message_with_every_property_is_read(slack):
    (row,) = slack.sample("conversations.history")["messages"]
    (message,) = await shown(slack, row | {"ts": TS})
    assert message.ts == TS


async def test_a_page_that_slack_cut_down_is_noticed(open_shop):
    shop = open_shop(is_restricted=True)
    call = shop.call(may_write=False)
    rows, has_more = await page_of(call, "conversations.history", "C0SUPPORT", limit=100)
    assert (len(rows), has_more) == (15, True)
    assert "15 messages where 100 were asked for" in call.warnings[0]


async def test_a_page_as_small_as_asked_for_is_no_reason_to_warn(shop):
    call = shop.call(may_write=False)
    await page_of(call, "conversations.history", "C0SUPPORT", limit=15)
    await page_of(call, "conversations.history", "C0SUPPORT", limit=20)
    await page_of(call, "conversations.history", "C0CARRIER", limit=100)
    assert call.warnings == []


async def test_one_message_is_read_whether_in_a_channel_or_a_thread(shop):
    api = shop.client(may_write=False)
    assert (await message_at(api, "C0SUPPORT", TS))["ts"] == TS
    assert (await message_at(api, "C0SUPPORT", "1735729200.000200"))["user"] == "U0WIREPOST"
    for ts in ("1735725600.000101", "1.000000"):
        with pytest.raises(Rejected) as refused:
            await message_at(api, "C0SUPPORT", ts)
        assert refused.value.code == "not_found"


async def test_neither_a_neighbour_nor_a_grave_is_the_message(slack):
    for row in ({"ts": "1735725600.000200"}, {"ts": TS, "subtype": "tombstone"}):
        slack.stub("conversations.replies", {"messages": [row]}, times=1)
        with pytest.raises(Rejected) as refused:
            await message_at(slack.client(), "C0SUPPORT", TS)
        assert refused.value.provider_code == "message_not_found"


@pytest.mark.parametrize(
    ("row", "intent"),
    [
        ({"metadata": {"event_type": "mcp_intent", "event_payload": {"intent_id": "int_1"}}}, "int_1"),
        ({"metadata": {"event_type": "other", "event_payload": {"intent_id": "int_1"}}}, None),
        ({"metadata": {"event_type": "mcp_intent", "event_payload": {"intent_id": 7}}}, None),
        ({"metadata": {"event_type": "mcp_intent"}}, None),
        ({}, None),
    ],
)
def test_the_mark_of_an_action_is_read(row, intent):
    assert intent_of(row) == intent


def test_messages_of_ours_are_known_by_user_or_bot():
    assert is_mine({"user": "U0WIREPOST"}, ME)
    assert is_mine({"bot_id": "B0WIREPOST"}, ME)
    assert not is_mine({"user": "U0TEAM001", "bot_id": "B0OTHER"}, ME)
    assert not is_mine({"text": "x"}, {})
