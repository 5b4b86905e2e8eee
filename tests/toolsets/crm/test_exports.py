"""Exports: what is asked for is checked before a job is started."""

from __future__ import annotations

import pytest

from support.clock import ManualClock
from support.crm_desk import CrmDesk
from support.paper_crm import PaperBook, PaperCrm
from support.salesforce import Org, shop
from wirepost.contracts.crm import Crm
from wirepost.core.errors import InvalidCall
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.toolsets.crm.arguments import Condition
from wirepost.toolsets.crm.exports import crm_start_export, find_export
from wirepost.upstream.memory import InMemoryTransport


def call_of(crm: Crm, clock: ManualClock) -> Call[Crm]:
    return Call(api=crm, caller="t", now=clock.now(), key="wp_1", intent="int_1")


@pytest.fixture
def deals(clock: ManualClock) -> Call[Crm]:
    sandbox = SalesforceSandbox(shop(), clock)
    return call_of(Org(InMemoryTransport(sandbox.app, clock), clock, token=sandbox.key).crm(), clock)


async def test_an_export_is_started_by_neutral_names(deals: Call[Crm]) -> None:
    conditions = [Condition(field="amount", op="gt", value="1000")]
    started = await crm_start_export.operation(deals, object="deal", filters=conditions, fields=["amount"])
    assert isinstance(started, Started)
    assert (started.kind, started.status) == ("salesforce.bulk_query", "running")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"fields": ["Name", "Amuont"]}, "fields[1]"),
        ({"filters": [Condition(field="amount", op="gt", value="much")]}, "filters[0].value"),
        ({"filters": [Condition(field="nothing", op="gt", value="1")]}, "filters[0].field"),
    ],
)
async def test_what_no_record_has_starts_nothing(
    deals: Call[Crm], given: dict[str, list[str]], path: str
) -> None:
    with pytest.raises(InvalidCall) as refused:
        await crm_start_export.operation(deals, object="deal", **given)
    assert refused.value.fields[0]["path"] == path


async def test_a_lost_export_is_started_again(deals: Call[Crm]) -> None:
    assert await find_export(deals, object="deal") is None


async def test_a_crm_without_exports_says_so(book: PaperBook, clock: ManualClock) -> None:
    with pytest.raises(InvalidCall) as refused:
        await crm_start_export.operation(call_of(PaperCrm(book), clock), object="contact")
    assert refused.value.code == "unsupported_by_provider"


async def test_the_call_path_knows_the_tool(desk: CrmDesk) -> None:
    error = await desk.error("crm_start_export", object="contact")
    assert error["code"] == "unsupported_by_provider"
    assert error["outcome"] == "not_applied"
