"""Users: found by address, id and a part of their name."""

from __future__ import annotations

import pytest

from wirepost.core.errors import InvalidCall, NotConnected
from wirepost.providers.slack.tools.people import slack_find_users


async def test_an_address_needs_one_request_besides_who_we_are(shop):
    page = await shop.run(slack_find_users, email="FRIDA@nordlicht.example")
    (user,) = page.records
    assert (user.id, user.handle, user.real_name) == ("U0TEAM001", "frida", "Frida Nordlund")
    assert (user.is_bot, user.is_external, user.is_active) == (False, False, True)
    assert sorted(shop.paths()) == ["GET /api/auth.test", "GET /api/users.lookupByEmail"]


async def test_nobody_is_an_empty_page(shop):
    assert (await shop.run(slack_find_users, email="nobody@example.com")).records == []
    assert (await shop.run(slack_find_users, ids=["U0NOBODY1"])).records == []


async def test_ids_are_read_one_by_one_and_once(shop):
    page = await shop.run(slack_find_users, ids=["U0PARTNER1", "U0TEAM001", "U0PARTNER1"])
    assert [user.id for user in page.records] == ["U0TEAM001", "U0PARTNER1"]
    assert page.records[1].is_external is True
    assert shop.paths().count("GET /api/users.info") == 2
    assert "GET /api/users.list" not in shop.paths()


async def test_parts_of_names_are_looked_for_in_the_whole_directory(shop):
    page = await shop.run(slack_find_users, name_contains="@Fr")
    assert [user.name for user in page.records] == ["frida", "lena"]
    assert page.total == 2


async def test_pages_of_users_neither_repeat_nor_lose_one(shop):
    whole = await shop.run(slack_find_users, {"limit": 100}, name_contains="or")
    first = await shop.run(slack_find_users, {"limit": 1}, name_contains="or")
    rest = await shop.run(slack_find_users, {"limit": 100, "position": first.after[0]}, name_contains="or")
    assert (len(first.records), first.has_more, rest.has_more) == (1, True, False)
    assert [*first.records, *rest.records] == whole.records


@pytest.mark.parametrize("arguments", [{}, {"email": "a@b.example", "ids": ["U0TEAM001"]}])
async def test_exactly_one_way_must_be_named(shop, arguments):
    with pytest.raises(InvalidCall):
        await shop.run(slack_find_users, **arguments)


async def test_addresses_need_a_scope_of_their_own(open_shop):
    shop = open_shop(granted={"users:read"})
    with pytest.raises(NotConnected) as refused:
        await shop.run(slack_find_users, email="frida@nordlicht.example")
    assert refused.value.detail["needed"] == ["users:read.email"]
    (user,) = (await shop.run(slack_find_users, ids=["U0TEAM001"])).records
    assert user.email is None
