"""Exports: what is asked for, every state, files plain and packed, and links that die."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.crms import found, opened
from support.hubspot import KEY, DescribedPortal, JudgedPortal, Portal, where
from support.looking import look_by, rows_of
from support.noting import Noting
from wirepost.contracts.jobs import Look, Problem
from wirepost.contracts.records import Draft, Query
from wirepost.core.errors import Rejected, Unavailable
from wirepost.providers.hubspot import PROVIDER, exports
from wirepost.providers.hubspot.exports import KINDS
from wirepost.tools.jobs import Started
from wirepost.upstream.scope import Scope

(KIND,) = KINDS
TASK = "8000001"
ONE = Started(kind="hubspot.export", provider_id=TASK)
STATUS = f"/crm/exports/2026-09/export/async/tasks/{TASK}/status"
MOMENT = "2026-11-25T10:00:00Z"


def look(portal: Any, started: Started = ONE) -> Look[Any]:
    return look_by(portal.client(may_write=False), portal.clock.now(), started)


async def export(portal: JudgedPortal, *fields: str, **conditions: Any) -> Started:
    crm = portal.crm()
    schema = await crm.describe("deal")
    filters = tuple(where(schema, name, "gt", value) for name, value in conditions.items())
    return await crm.start_export(schema, Query(fields=fields, limit=0, filters=filters), key=KEY)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("PENDING", "queued"),
        ("PROCESSING", "running"),
        ("COMPLETE", "succeeded"),
        ("CANCELED", "cancelled"),
    ],
)
async def test_every_state_of_an_export(described: DescribedPortal, theirs: str, ours: str) -> None:
    body = {"status": theirs, "startedAt": MOMENT, "completedAt": MOMENT, "result": "https://x.hubspot.com/f"}
    described.stub("GET", STATUS, body)
    seen = await KIND.look(look(described))
    assert (seen.status, seen.provider_status, seen.error) == (ours, theirs, None)


async def test_an_export_that_ended_without_a_file_has_failed(described: DescribedPortal) -> None:
    error = {"message": "It is too large", "category": "X", "status": "error"}
    more = {"numErrors": 1, "errors": [{**error, "errors": [], "links": {}, "context": {}}]}
    body = {"status": "COMPLETE", "startedAt": MOMENT, "completedAt": MOMENT, **more}
    described.stub("GET", STATUS, body)
    seen = await KIND.look(look(described))
    assert seen.error == Problem("upstream_rejected", "It is too large")


async def test_an_export_from_its_start_to_its_rows(portal: JudgedPortal) -> None:
    started = await export(portal, "dealname", "amount", amount=1000)
    assert (started.kind, started.status) == ("hubspot.export", "queued")
    portal.clock.advance(10)
    assert (await KIND.look(look(portal, started))).status == "running"
    portal.clock.advance(10)
    assert (await KIND.look(look(portal, started))).status == "succeeded"
    rows = await rows_of(KIND, look(portal, started))
    assert rows
    assert all(list(row) == ["hs_object_id", "dealname", "amount"] for row in rows)
    assert all(float(row["amount"]) > 1000 for row in rows)


async def test_all_reviews_of_an_object_of_the_accounts_own_are_exported(portal: JudgedPortal) -> None:
    crm = portal.crm()
    asked = Query(fields=("stars", "review_text"), limit=0)
    started = await crm.start_export(await crm.describe("reviews"), asked, key=KEY)
    portal.clock.advance(20)
    assert (await KIND.look(look(portal, started))).status == "succeeded"
    rows = await rows_of(KIND, look(portal, started))
    assert len(rows) == 800
    assert all(row["review_text"] and row["stars"] in {"1", "2", "3", "4", "5"} for row in rows)


async def test_the_second_export_waits_for_the_first(portal: JudgedPortal) -> None:
    first, second = await export(portal, "amount"), await export(portal, "dealname")
    portal.clock.advance(20)
    assert (await KIND.look(look(portal, first))).status == "succeeded"
    assert (await KIND.look(look(portal, second))).status == "queued"
    portal.clock.advance(20)
    assert (await KIND.look(look(portal, second))).status == "succeeded"


async def test_a_dead_link_is_no_end_because_each_reading_asks_for_another(portal: JudgedPortal) -> None:
    started = await export(portal, "amount")
    portal.clock.advance(20)
    assert await rows_of(KIND, look(portal, started))
    portal.clock.advance(3600)
    assert await rows_of(KIND, look(portal, started))


async def test_a_large_file_comes_packed(portal: JudgedPortal) -> None:
    draft = Draft({"lastname": "x" * 900, "company": "y" * 900})
    schema = await portal.crm().describe("contact")
    for _ in range(13):
        await portal.crm().create(schema, [draft] * 100, skip_duplicates=False, key=KEY)
    query = Query(fields=("lastname", "company"), limit=0)
    started = await portal.crm().start_export(schema, query, key=KEY)
    portal.clock.advance(30)
    rows = await rows_of(KIND, look(portal, started))
    assert sum(row["lastname"] == "x" * 900 for row in rows) == 1300


def test_several_files_of_an_archive_are_one_result() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("part-1.csv", "\ufeffRecord ID,email\n1,a@example.com\n")
        archive.writestr("part-2.csv", 'hs_object_id,email\n2,"b,c"\n')
    rows = list(exports.rows_of(packed))
    assert rows == [{"email": "a@example.com", "hs_object_id": "1"}, {"hs_object_id": "2", "email": "b,c"}]
    with pytest.raises(Rejected, match="damaged"):
        list(exports.rows_of(io.BytesIO(packed.getvalue()[:40])))


async def test_a_link_that_leads_elsewhere_is_not_followed(described: DescribedPortal) -> None:
    body = {"status": "COMPLETE", "startedAt": MOMENT, "completedAt": MOMENT}
    described.stub("GET", STATUS, {**body, "result": "https://hubspot.com.evil.example/f.csv"})
    with pytest.raises(Rejected, match="not known to be the vendor's"):
        await rows_of(KIND, look(described))


async def test_an_export_without_a_link_is_asked_again(described: DescribedPortal) -> None:
    described.stub("GET", STATUS, {"status": "COMPLETE", "startedAt": MOMENT, "completedAt": MOMENT})
    with pytest.raises(Unavailable, match="names no file"):
        await rows_of(KIND, look(described))


async def test_an_export_that_hubspot_does_not_know(portal: JudgedPortal) -> None:
    with pytest.raises(Rejected) as refused:
        await KIND.look(look(portal))
    assert refused.value.code == "not_found"


# https://developers.hubspot.com/docs/api-reference/2026-09/crm/exports/create-export
async def test_the_request_says_all_that_the_dated_version_requires(portal: JudgedPortal) -> None:
    noting = Noting(portal.transport)
    crm = Portal(noting, portal.clock, portal.token).crm()
    schema = await crm.describe("deal")
    filters = (where(schema, "amount", "gt", 1000), where(schema, "dealname", "is_not_empty"))
    await crm.start_export(schema, Query(fields=("amount",), limit=0, filters=filters), key=KEY)
    body = json.loads(noting.requests[-1].content)
    name = body.pop("exportName")
    assert name
    assert body == {
        "exportType": "VIEW",
        "format": "CSV",
        "language": "EN",
        "objectType": "0-3",
        "objectProperties": ["hs_object_id", "amount"],
        "associatedObjectType": [],
        "exportInternalValuesOptions": ["NAMES", "VALUES"],
        "includeLabeledAssociations": False,
        "includePrimaryDisplayPropertyForAssociatedObjects": False,
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": False,
        "publicCrmSearchRequest": {
            "query": "",
            "filterGroups": [
                {
                    "filters": [
                        {"propertyName": "amount", "operator": "GT", "value": "1000"},
                        {"propertyName": "dealname", "operator": "HAS_PROPERTY"},
                    ]
                }
            ],
            "filters": [],
            "sorts": [],
        },
    }


async def test_conditions_on_words_hold_for_exports_too_and_are_explained(portal: JudgedPortal) -> None:
    crm = portal.crm()
    schema = await crm.describe("contact")
    query = Query(fields=("lastname",), limit=0, filters=(where(schema, "lastname", "contains", "lind"),))
    started = await crm.start_export(schema, query, key=KEY)
    assert "word by word" in crm.warnings[0]
    portal.clock.advance(20)
    rows = await rows_of(KIND, look(portal, started))
    assert rows
    assert all("lind" in row["lastname"].lower() for row in rows)


async def test_more_exports_than_a_day_has_are_refused_and_the_limit_is_named(portal: JudgedPortal) -> None:
    for _ in range(30):
        await export(portal, "amount")
    with pytest.raises(Unavailable) as refused:
        await export(portal, "amount")
    assert refused.value.code in {"rate_limited", "quota_exhausted"}
    assert refused.value.hint
    assert "30 exports in 24 hours" in refused.value.hint


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_a_link_that_died_is_no_refusal_of_the_token_and_no_end(
    described: DescribedPortal, status: int
) -> None:
    link = "https://api.hubspot.com/files/export.csv"
    body = {"status": "COMPLETE", "startedAt": MOMENT, "completedAt": MOMENT, "result": link}
    described.stub("GET", STATUS, body)
    described.described.plain["GET /files/export.csv"] = (status, {"message": "expired"}, {})
    with pytest.raises(Unavailable, match="link to a file is dead") as refused:
        await rows_of(KIND, look(described))
    assert refused.value.code == "upstream_unavailable"
    read = described.described.requests[-1]
    assert (read.url.host, "authorization" in read.headers) == ("api.hubspot.com", False)


async def test_the_tool_exports_what_the_search_finds(tmp_path: Path, clock: ManualClock) -> None:
    asked = {"field": "amount", "op": "gt", "value": "1000"}
    async with opened("hubspot", tmp_path, clock) as desk:
        handle = (
            await desk.ok("crm_start_export", object="deal", filters=[asked], fields=["amount"], intent="all")
        )["data"]
        assert (handle["kind"], handle["status"]) == ("hubspot.export", "queued")
        clock.advance(20)
        client = desk.connection.shared.client(Scope(clock.monotonic() + 45))
        ids = {row["hs_object_id"] for row in await rows_of(KIND, look_by(client, clock.now(), ONE))}
        assert ids
        assert ids == {record["id"] for record in await found(desk, "deal", asked)}


def test_its_result_is_copied_at_once(clock: ManualClock) -> None:
    del clock
    assert KIND.forgets_early
    assert PROVIDER.load_jobs
    assert KIND in PROVIDER.load_jobs()
