"""Both searches: the newer one, the older one in its place, and what happens when neither is allowed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wirepost.core.errors import NotConnected, Unavailable
from wirepost.providers.slack.search import Sought, find

MAIL = "anna.lindqvist@example.com"


async def search(calls, *, limit=20, position=None, **sought):
    asked = Sought(**{"query": MAIL, **sought})
    return await find(calls.client(may_write=False), asked, limit=limit, position=position)


def ids(page):
    return [(message.channel, message.ts) for message in page.records]


async def test_the_newer_search_is_asked_in_the_users_name(slack):
    await search(slack)
    (entry,) = slack.sent()
    assert entry["operation"] == "assistant.search.context.get"
    assert slack.last["headers"]["authorization"].startswith("Bearer xoxp-")


async def test_pages_of_results_neither_repeat_nor_lose_one(open_shop):
    whole = ids(await search(open_shop(), query="review", limit=20))
    shop = open_shop(most_rows=4)
    found, position = [], None
    while len(found) < len(whole):
        page = await search(shop, query="review", position=position)
        found += ids(page)
        assert page.has_more
        position = page.next
    assert found == whole
    assert len(whole) == 20


async def test_without_its_scope_the_older_search_answers(open_shop):
    shop = open_shop(user_granted={"search:read"})
    newer = ids(await search(open_shop()))
    page = await search(shop)
    assert ids(page) == newer
    assert page.total_is == "at_least"
    assert shop.paths() == ["GET /api/assistant.search.context", "GET /api/search.messages"]


async def test_pages_of_the_older_search_lead_on_by_themselves(open_shop):
    shop = open_shop(user_granted={"search:read"})
    first = await search(shop, query="review", limit=8)
    second = await search(shop, query="review", limit=8, position=first.next)
    assert first.has_more
    assert ids(first) + ids(second) == ids(await search(shop, query="review", limit=16))
    assert shop.paths()[:3] == [
        "GET /api/assistant.search.context",
        "GET /api/search.messages",
        "GET /api/search.messages",
    ]


async def test_where_neither_is_allowed_the_newer_ones_scope_is_named(open_shop):
    shop = open_shop(user_granted=set())
    with pytest.raises(NotConnected) as refused:
        await search(shop)
    assert refused.value.detail["needed"] == ["search:read.public"]


async def test_failures_are_no_reason_to_ask_the_older_search(slack):
    slack.refuse("assistant.search.context", "internal_error", times=3)
    with pytest.raises(Unavailable):
        await search(slack)
    assert len(slack.sent("assistant.search.context")) == len(slack.sent()) == 3


async def test_a_failure_of_the_older_search_is_told_as_it_is(slack):
    slack.refuse("assistant.search.context", "feature_not_enabled")
    slack.refuse("search.messages", "internal_error", times=3)
    with pytest.raises(Unavailable):
        await search(slack)


async def test_a_refused_position_is_not_searched_elsewhere(slack):
    slack.refuse("assistant.search.context", "missing_scope")
    with pytest.raises(NotConnected):
        await search(slack, position="abc")
    assert len(slack.sent()) == 1


async def test_without_a_user_token_nothing_is_asked(open_shop):
    shop = open_shop(has_user=False)
    with pytest.raises(NotConnected) as refused:
        await search(shop)
    assert refused.value.code == "not_connected"
    assert shop.paths() == []


@pytest.mark.parametrize("scopes", [{"search:read.public"}, {"search:read"}])
async def test_channel_author_and_time_narrow_it_down_in_both(open_shop, scopes):
    shop = open_shop(user_granted=scopes)
    whole = (await search(shop, query="parcel", limit=100)).records
    one = whole[3]
    after = datetime.fromisoformat(one.at)
    narrow = await search(shop, query="parcel", channel=one.channel, user=one.user.id, after=after)
    expected = [
        (each.channel, each.ts)
        for each in whole
        if (each.channel, each.user.id) == (one.channel, one.user.id) and each.at >= one.at
    ]
    assert ids(narrow) == expected
    before = await search(shop, query="parcel", channel=one.channel, before=after)
    assert all(message.at < one.at for message in before.records)


async def test_private_channels_are_searched_only_where_they_are_asked_for(open_shop):
    for scopes in ({"search:read.public", "search:read.private"}, {"search:read"}):
        shop = open_shop(user_granted=scopes)
        public = await search(shop, query="review", limit=100)
        private = await search(shop, query="review", limit=100, kinds=("private",))
        public, private = ({each.channel for each in page.records} for page in (public, private))
        assert "C0FINANCE" not in public
        assert private == {"C0FINANCE"}


async def test_results_are_not_kept(shop):
    await search(shop)
    await search(shop)
    assert shop.paths() == ["GET /api/assistant.search.context"] * 2


async def test_a_result_in_a_thread_names_its_thread(shop):
    before = datetime(2025, 2, 1, tzinfo=UTC)
    page = await search(shop, query="Noted for returns", before=before)
    (message,) = page.records
    assert message.thread_ts == "1735725600.000100"
    assert (message.user.id, message.user.is_bot) == ("U0WIREPOST", True)


async def test_results_without_an_author_or_link_are_results(slack):
    row = {"channel_id": "C0A", "message_ts": "1735725600.000100"}
    slack.stub("assistant.search.context", {"results": {"messages": [row]}})
    (message,) = (await search(slack)).records
    assert (message.text, message.user, message.permalink) == ("", None, None)


async def test_the_older_search_shows_only_the_kinds_that_were_asked_for(slack):
    kinds = {"C0A": {}, "C0B": {"is_private": True}, "D0A": {"is_im": True}, "G0A": {"is_mpim": True}}
    rows = [
        {"channel": {"id": channel, **marks}, "ts": "1735725600.000100", "text": "x"}
        for channel, marks in kinds.items()
    ]
    for kind, channel in zip(("public", "private", "im", "mpim"), kinds, strict=True):
        slack.refuse("assistant.search.context", "missing_scope", needed="search:read.public")
        slack.stub("search.messages", {"messages": {"matches": rows, "total": 4}}, times=1)
        page = await search(slack, kinds=(kind,))
        assert [message.channel for message in page.records] == [channel]
