"""The query tool on the sandbox: pages, parents, children, counts, refusals."""
# ruff: noqa: S608 - statements are what is tested

from __future__ import annotations

from typing import Any

import pytest

from support.clock import ManualClock
from support.salesforce import JudgedOrg, judged_org
from wirepost.core.errors import InvalidCall
from wirepost.providers.salesforce.client import SalesforceClient
from wirepost.providers.salesforce.tools.query import QueryRow, salesforce_query
from wirepost.tools.context import Call
from wirepost.tools.results import Page

ADDRESS = "https://nordlicht.my.salesforce.com"
ANNA = "003Wp0000000001IAA"


@pytest.fixture
def open_org(clock: ManualClock) -> JudgedOrg:
    return judged_org(clock, instance_url=ADDRESS)


async def run(org: JudgedOrg, soql: str, **more: Any) -> tuple[Page[QueryRow], Call[SalesforceClient]]:
    call = Call(org.client(may_write=False), "caller", org.clock.now(), **more)
    return await salesforce_query.operation(call, soql=soql), call


async def rows(org: JudgedOrg, soql: str, **more: Any) -> list[dict[str, Any]]:
    page, _ = await run(org, soql, **more)
    return [row.values for row in page.records]


async def test_the_example_works(open_org: JudgedOrg):
    page, _ = await run(open_org, **salesforce_query.example, limit=5)
    amounts = [row.values["Amount"] for row in page.records]
    assert amounts == sorted(amounts, reverse=True)
    assert page.has_more
    assert (page.total, page.total_is) == (6, "at_least")


async def test_pages_follow_each_other_to_the_end(open_org: JudgedOrg):
    soql, seen, position = "SELECT Id FROM Account WHERE Industry != NULL LIMIT 25", list[str](), None
    for size in (10, 10, 5):
        page, _ = await run(open_org, soql, limit=10, position=position)
        assert len(page.records) == size
        assert page.after is not None
        seen += [row.values["Id"] for row in page.records]
        position = page.after[-1]
    assert not page.has_more
    assert (page.total, page.total_is, len(set(seen))) == (25, "exact", 25)


async def test_a_cut_page_goes_on_where_it_was_cut(open_org: JudgedOrg):
    page, _ = await run(open_org, "SELECT Id FROM Contact", limit=5)
    assert page.after is not None
    again = await rows(open_org, "SELECT Id FROM Contact", limit=2, position=page.after[1])
    assert again == [row.values for row in page.records[2:4]]


async def test_parents_have_paths_and_children_are_lists(open_org: JudgedOrg):
    soql = (
        "SELECT Name, Account.Name, Owner.Name, CreatedDate, MailingAddress, "
        f"(SELECT Subject, Owner.Name FROM Cases LIMIT 2) FROM Contact WHERE Id = '{ANNA}'"
    )
    (row,) = await rows(open_org, soql)
    assert row["Account"] is None
    assert row["Owner.Name"] == "Frida Nordlund"
    assert row["CreatedDate"].endswith("Z")
    assert row["MailingAddress"]["city"] == "Kiel"
    assert [case.keys() for case in row["Cases"]] == [{"Subject", "Owner.Name"}] * 2


async def test_more_children_than_are_shown_are_told(open_org: JudgedOrg):
    soql = "SELECT Id, (SELECT Id FROM Tasks) FROM Opportunity"
    page, call = await run(open_org, soql, limit=100)
    assert call.warnings == []
    state = open_org.sandbox.state
    deal = next(iter(state.table("Opportunity")))
    for task in list(state.table("Task").values())[:30]:
        task.values["WhatId"] = deal
    page, call = await run(open_org, soql, limit=100)
    assert len(page.records[0].values["Tasks"]) == 20
    assert call.warnings == ["Tasks: only the first 20 rows of a record are shown; query them by themselves"]


async def test_counts_and_figures_are_rows(open_org: JudgedOrg):
    assert await rows(open_org, "SELECT COUNT() FROM Opportunity") == [{"count": 160}]
    soql = "SELECT COUNT(Id), MAX(Amount) most FROM Opportunity"
    assert [row.keys() for row in await rows(open_org, soql)] == [{"expr0", "most"}]
    groups = await rows(open_org, "SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName LIMIT 2")
    assert [row.keys() for row in groups] == [{"StageName", "n"}] * 2


async def test_a_long_statement_travels_in_a_body(open_org: JudgedOrg):
    names = ", ".join(f"'{'x' * 60}{number}'" for number in range(250))
    soql = f"SELECT Id FROM Contact WHERE LastName IN ({names}) OR Id = '{ANNA}'"
    assert await rows(open_org, soql) == [{"Id": ANNA}]
    assert open_org.sent("/composite")


async def test_rows_out_of_reach_are_refused(open_org: JudgedOrg):
    for soql, position, path in (
        ("SELECT Id FROM Contact", "2001", "cursor"),
        ("SELECT Id FROM Contact OFFSET 2001", None, "soql"),
    ):
        with pytest.raises(InvalidCall) as refused:
            await run(open_org, soql, position=position)
        assert refused.value.fields[0]["path"] == path


async def test_what_is_no_select_is_not_sent(open_org: JudgedOrg):
    with pytest.raises(InvalidCall):
        await run(open_org, "SELECT Id FROM Contact FOR UPDATE")
    assert open_org.judge.requests == []
