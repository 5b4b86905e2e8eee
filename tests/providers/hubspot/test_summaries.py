"""Summaries: counts per group that add up, and what HubSpot cannot count."""

from __future__ import annotations

from collections import Counter

import pytest

from support.hubspot import JudgedPortal, where
from wirepost.contracts.records import Measure
from wirepost.core.errors import InvalidCall

COUNT = [Measure("count")]
STAGES = {
    "new": "appointmentscheduled",
    "qualified": "qualifiedtobuy",
    "proposal": "presentationscheduled",
    "negotiation": "contractsent",
    "won": "closedwon",
    "lost": "closedlost",
}


async def counted(portal, kind, group_by, *conditions):
    crm = portal.crm(may_write=False)
    schema = await crm.describe(kind)
    filters = [where(schema, *each) for each in conditions]
    found = await crm.summarize(schema, filters, group_by=group_by, measures=COUNT)
    assert found.is_complete
    return {tuple(bucket.group.values()): bucket.count for bucket in found.buckets}, crm


async def test_deals_are_counted_by_stage(portal: JudgedPortal):
    found, _ = await counted(portal, "deal", ["dealstage"])
    expected = Counter(STAGES[deal.stage] for deal in portal.sandbox.world.deals)
    assert found == {(stage,): count for stage, count in expected.items()}


async def test_an_alias_and_a_second_group_are_understood(portal: JudgedPortal):
    stages = ("dealstage", "in", "closedwon", "closedlost")
    currencies = ("deal_currency_code", "in", "EUR", "USD")
    found, _ = await counted(portal, "deal", ["stage", "deal_currency_code"], stages, currencies)
    expected = Counter(
        (STAGES[deal.stage], deal.currency.upper())
        for deal in portal.sandbox.world.deals
        if deal.stage in {"won", "lost"} and deal.currency in {"eur", "usd"}
    )
    assert found == dict(expected)


async def test_records_without_a_value_are_a_group(portal: JudgedPortal):
    found, _ = await counted(portal, "contact", ["newsletter"])
    assert found == {(True,): 134, (False,): 266}
    found, _ = await counted(portal, "contact", ["owner"])
    assert found[None,] == 80
    assert sum(found.values()) == 400


async def test_without_groups_all_are_counted(portal: JudgedPortal):
    found, crm = await counted(portal, "contact", [], ("lastname", "contains", "lindqvist"))
    assert list(found) == [()]
    assert "lastname" in crm.warnings[0]
    found, _ = await counted(portal, "contact", [], ("firstname", "eq", "nobody at all"))
    assert found == {(): 0}


@pytest.mark.parametrize(
    ("kind", "group_by", "measures"),
    [
        ("deal", ["dealstage"], [Measure("sum", "amount")]),
        ("deal", ["amount"], COUNT),
        ("contact", ["firstname"], COUNT),
        ("contact", ["interests"], COUNT),
        ("deal", ["dealstage", "deal_currency_code"], COUNT),
    ],
)
async def test_what_hubspot_cannot_count_is_refused_with_a_way_out(
    portal: JudgedPortal, kind, group_by, measures
):
    crm = portal.crm(may_write=False)
    schema = await crm.describe(kind)
    with pytest.raises(InvalidCall) as refused:
        await crm.summarize(schema, [], group_by=group_by, measures=measures)
    assert refused.value.code == "unsupported_by_provider"
    assert refused.value.hint
    assert portal.sent("/search") == []
