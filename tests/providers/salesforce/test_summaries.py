"""Summaries: groups and figures against the facts."""

from __future__ import annotations

from collections import Counter

import pytest

from support.salesforce import JudgedOrg, where
from wirepost.contracts.records import Measure
from wirepost.core.errors import InvalidCall
from wirepost.core.money import Money


async def test_groups_are_counted_largest_first(org: JudgedOrg):
    crm = org.crm(may_write=False)
    summary = await crm.summarize(await crm.describe("deal"), [], group_by=["StageName"], measures=[])
    counts = [bucket.count for bucket in summary.buckets]
    assert counts == sorted(Counter(deal.stage for deal in org.sandbox.world.deals).values(), reverse=True)
    assert summary.is_complete
    assert all(bucket.values is None for bucket in summary.buckets)


async def test_figures_are_those_of_the_facts(org: JudgedOrg):
    crm = org.crm(may_write=False)
    measures = [Measure(function, "Amount") for function in ("sum", "avg", "min", "max", "count")]
    schema = await crm.describe("deal")
    (bucket,) = (await crm.summarize(schema, [], group_by=[], measures=[*measures, Measure("count")])).buckets
    amounts = [float(Money(deal.amount, deal.currency).major) for deal in org.sandbox.world.deals]
    assert bucket.count == len(amounts)
    assert bucket.values == pytest.approx(
        {
            "sum_Amount": sum(amounts),
            "avg_Amount": sum(amounts) / len(amounts),
            "min_Amount": min(amounts),
            "max_Amount": max(amounts),
            "count_Amount": len(amounts),
        }
    )


async def test_conditions_hold_and_two_fields_can_group(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("deal")
    summary = await crm.summarize(
        schema,
        [where(schema, "Amount", "gt", 1000)],
        group_by=["StageName", "IsClosed"],
        measures=[Measure("min", "Amount")],
    )
    assert summary.buckets
    for bucket in summary.buckets:
        assert set(bucket.group) == {"StageName", "IsClosed"}
        assert (bucket.values or {})["min_Amount"] > 1000


@pytest.mark.parametrize(
    ("group_by", "measure"), [(["CreatedDate"], "count"), (["Description"], "count"), (["StageName"], "sum")]
)
async def test_what_cannot_be_counted_is_refused(org: JudgedOrg, group_by, measure):
    crm = org.crm(may_write=False)
    schema = await crm.describe("deal")
    measures = [Measure(measure, "CloseDate")] if measure == "sum" else []
    before = len(org.sent("/query"))
    with pytest.raises(InvalidCall) as refused:
        await crm.summarize(schema, [], group_by=group_by, measures=measures)
    assert refused.value.code == "unsupported_by_provider"
    assert len(org.sent("/query")) == before
