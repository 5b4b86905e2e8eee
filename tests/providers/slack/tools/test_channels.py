"""Channels: listed, described, read in pages, with threads."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.providers.slack.tools.channels import (
    slack_get_channel,
    slack_list_channels,
    slack_read_channel,
    slack_read_thread,
)

PINNED = "1735725600.000100"
LINK = "https://nordlicht.slack.com/archives/C0SUPPORT/p1735725600000100"


def ts_of(page):
    return [message.ts for message in page.records]


async def all_pages(shop, tool, limit, **arguments):
    """Every record, page by page, as a caller reads them."""
    records, position = [], None
    while True:
        page = await shop.run(tool, {"limit": limit, "position": position}, **arguments)
        records += page.records
        if not page.has_more:
            return records
        position = page.after[-1] if page.after else page.next


async def test_channels_are_listed_by_name_and_the_total_is_exact(shop):
    page = await shop.run(slack_list_channels)
    names = [channel.name for channel in page.records]
    assert names == sorted(names)
    assert {"support", "random", "carrier-and-us"} <= set(names)
    assert "finance" not in names
    assert "old-shop" not in names
    assert (page.total, page.total_is) == (len(names), "exact")


async def test_pages_of_channels_neither_repeat_nor_lose_one(shop):
    whole = await shop.run(slack_list_channels)
    parts = await all_pages(shop, slack_list_channels, 2)
    assert parts == whole.records
    assert shop.paths().count("GET /api/conversations.list") == 1


async def test_the_apps_own_channels_are_told_from_all(shop):
    page = await shop.run(slack_list_channels, member_only=True, name_contains="#R")
    assert [channel.name for channel in page.records] == ["carrier-and-us", "general", "orders", "support"]
    assert shop.paths() == ["GET /api/users.conversations"]


async def test_direct_messages_show_who_is_on_the_other_side(shop):
    page = await shop.run(slack_list_channels, types=["im"])
    assert [(channel.id, channel.kind, channel.name) for channel in page.records] == [
        ("D0TEAM001", "im", "@frida")
    ]


async def test_a_channel_says_who_reads_it(shop):
    support = await shop.run(slack_get_channel, channel="support")
    assert (support.kind, support.members, support.is_member, support.is_external) == (
        "public",
        9,
        True,
        False,
    )
    shared = await shop.run(slack_get_channel, channel="C0CARRIER")
    assert shared.is_external is True


async def test_a_channel_is_read_newest_first_and_page_by_page(shop):
    whole = await all_pages(shop, slack_read_channel, 100, channel="#support")
    assert ts_of_rows(whole) == sorted(ts_of_rows(whole), reverse=True)
    parts = await all_pages(shop, slack_read_channel, 7, channel="#support")
    assert ts_of_rows(parts) == ts_of_rows(whole)
    assert all(isinstance(message.ts, str) for message in whole)


def ts_of_rows(rows):
    return [row.ts for row in rows]


async def test_a_page_cut_anywhere_goes_on_behind_the_cut(shop):
    whole = await shop.run(slack_read_channel, {"limit": 20}, channel="#support")
    rest = await shop.run(slack_read_channel, {"limit": 5, "position": whole.after[9]}, channel="#support")
    assert ts_of(rest) == ts_of(whole)[10:15]


async def test_replies_are_left_out_and_counted(shop):
    page = await shop.run(slack_read_channel, {"limit": 100}, channel="#support", before="2025-02-01")
    (message,) = page.records
    assert message.ts == PINNED
    assert message.reply_count == 2
    assert message.replies is None
    assert "@aylin (U0TEAM003) asked after anna.lindqvist@example.com & Co." in message.text


async def test_replies_come_with_the_page_where_they_are_asked_for(shop):
    page = await shop.run(
        slack_read_channel, {"limit": 100}, channel="#support", before="2025-02-01", expand_threads=1
    )
    (message,) = page.records
    assert ts_of_rows(message.replies) == ["1735727400.000300", "1735729200.000200"]


async def test_only_so_many_threads_are_read(shop):
    page = await shop.run(slack_read_channel, {"limit": 100}, channel="#support", expand_threads=2)
    assert len([message for message in page.records if message.replies]) == 2
    assert shop.paths().count("GET /api/conversations.replies") == 2


async def test_a_thread_that_goes_on_is_said(open_shop):
    shop = open_shop(most_rows=2)
    await shop.run(
        slack_read_channel, {"limit": 100}, channel="C0SUPPORT", before="2025-02-01", expand_threads=1
    )
    assert "slack_read_thread" in shop.warnings[0]


async def test_who_joined_is_shown_only_on_request(shop):
    page = await shop.run(slack_read_channel, channel="#support", before="2025-02-01", include_joins=True)
    assert [message.subtype for message in page.records] == [None, "channel_join"]
    assert page.records[1].text == "@frida (U0TEAM001) has joined the channel"


async def test_a_page_on_which_nothing_is_shown_still_leads_on(shop):
    rows = [
        {"type": "message", "user": "U0TEAM001", "subtype": "channel_join", "text": "x",
         "ts": f"17357230{number:02}.000100"}
        for number in range(9)
    ]  # fmt: skip
    shop.sandbox.workspace.messages["C0SUPPORT"] += rows
    page = await shop.run(
        slack_read_channel, {"limit": 3, "position": "1735725600.000100"}, channel="#support"
    )
    assert page.records == []
    assert page.has_more
    assert page.after is None
    assert page.next == "1735723006.000100"


async def test_times_bound_a_page(shop):
    page = await shop.run(slack_read_channel, {"limit": 100}, channel="#support", after="-30d", before="-10d")
    assert page.records
    assert all("2026-10-26T10:00:00Z" <= message.at <= "2026-11-15T10:00:00Z" for message in page.records)


async def test_a_restricted_app_gets_a_warning_with_its_short_page(open_shop):
    """12.2.4i: a history that Slack cuts short is said to go on."""
    shop = open_shop(is_restricted=True)
    page = await shop.run(slack_read_channel, {"limit": 50}, channel="C0SUPPORT")
    assert len(page.records) == 15
    assert page.has_more
    assert "15" in shop.warnings[0]


@pytest.mark.parametrize(
    ("channel", "family", "code"),
    [
        ("C0RANDOM", Rejected, "conflict"),
        ("C0FINANCE", Rejected, "not_found"),
        ("#nowhere", InvalidCall, "invalid_arguments"),
    ],
)
async def test_channels_that_cannot_be_read(shop, channel, family, code):
    with pytest.raises(family) as refused:
        await shop.run(slack_read_channel, channel=channel)
    assert refused.value.code == code


async def test_a_missing_scope_is_named(open_shop):
    shop = open_shop(granted={"channels:read"})
    with pytest.raises(NotConnected) as refused:
        await shop.run(slack_read_channel, channel="C0SUPPORT")
    assert refused.value.detail == {"needed": ["channels:history"], "granted": ["channels:read"]}


@pytest.mark.parametrize(
    "link",
    [LINK, f"{LINK.replace('57256000001', '57292000002')}?thread_ts={PINNED}&cid=C0SUPPORT"],
)
async def test_a_thread_is_read_by_a_link_to_any_of_its_messages(shop, link):
    """12.2.4h: a link with `thread_ts` leads to its thread."""
    page = await shop.run(slack_read_thread, permalink=link)
    assert ts_of(page) == [PINNED, "1735727400.000300", "1735729200.000200"]
    assert page.records[2].user.is_bot is True


async def test_a_link_to_an_answer_without_its_thread_gives_that_answer(shop):
    """12.2.4h: a link without it leads to the message."""
    link = "https://nordlicht.slack.com/archives/C0SUPPORT/p1735729200000200"
    assert ts_of(await shop.run(slack_read_thread, permalink=link)) == ["1735729200.000200"]


async def test_the_first_message_of_a_thread_comes_once(shop):
    for number in range(7):
        row = {"user": "U0TEAM001", "text": str(number), "thread_ts": PINNED}
        shop.sandbox.workspace.post("C0SUPPORT", row)
    whole = await all_pages(shop, slack_read_thread, 100, channel="#support", thread_ts=PINNED)
    parts = await all_pages(shop, slack_read_thread, 3, channel="#support", thread_ts=PINNED)
    assert ts_of_rows(parts) == ts_of_rows(whole)
    assert len(whole) == 10


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({}, "channel"),
        ({"channel": "#support"}, "thread_ts"),
        ({"permalink": "https://example.com"}, "permalink"),
        ({"permalink": LINK, "channel": "#support"}, "permalink"),
    ],
)
async def test_a_thread_must_be_named_in_one_way(shop, arguments, path):
    with pytest.raises(InvalidCall) as refused:
        await shop.run(slack_read_thread, **arguments)
    assert refused.value.fields[0]["path"] == path
