"""Periods and invoices of subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from support.clock import START
from support.worlds import world_at
from wirepost.sandbox.billing import later
from wirepost.sandbox.facts import Interval


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ((2026, 1, 15), "month", 1, (2026, 2, 15)),
        ((2026, 1, 31), "month", 1, (2026, 2, 28)),
        ((2024, 1, 31), "month", 1, (2024, 2, 29)),
        ((2024, 2, 29), "year", 1, (2025, 2, 28)),
        ((2026, 11, 30), "month", 3, (2027, 2, 28)),
        ((2026, 12, 1), "month", 1, (2027, 1, 1)),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_last_one(
    start: tuple[int, int, int], interval: Interval, count: int, end: tuple[int, int, int]
) -> None:
    assert later(datetime(*start, tzinfo=UTC), interval, count) == datetime(*end, tzinfo=UTC)


def test_each_period_so_far_has_one_invoice_and_they_meet() -> None:
    world = world_at(START)
    for subscription in world.subscriptions:
        bills = [invoice for invoice in world.invoices if invoice.subscription == subscription.key]
        if subscription.status == "trialing":
            assert bills == []
            continue
        periods = [(bill.lines[0].starts_at, bill.lines[0].ends_at) for bill in bills]
        assert periods[0][0] == subscription.started_at
        assert periods[-1] == (subscription.period_start, subscription.period_end)
        assert all(before[1] == after[0] for before, after in pairwise(periods))
        assert bills[-1].status == ("open" if subscription.status == "past_due" else "paid")


def test_finalised_invoices_have_numbers_without_gaps_and_drafts_have_none() -> None:
    invoices = world_at(START).invoices
    numbers = [invoice.number for invoice in invoices if invoice.status != "draft"]
    assert numbers == [f"NORD-{index:05}" for index in range(1, len(numbers) + 1)]
    assert {invoice.number for invoice in invoices if invoice.status == "draft"} == {None}
