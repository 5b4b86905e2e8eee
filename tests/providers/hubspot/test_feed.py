"""Records that were changed in the sandbox are found by the time of their change."""

from __future__ import annotations

from typing import Any

import pytest

from support.clock import ManualClock
from support.hubspot import JudgedPortal
from wirepost.core.errors import CallError
from wirepost.providers.hubspot import PROVIDER, feed_of
from wirepost.providers.hubspot.feed import OVERLAP_S, PAGE, HubSpotFeed
from wirepost.providers.hubspot.sandbox.state import LAG_S
from wirepost.sandbox.faults import Fault
from wirepost.webhooks.webhook import Item


async def read(portal: Any, position: str | None, after: float) -> list[tuple[str, Item]]:
    return [each async for each in feed_of(portal.client()).since(position, after)]


async def test_what_was_made_and_changed_is_found_oldest_first(
    portal: JudgedPortal, clock: ManualClock
) -> None:
    began = clock.now().timestamp()
    state = portal.sandbox.state
    clock.advance(OVERLAP_S)
    deal = state.change("deals", state.table("deals")["300001"], {"dealstage": "closedwon"})
    clock.advance(10)
    contact = state.create("contacts", {"email": "new@example.com"})
    clock.advance(10)
    company = state.change("companies", state.table("companies")["200001"], {"name": "Other"})
    clock.advance(LAG_S + 1)
    found = await read(portal, None, began)
    assert [(item.type, item.subject) for _, item in found] == [
        ("deal.updated", f"deal/{deal.id}"),
        ("contact.created", f"contact/{contact.id}"),
        ("company.updated", f"company/{company.id}"),
    ]
    assert [item.time for _, item in found] == sorted(item.time or 0 for _, item in found)
    assert {item.account for _, item in found} == {"2468013"}
    assert [item.marks for _, item in found] == [(deal.id,), (contact.id,), (company.id,)]


async def test_a_later_look_goes_on_and_repeats_the_last_minutes_under_the_same_keys(
    portal: JudgedPortal, clock: ManualClock
) -> None:
    began = clock.now().timestamp()
    state = portal.sandbox.state
    state.create("contacts", {"email": "one@example.com"})
    clock.advance(LAG_S + 1)
    ((position, first),) = await read(portal, None, began - 1)
    state.create("contacts", {"email": "two@example.com"})
    clock.advance(LAG_S + 1)
    again, second = await read(portal, position, began)
    assert (again[1].key, second[1].key) == (first.key, second[1].key)
    assert second[1].key != first.key
    assert float(again[0]) == float(position) <= float(second[0])
    clock.advance(2 * OVERLAP_S)
    state.change("contacts", state.table("contacts")["100001"], {"phone": "1"})
    clock.advance(LAG_S + 1)
    ((_, third),) = await read(portal, str(clock.now().timestamp() - 60), began)
    assert third.subject == "contact/100001"


async def test_more_than_a_page_is_read(portal: JudgedPortal, clock: ManualClock) -> None:
    began = clock.now().timestamp()
    for number in range(PAGE + 7):
        clock.advance(0.01)
        portal.sandbox.state.create("contacts", {"email": f"{number}@example.com"})
    clock.advance(LAG_S + 1)
    found = await read(portal, None, began)
    assert len({item.key for _, item in found}) == PAGE + 7


async def test_kinds_the_token_may_not_read_are_left_out(open_portal: Any, clock: ManualClock) -> None:
    portal = open_portal(lacking=["tickets"])
    began = clock.now().timestamp()
    portal.sandbox.state.create("tickets", {"subject": "Help"})
    portal.sandbox.state.create("contacts", {"email": "a@example.com"})
    clock.advance(LAG_S + 1)
    assert [item.type for _, item in await read(portal, None, began - 1)] == ["contact.created"]


async def test_other_refusals_are_told(portal: JudgedPortal, clock: ManualClock) -> None:
    portal.sandbox.inject(Fault("status", status=401, times=None))
    with pytest.raises(CallError):
        await read(portal, None, clock.now().timestamp())


def test_the_provider_offers_it() -> None:
    assert PROVIDER.feed is feed_of
    assert HubSpotFeed.has_keys_of_requests is False
