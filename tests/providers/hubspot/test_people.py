"""Owners: found by address, name and whether they still work there."""

from __future__ import annotations

import pytest

from support.hubspot import JudgedPortal
from wirepost.providers.hubspot.client import dated
from wirepost.providers.hubspot.people import owners

OWNERS = dated("crm/owners")
EVERYBODY = {"email": None, "name_contains": None, "is_active": None, "limit": 100}


async def test_active_owners_come_first(portal: JudgedPortal):
    found = await portal.crm().owners(**EVERYBODY)
    assert [owner.is_active for owner in found] == [True] * 7 + [False]
    assert found[0].email == "frida@nordlicht.example"


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"email": "AYLIN@nordlicht.example"}, ["Aylin Kaya"]),
        ({"name_contains": "o'con"}, ["Sam O'Connor"]),
        ({"name_contains": "o'con", "is_active": True}, []),
        ({"is_active": False}, ["Sam O'Connor"]),
        ({"limit": 2}, ["Frida Nordlund", "Mikkel Sørensen"]),
    ],
)
async def test_owners_are_narrowed_down(portal: JudgedPortal, wanted, names):
    found = await portal.crm().owners(**{**EVERYBODY, **wanted})
    assert [owner.name for owner in found] == names


def raw(number, **more):
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    return {"id": str(number), "type": "PERSON", "archived": False, **times, **more}


async def test_all_pages_of_owners_are_read(described):
    described.stub(
        "GET", OWNERS, {"results": [raw(1, firstName="A")], "paging": {"next": {"after": "1"}}}, times=1
    )
    described.stub("GET", OWNERS, {"results": [raw(2, email="b@example.com"), raw(3)]}, times=1)
    found = await owners(described.client(), limit=10, is_active=True)
    assert [owner.name for owner in found] == ["A", "b@example.com", "3"]
    assert "after=1" in described.described.mock.journal[-1]["query"]


async def test_reading_owners_ends_even_if_their_pages_do_not(described):
    described.stub("GET", OWNERS, {"results": [raw(1)], "paging": {"next": {"after": "1"}}})
    assert len(await owners(described.client(), limit=1000, is_active=True)) == 10
