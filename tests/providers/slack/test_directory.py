"""Users and channels: single lookups first, lists whole or not at all."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, Rejected, Unavailable
from wirepost.providers.slack.directory import MOST_NAMED, Directory, all_names, shown_name
from wirepost.sandbox.faults import Fault

FRIDA, MIKKEL = "U0TEAM001", "U0TEAM002"


def directory(calls):
    return Directory(calls.client(may_write=False))


async def test_nothing_is_read_before_it_is_needed(shop):
    directory(shop)
    assert shop.paths() == []


async def test_an_id_needs_no_request_and_an_address_one(shop):
    where = directory(shop)
    assert await where.channel_id("C0SUPPORT") == "C0SUPPORT"
    assert await where.user_id(FRIDA) == FRIDA
    assert shop.paths() == []
    assert await where.user_id("Frida@Nordlicht.example") == FRIDA
    assert shop.paths() == ["GET /api/users.lookupByEmail"]


async def test_what_was_found_is_kept_for_the_connection_and_read_again_later(shop):
    await directory(shop).user(FRIDA)
    await directory(shop).user(FRIDA)
    assert shop.paths() == ["GET /api/users.info"]
    shop.clock.advance(601)
    await directory(shop).user(FRIDA)
    assert len(shop.paths()) == 2


async def test_a_channel_is_found_by_name_among_the_apps_own_first(shop):
    assert await directory(shop).channel_id("#Support") == "C0SUPPORT"
    assert shop.paths() == ["GET /api/users.conversations"]
    assert await directory(shop).channel_id("random") == "C0RANDOM"
    assert shop.paths() == ["GET /api/users.conversations", "GET /api/conversations.list"]


def rename(shop, channel, name):
    """People rename a channel."""
    shop.sandbox.workspace.channels[channel].update(name=name, name_normalized=name)


async def test_a_name_that_has_gone_to_another_channel_means_that_one(shop):
    assert await directory(shop).channel_id("#support") == "C0SUPPORT"
    rename(shop, "C0SUPPORT", "support-with-customers")
    rename(shop, "C0ORDERS", "support")
    seen = len(shop.paths())
    assert await directory(shop).channel_id("#support") == "C0ORDERS"
    assert shop.paths()[seen:] == ["GET /api/conversations.info", "GET /api/users.conversations"]


async def test_a_name_that_a_channel_outside_the_apps_own_has_taken_means_that_one(shop):
    assert await directory(shop).channel_id("#random") == "C0RANDOM"
    assert await directory(shop).channel_id("#support") == "C0SUPPORT"
    rename(shop, "C0SUPPORT", "support-with-customers")
    rename(shop, "C0RANDOM", "support")
    assert await directory(shop).channel_id("#support") == "C0RANDOM"


async def test_a_name_that_no_channel_has_any_more_is_refused(shop):
    await directory(shop).channel_id("#support")
    rename(shop, "C0SUPPORT", "support-with-customers")
    with pytest.raises(InvalidCall) as refused:
        await directory(shop).channel_id("#support")
    assert refused.value.fields[0]["allowed"] == ["support-with-customers"]


async def test_the_name_of_a_channel_that_is_gone_is_looked_up_anew(shop):
    await directory(shop).channel_id("#support")
    del shop.sandbox.workspace.channels["C0SUPPORT"]
    rename(shop, "C0ORDERS", "support")
    assert await directory(shop).channel_id("#support") == "C0ORDERS"


async def test_a_kept_name_costs_one_request(shop):
    await directory(shop).channel_id("#support")
    assert await directory(shop).channel_id("#support") == "C0SUPPORT"
    assert shop.paths() == ["GET /api/users.conversations", "GET /api/conversations.info"]


async def test_a_channel_that_nobody_has_is_refused_with_similar_ones(shop):
    with pytest.raises(InvalidCall) as refused:
        await directory(shop).channel_id("#order")
    assert refused.value.fields == [
        {"path": "channel", "problem": "names no channel that this app can see", "allowed": ["orders"]}
    ]


async def test_names_that_are_offered_instead_are_clean(slack):
    rows = [{"id": "C0AAAAAAA", "name": "late-orders\u202e\u200b\x07"}]
    slack.stub("users.conversations", {"channels": []})
    slack.stub("conversations.list", {"channels": rows})
    with pytest.raises(InvalidCall) as refused:
        await directory(slack).channel_id("late-order")
    assert refused.value.fields[0]["allowed"] == ["late-orders"]


async def test_two_channels_of_one_name_are_told_apart_by_their_ids(slack):
    rows = [{"id": "C0AAAAAAA", "name": "twin"}, {"id": "C0BBBBBBB", "name": "twin"}]
    slack.stub("users.conversations", {"channels": rows})
    with pytest.raises(InvalidCall) as refused:
        await directory(slack).channel_id("twin")
    assert refused.value.fields[0]["allowed"] == ["C0AAAAAAA", "C0BBBBBBB"]


@pytest.mark.parametrize("name", ["@frida", "frida", "Frida", "@Frida Nordlund"])
async def test_a_user_is_found_by_each_of_their_names(shop, name):
    assert await directory(shop).user_id(name) == FRIDA


async def test_names_and_addresses_of_nobody_are_refused(shop):
    for text in ("@nobody", "nobody@example.com"):
        with pytest.raises(InvalidCall):
            await directory(shop).user_id(text)


async def test_somebody_who_left_is_not_found_by_name(shop):
    """The last colleague of the world no longer works there."""
    with pytest.raises(InvalidCall):
        await directory(shop).user_id("@sam")
    assert (await directory(shop).user("U0TEAM008"))["deleted"] is True


async def test_two_people_of_one_name_are_refused_with_both_ids(shop):
    twin = shop.sandbox.workspace.users[MIKKEL]
    twin["profile"]["display_name"] = "frida"
    with pytest.raises(InvalidCall) as refused:
        await directory(shop).ids_of(["frida"], "text")
    assert refused.value.fields[0]["allowed"] == [FRIDA, MIKKEL]


async def test_a_list_whose_paging_failed_half_way_is_not_kept(open_shop):
    """12.2.4g: half of a directory is not kept as the whole."""
    shop = open_shop(most_rows=4)
    shop.sandbox.limit(1 / 600, 2, scope="users.list")
    with pytest.raises(Unavailable):
        await directory(shop).users()
    pages = len(shop.paths())
    assert pages >= 2
    del shop.sandbox.buckets["users.list"]
    shop.clock.advance(600)
    everybody = await directory(shop).users()
    assert [row["id"] for row in everybody] == list(shop.sandbox.workspace.users)
    assert len(shop.paths()) == pages + 3
    assert await directory(shop).users() is everybody


async def test_a_complete_list_is_kept_and_refreshed_after_its_time(open_shop):
    shop = open_shop(most_rows=4)
    await directory(shop).users()
    await directory(shop).users()
    assert len(shop.paths()) == 3
    shop.clock.advance(601)
    shop.sandbox.workspace.users["U0TEAM100"] = {**shop.sandbox.workspace.users[FRIDA], "id": "U0TEAM100"}
    assert "U0TEAM100" in [row["id"] for row in await directory(shop).users()]


async def test_only_so_many_users_are_looked_up_for_one_page(slack):
    found = await directory(slack).names(f"U0{number:07}" for number in range(MOST_NAMED + 20))
    assert len(found) == MOST_NAMED


async def test_unknown_ids_are_left_out(shop):
    assert set(await directory(shop).names([FRIDA, "U0NOBODY1"])) == {FRIDA}


async def test_other_refusals_are_not_taken_for_nobody(slack):
    slack.refuse("users.info", "access_denied")
    with pytest.raises(Rejected) as refused:
        await directory(slack).user(FRIDA)
    assert refused.value.provider_code == "access_denied"


async def test_a_private_channel_is_unknown_to_who_is_not_in_it(shop):
    with pytest.raises(Rejected) as refused:
        await directory(shop).channel("C0FINANCE")
    assert refused.value.code == "not_found"
    assert "finance" not in [row["name"] for row in await directory(shop).channels()]


async def test_channel_names_in_a_text_are_left_alone_where_channels_cannot_be_listed(open_shop):
    shop = open_shop(granted={"chat:write"})
    assert await directory(shop).rooms_of(["support"]) == {}
    assert await directory(shop).rooms_of([]) == {}
    assert await directory(open_shop()).rooms_of(["support", "nowhere"]) == {"support": "C0SUPPORT"}


async def test_direct_messages_are_found_by_the_other_side(shop):
    assert await directory(shop).direct_channel(FRIDA) == "D0TEAM001"
    assert await directory(shop).direct_channel(MIKKEL) is None


async def test_a_failing_lookup_is_made_again(shop):
    shop.sandbox.inject(Fault(kind="status", status=503, times=3))
    with pytest.raises(Unavailable):
        await directory(shop).user(FRIDA)
    assert (await directory(shop).user(FRIDA))["id"] == FRIDA


def test_names_of_users_without_a_profile():
    assert all_names({"name": "bot", "real_name": "The Bot"}) == {"bot", "the bot"}
    assert shown_name({"name": "bot"}) == "bot"
    assert shown_name({"name": "a", "profile": {"display_name": "", "real_name": "Ada"}}) == "Ada"
