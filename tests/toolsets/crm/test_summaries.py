"""Summaries agree with the records they are about."""

from __future__ import annotations

from collections import Counter
from statistics import mean
from typing import Any

import pytest

from support.crm_desk import CrmDesk
from support.paper_shop import shop
from wirepost.core.money import Money


def amount(deal: Any) -> float:
    return float(Money(deal.amount, deal.currency).major)


async def test_groups_are_counted_and_their_numbers_summed(desk: CrmDesk) -> None:
    measures = [{"function": "sum", "field": "amount"}, {"function": "avg", "field": "Amount"}]
    envelope = await desk.ok("crm_summarize_records", object="deal", group_by=["stage"], measures=measures)
    deals = shop().deals
    groups = {group["group"]["Stage"]: group for group in envelope["data"]["groups"]}
    assert {stage: group["count"] for stage, group in groups.items()} == Counter(deal.stage for deal in deals)
    for stage, group in groups.items():
        amounts = [amount(deal) for deal in deals if deal.stage == stage]
        assert group["values"]["sum_Amount"] == pytest.approx(sum(amounts))
        assert group["values"]["avg_Amount"] == pytest.approx(mean(amounts))
    assert envelope["data"]["is_complete"] is True
    assert envelope["meta"]["untrusted"] == ["data.groups[*].group.*"]


async def test_only_records_that_meet_the_conditions_are_counted(desk: CrmDesk) -> None:
    large = [{"field": "amount", "op": "gte", "value": "10000"}]
    envelope = await desk.ok("crm_summarize_records", object="deal", filters=large)
    (group,) = envelope["data"]["groups"]
    assert group == {"group": {}, "count": sum(amount(deal) >= 10000 for deal in shop().deals)}


async def test_values_of_a_field_can_be_counted(desk: CrmDesk) -> None:
    measures = [{"function": "count", "field": "amount"}]
    (group,) = (await desk.ok("crm_summarize_records", object="deal", measures=measures))["data"]["groups"]
    assert group["values"] == {"count_Amount": len(shop().deals)}


async def test_more_groups_than_are_returned_are_not_hidden(desk: CrmDesk) -> None:
    data = (await desk.ok("crm_summarize_records", object="deal", group_by=["close_date", "stage"]))["data"]
    assert data["is_complete"] is False
    assert len(data["groups"]) == 10


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"group_by": ["Stage", "Name", "Amount"]}, "group_by"),
        ({"group_by": ["Colour"]}, "group_by[0]"),
        ({"measures": [{"function": "sum"}]}, "measures[0].field"),
        ({"measures": [{"function": "sum", "field": "Stage"}]}, "measures[0].field"),
        ({"measures": [{"function": "sum", "field": "Colour"}]}, "measures[0].field"),
        ({"measures": [{"function": "max", "field": "Amount"}] * 6}, "measures"),
        ({"filters": [{"field": "Colour", "op": "eq", "value": "x"}]}, "filters[0].field"),
    ],
)
async def test_what_cannot_be_summarized_is_named(desk: CrmDesk, arguments, path) -> None:
    error = await desk.error("crm_summarize_records", object="deal", **arguments)
    assert (error["code"], error["fields"][0]["path"]) == ("invalid_arguments", path)


@pytest.mark.parametrize(
    ("name", "field"), [("contact", "Remarks"), ("contact", "TaxId"), ("ticket", "Content")]
)
async def test_long_texts_make_no_groups(desk: CrmDesk, name: str, field: str) -> None:
    error = await desk.error("crm_summarize_records", object=name, group_by=[field])
    assert error["fields"][0]["path"] == "group_by[0]"
