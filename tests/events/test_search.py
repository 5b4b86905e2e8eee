"""The past, newest first, page by page, and always by an index."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event, stored
from wirepost.events import search as module
from wirepost.events.search import Query, known_types, search


async def all_pages(database, **query):
    """What is found over all pages."""
    found, before = [], None
    while True:
        page = await search(database, Query(**query, before=before))
        found += page.events
        if page.next is None:
            return [each.id for each in found]
        before = page.next


@pytest.fixture
async def past(log):
    """Twelve events of two sources and three types."""
    kinds = ["payment.refunded", "payment.dispute.opened", "order.created"]
    return await stored(
        log,
        *(
            event(
                type=kinds[n % 3],
                source="stripe-live" if n % 2 else "shop",
                environment="test" if n == 5 else "production",
                subject=f"thing/{n % 4}",
                received_at=1000.0 + n,
            )
            for n in range(12)
        ),
    )


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ({}, lambda each: True),
        ({"types": ["payment.refunded"]}, lambda each: each.type == "payment.refunded"),
        ({"types": ["payment.*"]}, lambda each: each.type.startswith("payment.")),
        ({"types": ["nothing.*"]}, lambda each: False),
        ({"sources": ["shop"]}, lambda each: each.source == "shop"),
        ({"sources": ["s*"], "types": ["order.*"]}, lambda each: each.type == "order.created"),
        ({"object_id": "3"}, lambda each: each.object_id == "3"),
        ({"environments": ["test"]}, lambda each: each.environment == "test"),
        ({"since": 1007.0}, lambda each: each.received_at >= 1007.0),
        ({"since": 5000.0}, lambda each: False),
    ],
)
async def test_what_fits_is_found_newest_first(database, past, query, fits):
    expected = [each.id for each in reversed(past) if fits(each)]
    assert await all_pages(database, **query, limit=2) == expected


async def test_what_a_subscription_has_not_acknowledged_is_found_once(database, past):
    await delivered(database, "sub", "pull", past[3], past[7], now=1.0)
    await delivered(database, "sub", "pull", past[3], now=1.0, copy=1)
    await delivered(database, "other", "pull", past[4], now=1.0)
    assert await all_pages(database, unacknowledged_by="sub", limit=1) == [past[7].id, past[3].id]


async def test_types_are_known_once_each(database, past):
    assert await known_types(database) == ["order.created", "payment.dispute.opened", "payment.refunded"]


async def test_a_page_ends_where_too_much_was_looked_at(database, past):
    page = await search(
        database, Query(sources=["s*"], object_id=None, environments=["sandbox"], most_looked_at=5)
    )
    assert (page.events, page.next) == ([], past[7].seq)


@pytest.mark.parametrize("by", module.READ_BY)
async def test_every_way_of_reading_uses_an_index_that_gives_the_order(database, by):
    if database.is_shared:
        pytest.skip("PostgreSQL plans by statistics, which an empty table does not have")
    order = "deliveries.seq" if by == "subscription" else "seq"
    value = () if by == "seq" else ("x",)
    sql = f"EXPLAIN QUERY PLAN {module.READ_BY[by]} ORDER BY {order} DESC LIMIT ?"
    plan = " ".join(str(row[3]) for row in await database.read(sql, *value, 10, 1, 10))
    assert "SEARCH" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan
