"""Several lists of past events read as one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from wirepost.webhooks.feed import merged
from wirepost.webhooks.webhook import Item


async def stream(times: list[float | None]) -> AsyncIterator[Item]:
    for time in times:
        yield Item("a.b", "b", "", time=time)


@given(st.lists(st.lists(st.floats(0, 100), max_size=5).map(sorted), max_size=4))
async def test_what_is_sorted_stays_sorted_and_nothing_is_lost(lists: list[list[float]]) -> None:
    found = [item.time async for item in merged([stream(list(times)) for times in lists])]
    assert found == sorted(time for times in lists for time in times)


async def test_events_of_unknown_time_come_first() -> None:
    found = [item.time async for item in merged([stream([1.0, 2.0]), stream([None, 1.5])])]
    assert found == [None, 1.0, 1.5, 2.0]
