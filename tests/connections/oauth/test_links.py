"""Links that a person opens: good for ten minutes, for one use, and silent about whom they are for."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from wirepost.connections.oauth.links import Invitation, Links
from wirepost.store.database import Database

HERE = "https://wirepost.example.com"


@pytest.fixture
async def database(tmp_path, clock):
    database = await Database.open(tmp_path / "wirepost.db", clock)
    yield database
    await database.close()


@pytest.fixture
def links(database, clock):
    return Links(database, clock, HERE)


def id_of(link) -> str:
    (given,) = parse_qs(urlsplit(link.url).query)["c"]
    return given


async def test_a_link_leads_to_the_page_of_its_connection_and_is_good_for_ten_minutes(links) -> None:
    link = await links.create("hubspot-eu", "anna@example.com", ["b", "a", "b"])
    assert re.fullmatch(rf"{HERE}/connect/hubspot-eu\?c=[\w-]{{43}}", link.url), "256 bits, and nothing else"
    assert link.expires_in_s == 600
    assert await links.take(id_of(link)) == Invitation("hubspot-eu", "anna@example.com", ("a", "b"))


async def test_a_link_is_used_up_by_taking_and_not_by_looking(links) -> None:
    given = id_of(await links.create("crm", "shared"))
    assert await links.look(given) == await links.look(given) == Invitation("crm", "shared", ())
    assert await links.take(given) == Invitation("crm", "shared", ())
    assert await links.take(given) is None
    assert await links.look(given) is None


async def test_a_link_ends_by_itself_after_ten_minutes_and_leaves_no_row(links, database, clock) -> None:
    given = id_of(await links.create("crm", "shared"))
    clock.advance(599)
    assert await links.look(given) is not None
    clock.advance(1)
    assert await links.look(given) is None
    assert await links.take(given) is None
    await links.create("chat", "shared")
    assert await database.read("SELECT connection FROM links LIMIT 10") == [("chat",)]


@pytest.mark.parametrize("given", ["", "x", "\udcff", "' OR 1=1 --"])
async def test_an_invented_link_is_for_nothing(links, given) -> None:
    await links.create("crm", "shared")
    assert await links.look(given) is None
    assert await links.take(given) is None


async def test_two_links_for_the_same_account_are_good_at_once(links) -> None:
    first, second = await links.create("crm", "shared"), await links.create("crm", "shared")
    assert id_of(first) != id_of(second)
    assert await links.take(id_of(first)) == await links.take(id_of(second))


async def test_the_id_is_neither_stored_nor_shown_by_accident(links, database, tmp_path) -> None:
    link = await links.create("crm", "shared")
    assert id_of(link) not in repr(link)
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"crm" in stored
    assert id_of(link).encode() not in stored


async def test_a_name_that_is_special_in_addresses_stays_one_part_of_the_path(links) -> None:
    link = await links.create("a/b?c", "shared")
    assert urlsplit(link.url).path == "/connect/a%2Fb%3Fc"


async def test_no_link_is_made_where_no_page_is_served(database, clock) -> None:
    assert await Links(database, clock, None).create("crm", "shared") is None
    assert await database.read("SELECT 1 FROM links LIMIT 1") == []
