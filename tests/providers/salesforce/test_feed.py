"""Records that were changed in the sandbox are found by the time of their change."""

from __future__ import annotations

from typing import Any

import pytest

from support.clock import ManualClock
from support.salesforce import JudgedOrg
from wirepost.core.errors import CallError
from wirepost.providers.salesforce import PROVIDER, feed_of
from wirepost.providers.salesforce.feed import OVERLAP_S, PAGE, SalesforceFeed
from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION, key_of
from wirepost.sandbox.faults import Fault
from wirepost.webhooks.webhook import Item


async def read(org: Any, position: str | None, after: float) -> list[tuple[str, Item]]:
    return [each async for each in feed_of(org.client()).since(position, after)]


async def test_what_was_made_and_changed_is_found_oldest_first(org: JudgedOrg, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    state = org.sandbox.state
    clock.advance(OVERLAP_S + 10)
    row = next(iter(state.table("Opportunity").values()))
    state.change(row, {"StageName": "Prospecting"})
    clock.advance(10)
    contact = state.create("Contact", {"LastName": "New"})
    found = await read(org, None, began)
    assert [(item.type, item.subject) for _, item in found] == [
        ("deal.updated", f"deal/{row.id}"),
        ("contact.created", f"contact/{contact.id}"),
    ]
    assert found[1][1].time == int(clock.now().timestamp())
    assert {item.account for _, item in found} == {ORGANIZATION}


async def test_a_later_look_goes_on_and_repeats_the_last_minutes_under_the_same_keys(
    org: JudgedOrg, clock: ManualClock
) -> None:
    began = clock.now().timestamp()
    org.sandbox.state.create("Account", {"Name": "One"})
    ((position, first),) = await read(org, None, began - 1)
    clock.advance(5)
    org.sandbox.state.create("Account", {"Name": "Two"})
    again, second = await read(org, position, began)
    assert again[1].key == first.key != second[1].key
    assert float(position) <= float(again[0]) <= float(second[0])


async def test_more_than_a_page_of_one_second_is_read(org: JudgedOrg, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    for number in range(PAGE + 7):
        org.sandbox.state.create("Account", {"Name": f"{number}"})
    found = await read(org, None, began - 1)
    assert len({item.key for _, item in found}) == PAGE + 7


async def test_a_record_of_which_only_the_id_was_told_is_read(org: JudgedOrg) -> None:
    record = key_of("company0001")
    data = await feed_of(org.client()).fetch(f"Account/{record}")
    assert (data["object"], data["object_type"], data["id"]) == ("company", "Account", record)
    assert data["fields"]["Name"]
    with pytest.raises(CallError):
        await feed_of(org.client()).fetch("Account/../limits")


async def test_refusals_are_told(org: JudgedOrg, clock: ManualClock) -> None:
    org.sandbox.inject(Fault("status", status=401, match="/services/data*", times=None))
    with pytest.raises(CallError):
        await read(org, None, clock.now().timestamp())


def test_the_provider_offers_it() -> None:
    assert PROVIDER.feed is feed_of
    assert SalesforceFeed.has_keys_of_requests is False
