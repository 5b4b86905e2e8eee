"""Reading the log from a position on, on both databases."""

from __future__ import annotations

import pytest

from support.occurred import event, stored
from wirepost.events.event import Event
from wirepost.events.reading import LogReader, Page


@pytest.fixture
def reader(log) -> LogReader:
    return LogReader(log)


def anything(_: Event) -> bool:
    return True


async def forget(log, *, up_to: int, whole: bool = False) -> None:
    """As retention does: first what the events say, much later all of them but the newest."""
    sql = "DELETE FROM events WHERE seq <= ?" if whole else "UPDATE events SET content = NULL WHERE seq <= ?"
    await log.database.write(lambda tx: tx.execute(sql, up_to))


async def test_pages_follow_each_other_without_a_hole_and_without_a_repetition(reader, log):
    known = [each.id for each in await stored(log, *(event() for _ in range(5)))]
    first = await reader.page(0, anything, limit=2)
    second = await reader.page(first.position, anything, limit=2)
    third = await reader.page(second.position, anything, limit=2)
    assert [each.id for page in (first, second, third) for each in page.events] == known
    assert [page.has_more for page in (first, second, third)] == [True, True, False]
    assert not any(page.is_truncated for page in (first, second, third))
    assert third.position == await reader.newest()


async def test_the_position_moves_on_where_nothing_matches(reader, log):
    await stored(log, *(event(type="invoice.paid") for _ in range(3)))
    page = await reader.page(0, lambda each: each.type == "payment.refunded", limit=10)
    assert (page.events, page.position, page.has_more) == ([], 3, False)


async def test_one_page_looks_at_a_bounded_number_of_events(log):
    await stored(log, *(event() for _ in range(5)))
    page = await LogReader(log, batch=2, most=4).page(0, lambda each: False, limit=10)
    assert (page.events, page.position, page.has_more) == ([], 4, True)


async def test_what_was_forgotten_is_said_to_be_missing(reader, log):
    await stored(log, *(event() for _ in range(4)))
    await forget(log, up_to=2)
    page = await reader.page(1, anything, limit=10)
    assert (page.is_truncated, [each.seq for each in page.events]) == (True, [3, 4])
    assert not (await reader.page(2, anything, limit=10)).is_truncated


async def test_what_was_deleted_is_said_to_be_missing(reader, log):
    await stored(log, *(event() for _ in range(4)))
    await forget(log, up_to=3, whole=True)
    page = await reader.page(1, anything, limit=10)
    assert (page.is_truncated, page.position, len(page.events)) == (True, 4, 1)


async def test_where_all_that_follows_is_forgotten_reading_goes_on_at_the_newest(reader, log):
    await stored(log, *(event() for _ in range(3)))
    await forget(log, up_to=3)
    page = await reader.page(1, anything, limit=10)
    assert (page.is_truncated, page.position, page.events) == (True, 3, [])
    assert not (await reader.page(3, anything, limit=10)).is_truncated


async def test_a_position_that_was_never_reached_is_corrected(reader, log):
    """As after the database was restored from an older copy."""
    await stored(log, event())
    page = await reader.page(99, anything, limit=10)
    assert (page.is_truncated, page.position, page.events) == (True, 1, [])


async def test_at_the_newest_event_nothing_is_missing(reader, log):
    assert await reader.page(0, anything, limit=10) == Page([], 0, is_truncated=False, has_more=False)
    await stored(log, event())
    page = await reader.page(1, anything, limit=10)
    assert (page.is_truncated, page.position) == (False, 1)


async def test_what_is_older_than_asked_for_is_left_out_and_that_is_said(reader, log):
    await stored(log, *(event(received_at=1000.0 + at) for at in range(5)))
    page = await reader.page(1, anything, limit=10, since=1003.0)
    assert (page.is_truncated, [each.received_at for each in page.events]) == (True, [1003.0, 1004.0])
    assert not (await reader.page(3, anything, limit=10, since=1003.0)).is_truncated
    nothing = await reader.page(1, anything, limit=10, since=2000.0)
    assert (nothing.is_truncated, nothing.position, nothing.events) == (True, 5, [])
