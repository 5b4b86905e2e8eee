"""Exports by bulk queries: every state, pages of their result, and their end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.looking import look_by, rows_of
from support.salesforce import ROOT, Org, described_org, where
from wirepost.contracts.jobs import Look, Problem
from wirepost.contracts.records import Query
from wirepost.core.errors import Rejected
from wirepost.providers.salesforce import PROVIDER, bulk, describe
from wirepost.providers.salesforce.bulk import KINDS
from wirepost.tools.jobs import Started

(KIND,) = KINDS
JOB = "750R0000000zlh9IAA"
ONE = Started(kind="salesforce.bulk_query", provider_id=JOB)
# https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_one_job.htm
PUBLISHED = {
    "id": JOB,
    "operation": "query",
    "object": "Account",
    "createdById": "005R0000000GiwjIAC",
    "createdDate": "2018-12-17T21:00:17.000+0000",
    "systemModstamp": "2018-12-17T21:00:19.000+0000",
    "state": "JobComplete",
    "concurrencyMode": "Parallel",
    "contentType": "CSV",
    "apiVersion": 46.0,
    "jobType": "V2Query",
    "lineEnding": "LF",
    "columnDelimiter": "COMMA",
    "numberRecordsProcessed": 500,
    "retries": 0,
    "totalProcessingTime": 334,
    "isPkChunkingSupported": True,
}


def look(org: Org, started: Started, *, may_write: bool = False) -> Look[Any]:
    return look_by(org.client(may_write=may_write), org.clock.now(), started)


async def export(org: Org, *fields: str, **conditions: Any) -> Started:
    crm = org.crm()
    schema = await crm.describe("deal")
    filters = tuple(where(schema, name, "gt", value) for name, value in conditions.items())
    return await crm.start_export(schema, Query(fields=fields, limit=0, filters=filters), key="wp_1")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    # https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_one_job.htm
    [
        ("UploadComplete", "running"),
        ("InProgress", "running"),
        ("JobComplete", "succeeded"),
        ("Aborted", "cancelled"),
        ("Failed", "failed"),
        ("OfTomorrow", "running"),
    ],
)
async def test_every_state_of_a_query(clock, theirs, ours):
    org = described_org(clock)
    error = {"errorMessage": "InvalidBatch : no such field"} if theirs == "Failed" else {}
    org.described.plain[f"GET {ROOT}/jobs/query/{JOB}"] = (200, {**PUBLISHED, "state": theirs, **error}, {})
    seen = await KIND.look(look(org, ONE))
    assert (seen.status, seen.provider_status, seen.done) == (ours, theirs, 500)
    assert seen.error == (Problem("upstream_rejected", error["errorMessage"]) if error else None)


async def test_an_export_from_its_start_to_its_rows(org):
    started = await export(org, "Name", "Amount", Amount=1000)
    assert (started.kind, started.status) == ("salesforce.bulk_query", "running")
    assert (await KIND.look(look(org, started))).status == "running"
    org.clock.advance(20)
    seen = await KIND.look(look(org, started))
    assert seen.status == "succeeded"
    rows = await rows_of(KIND, look(org, started))
    assert rows
    assert seen.done == len(rows)
    assert all(list(row) == ["Id", "Name", "Amount"] and float(row["Amount"]) > 1000 for row in rows)


async def test_an_export_of_nothing_has_no_rows(org):
    started = await export(org, "Name", Amount=10**12)
    org.clock.advance(20)
    assert (await KIND.look(look(org, started))).status == "succeeded"
    assert await rows_of(KIND, look(org, started)) == []


async def test_a_job_of_the_sandbox_has_the_published_form(org):
    started = await export(org, "Name")
    told = await org.client().get(f"{ROOT}/jobs/query/{started.provider_id}")
    assert set(told) <= set(PUBLISHED)
    assert {name: type(told[name]) for name in told} == {name: type(PUBLISHED[name]) for name in told}


async def test_an_export_can_be_ended(org):
    assert KIND.cancel
    started = await export(org, "Name")
    await KIND.cancel(look(org, started, may_write=True))
    org.clock.advance(20)
    assert (await KIND.look(look(org, started))).status == "cancelled"


async def test_a_query_that_salesforce_does_not_know(org):
    with pytest.raises(Rejected) as refused:
        await KIND.look(look(org, ONE))
    assert refused.value.code == "not_found"


async def test_what_is_asked_for_is_a_statement(clock, org):
    deals = await describe.describe(org.client(), "deal")
    org = described_org(clock)
    org.described.plain[f"POST {ROOT}/jobs/query"] = (200, {**PUBLISHED, "state": "UploadComplete"}, {})
    await bulk.start_query(org.client(), deals, Query(fields=("Name",), limit=0), key="wp_1")
    assert json.loads(org.described.requests[-1].content) == {
        "operation": "query",
        "query": "SELECT Id, Name FROM Opportunity",
    }


def test_the_kind_belongs_to_the_provider():
    assert PROVIDER.load_jobs
    assert KIND in PROVIDER.load_jobs()
