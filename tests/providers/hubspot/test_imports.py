"""Imports: the request as it is published, every state, errors row by row, and a name that is found again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.crms import ANNA, found, opened
from support.hubspot import DescribedPortal, JudgedPortal, Portal
from support.looking import look_by, rows_of
from support.noting import Noting
from wirepost.contracts.jobs import Look, Problem
from wirepost.contracts.records import Draft, Import, Value
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected
from wirepost.providers.hubspot import PROVIDER
from wirepost.providers.hubspot.imports import KINDS, LATE
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request
from wirepost.tools.jobs import Started
from wirepost.upstream.scope import Scope

(KIND,) = KINDS
ONE = Started(kind="hubspot.import", provider_id="9000001", details={"columns": ["lastname", "email"]})
PATH = "/crm/imports/2026-09/9000001"
MOMENT = "2026-11-25T10:00:00Z"
SHOWN = {
    "id": "9000001",
    "state": "DONE",
    "createdAt": MOMENT,
    "updatedAt": MOMENT,
    "optOutImport": False,
    "mappedObjectTypeIds": ["0-1"],
    "metadata": {"counters": {}, "fileIds": ["1"], "objectLists": []},
}
# Line 0: https://developers.hubspot.com/docs/api-reference/2026-09/crm/imports/get-import-errors
FILE_WIDE = {
    "id": "1",
    "createdAt": 0,
    "errorType": "INVALID_COLUMN_CONFIGURATION",
    "errorMessage": "Two columns have one name",
    "sourceData": {"rowData": [], "containsEncryptedProperties": False, "lineNumber": 0, "fileId": 1},
}
UNREAD = Problem("upstream_rejected", "HubSpot could not read the import: Two columns have one name")
KIM: dict[str, Value] = {"lastname": 'Larsen, "the first"', "email": "kim@example.com"}


def look(portal: Portal, started: Started = ONE, *, may_write: bool = False) -> Look[Any]:
    return look_by(portal.client(may_write=may_write), portal.clock.now(), started)


def wanted(operation: Any, rows: Sequence[Draft], match: str | None = None, name: str = "n") -> Import:
    return Import(operation, rows, match, name)


async def start(portal: Portal, asked: Import, object_name: str = "contact") -> Started:
    crm = portal.crm()
    return await crm.start_import(await crm.describe(object_name), asked, key="wp_1")


async def find(portal: Portal, asked: Import, since: Any) -> Started | None:
    crm = portal.crm(may_write=False)
    return await crm.find_import(await crm.describe("contact"), asked, since)


async def ended(portal: JudgedPortal, started: Started) -> tuple[Any, list[dict[str, Any]]]:
    portal.clock.advance(20)
    return await KIND.look(look(portal, started)), await rows_of(KIND, look(portal, started))


async def contacts(portal: Portal, *emails: str) -> list[dict[str, Any]]:
    crm = portal.crm()
    schema = await crm.describe("contact")
    found = await crm.get(schema, emails, id_field="email", fields=["lastname", "phone"], links=())
    return [dict(each.fields) for each in found if each]


@pytest.mark.parametrize(
    ("theirs", "counted", "ours"),
    [
        ("STARTED", {}, "running"),
        ("PROCESSING", {"CREATED_OBJECTS": 1}, "running"),
        ("DEFERRED", {}, "queued"),
        ("DONE", {"CREATED_OBJECTS": 3, "ERRORS": 0}, "succeeded"),
        ("DONE", {"CREATED_OBJECTS": 1, "ERRORS": 2}, "partial"),
        ("FAILED", {"ERRORS": 1}, "failed"),
        ("FAILED", {"UPDATED_OBJECTS": 1}, "partial"),
        ("CANCELED", {}, "cancelled"),
        ("CANCELED", {"CREATED_OBJECTS": 1}, "partial"),
        ("REVERTED", {"CREATED_OBJECTS": 1}, "cancelled"),
    ],
)
async def test_every_state_of_an_import(
    described: DescribedPortal, theirs: str, counted: dict[str, int], ours: str
) -> None:
    metadata = {**SHOWN["metadata"], "counters": {"TOTAL_ROWS": 3, **counted}}  # type: ignore[dict-item]
    described.stub("GET", PATH, {**SHOWN, "state": theirs, "metadata": metadata})
    described.stub("GET", f"{PATH}/errors", {"results": [FILE_WIDE]})
    seen = await KIND.look(look(described))
    assert (seen.status, seen.provider_status, seen.done) == (ours, theirs, 3)
    assert seen.error == (UNREAD if theirs == "FAILED" else None)


# https://developers.hubspot.com/docs/api-reference/latest/crm/imports/guide
async def test_the_request_is_the_published_one(portal: JudgedPortal) -> None:
    noting = Noting(portal.transport)
    await start(Portal(noting, portal.clock, portal.token), wanted("create", [Draft(KIM)], name="Leads"))
    sent = next(each for each in noting.requests if each.url.path == "/crm/imports/2026-09")
    headers = {"content-type": sent.headers["content-type"]}
    parts = Request(sent.method, sent.url.path, (), headers, sent.content).parts
    assert json.loads(parts["importRequest"][1]) == {
        "name": "Leads",
        "importOperations": {"0-1": "CREATE"},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": "records.csv",
                "fileFormat": "CSV",
                "fileImportPage": {
                    "hasHeader": True,
                    "columnMappings": [
                        {
                            "columnObjectTypeId": "0-1",
                            "columnName": "lastname",
                            "propertyName": "lastname",
                        },
                        {
                            "columnObjectTypeId": "0-1",
                            "columnName": "email",
                            "propertyName": "email",
                            "columnType": "HUBSPOT_ALTERNATE_ID",
                        },
                    ],
                },
            }
        ],
    }
    table = b'lastname,email\n"Larsen, ""the first""",kim@example.com\n'
    assert parts["files"] == ("records.csv", table)


async def test_an_import_from_its_start_to_its_records(portal: JudgedPortal) -> None:
    rows = [Draft(KIM), Draft({"lastname": "B", "email": "b@example.com", "phone": "+49555"})]
    started = await start(portal, wanted("create", rows))
    assert (started.kind, started.status, started.total) == ("hubspot.import", "running", 2)
    seen, told = await ended(portal, started)
    assert (seen.status, seen.done, told) == ("succeeded", 2, [])
    assert seen.warnings == (
        "HubSpot counts 2 created, 0 updated, 0 errors, and names only rows with errors",
    )
    assert await contacts(portal, "kim@example.com", "b@example.com") == [
        {"lastname": 'Larsen, "the first"', "phone": None},
        {"lastname": "B", "phone": "+49555"},
    ]


async def test_what_hubspot_refuses_is_told_with_its_row(portal: JudgedPortal) -> None:
    rows = [Draft({"lastname": "A"}), Draft({"lastname": "B", "email": "no address"})]
    seen, told = await ended(portal, await start(portal, wanted("create", rows)))
    assert seen.status == "partial"
    (failed,) = told
    assert (failed["status"], failed["number"]) == ("failed", 2)
    assert failed["fields"] == {"lastname": "B", "email": "no address"}
    assert failed["error"]["message"]


async def test_records_are_found_by_id_or_by_a_unique_property(portal: JudgedPortal) -> None:
    await ended(portal, await start(portal, wanted("create", [Draft(KIM)])))
    crm = portal.crm()
    (known,) = await crm.get(
        await crm.describe("contact"), ["kim@example.com"], id_field="email", fields=[], links=()
    )
    assert known
    await ended(portal, await start(portal, wanted("update", [Draft({"phone": "1"}, id=known.id)])))
    assert (await contacts(portal, "kim@example.com"))[0]["phone"] == "1"

    changed = [Draft({"email": "kim@example.com", "phone": "2"}), Draft({"email": "new@example.com"})]
    seen, _ = await ended(portal, await start(portal, wanted("upsert", changed, "email")))
    assert "1 created, 1 updated" in seen.warnings[0]
    only = [Draft({"email": "kim@example.com", "phone": "3"}), Draft({"email": "nobody@example.com"})]
    seen, told = await ended(portal, await start(portal, wanted("update", only, "email")))
    assert (seen.status, told[0]["error"]["code"]) == ("partial", "UPDATE_ONLY_IMPORT")
    assert (await contacts(portal, "kim@example.com"))[0]["phone"] == "3"


async def test_one_column_only_finds_a_record(portal: JudgedPortal) -> None:
    await ended(portal, await start(portal, wanted("create", [Draft({**KIM, "shop_customer": "c-1"})])))
    changed = Draft({"shop_customer": "c-1", "email": ANNA, "phone": "9"})
    before = await contacts(portal, ANNA)
    noting = Noting(portal.transport)
    noted = Portal(noting, portal.clock, portal.token)
    seen, told = await ended(portal, await start(noted, wanted("update", [changed], "shop_customer")))
    sent = next(each for each in noting.requests if each.url.path == "/crm/imports/2026-09").content
    assert sent.count(b"columnType") == sent.count(b"HUBSPOT_ALTERNATE_ID") == 1
    assert (seen.status, told[0]["error"]["code"]) == ("partial", "FAILED_VALIDATION")
    assert await contacts(portal, ANNA) == before

    moved = Draft({"shop_customer": "c-1", "email": "kim@new.example", "phone": "9"})
    await ended(portal, await start(portal, wanted("update", [moved], "shop_customer")))
    assert (await contacts(portal, "kim@new.example"))[0]["phone"] == "9"


async def test_moments_are_sent_as_hubspot_reads_them(portal: JudgedPortal) -> None:
    row = Draft({"dealname": "D", "closedate": "2026-12-01T10:00:00Z"})
    _, told = await ended(portal, await start(portal, wanted("create", [row]), "deal"))
    assert told == []


async def test_what_an_import_cannot_empty_is_refused_before_anything_is_sent(portal: JudgedPortal) -> None:
    rows = [Draft({"phone": "1"}, id="1"), Draft({"phone": None}, id="2")]
    with pytest.raises(InvalidCall, match="phone is to be emptied in record 2"):
        await start(portal, wanted("update", rows))
    assert ("POST", "/crm/imports/2026-09") not in portal.judge.paths


async def test_the_fourth_import_waits_for_one_of_three(portal: JudgedPortal) -> None:
    started = [
        await start(portal, wanted("create", [Draft({"lastname": f"P{number}"})], name=f"{number}"))
        for number in range(4)
    ]
    assert [each.status for each in started] == ["running", "running", "running", "queued"]
    seen = await KIND.look(look(portal, started[3]))
    assert (seen.status, seen.provider_status) == ("queued", "DEFERRED")
    portal.clock.advance(20)
    assert [(await KIND.look(look(portal, each))).status for each in started] == [
        *["succeeded"] * 3,
        "running",
    ]
    portal.clock.advance(20)
    assert (await KIND.look(look(portal, started[3]))).status == "succeeded"


async def test_an_import_can_be_ended(portal: JudgedPortal) -> None:
    started = await start(portal, wanted("create", [Draft(KIM)]))
    assert KIND.cancel
    await KIND.cancel(look(portal, started, may_write=True))
    seen, _ = await ended(portal, started)
    assert seen.status == "cancelled"
    assert await contacts(portal, "kim@example.com") == []


async def test_an_import_that_hubspot_does_not_know(portal: JudgedPortal) -> None:
    with pytest.raises(Rejected) as refused:
        await KIND.look(look(portal))
    assert refused.value.code == "not_found"


async def test_a_lost_import_is_found_by_its_name(portal: JudgedPortal) -> None:
    since = portal.clock.now()
    for number in range(120):
        await start(portal, wanted("create", [Draft(KIM)], name=f"other {number}"))
    ours = wanted("create", [Draft(KIM)], name="Wirepost int_1")
    with pytest.raises(OutcomeUnknown):
        await find(portal, ours, since)
    portal.sandbox.inject(Fault("lost_answer", match="POST /crm/imports*", times=None))
    with pytest.raises(OutcomeUnknown):
        await start(portal, ours)
    portal.sandbox.faults.clear()
    for number in range(120):
        await start(portal, wanted("create", [Draft(KIM)], name=f"later {number}"))
    found = await find(portal, ours, since)
    assert found
    assert (found.provider_id, found.details) == ("9000121", {"columns": ["lastname", "email"]})
    portal.clock.advance(LATE.total_seconds())
    assert await find(portal, wanted("create", [Draft(KIM)], name="never"), since) is None


async def test_an_import_that_failed_without_errors_says_so(described: DescribedPortal) -> None:
    described.stub("GET", PATH, {**SHOWN, "state": "FAILED"})
    described.stub("GET", f"{PATH}/errors", {"results": []})
    seen = await KIND.look(look(described))
    assert seen.error == Problem("upstream_rejected", "HubSpot could not read the import")


async def test_an_error_of_the_whole_file_belongs_to_no_row(described: DescribedPortal) -> None:
    described.stub("GET", f"{PATH}/errors", {"results": [FILE_WIDE]})
    (row,) = await rows_of(KIND, look(described))
    assert "number" not in row
    assert row["error"] == {"code": "INVALID_COLUMN_CONFIGURATION", "message": "Two columns have one name"}


async def test_the_tool_imports_once_and_tells_what_failed(tmp_path: Path, clock: ManualClock) -> None:
    rows = [
        {"fields": [{"name": "last_name", "value": "Larsen"}, {"name": "email", "value": "kim@example.com"}]},
        {"fields": [{"name": "last_name", "value": "Lindqvist"}, {"name": "email", "value": ANNA}]},
    ]
    given = {"object": "contact", "operation": "create", "records": rows, "intent": "fair"}
    async with opened("hubspot", tmp_path, clock) as desk:
        handle = (await desk.confirmed("crm_start_import", **given))["data"]
        assert handle["kind"] == "hubspot.import"
        again = await desk.ok("crm_start_import", **given)
        assert again["data"]["job"] == handle["job"]
        clock.advance(20)
        client = desk.connection.shared.client(Scope(clock.monotonic() + 45))
        started = replace(ONE, details={"columns": ["lastname", "email"]})
        seen = await KIND.look(look_by(client, clock.now(), started))
        assert seen.status == "partial"
        (failed,) = await rows_of(KIND, look_by(client, clock.now(), started))
        assert (failed["number"], failed["error"]["code"]) == (2, "CREATE_ONLY_IMPORT")
        clock.advance(5)  # until the index has it
        (kim,) = await found(desk, "contact", {"field": "email", "op": "eq", "value": "kim@example.com"})
        assert kim["fields"]["lastname"] == "Larsen"


async def test_a_lost_import_is_found_by_the_tool_and_not_sent_again(
    tmp_path: Path, clock: ManualClock
) -> None:
    fields = [{"name": "last_name", "value": "Larsen"}]
    given = {"object": "contact", "operation": "create", "records": [{"fields": fields}], "intent": "fair"}
    async with opened("hubspot", tmp_path, clock) as desk:
        plan = await desk.plan("crm_start_import", **given)
        desk.sandbox.inject(Fault("lost_answer", match="POST /crm/imports*"))
        envelope = await desk.ok("crm_start_import", **given, confirmation=plan["confirmation"])
        assert envelope["data"]["kind"] == "hubspot.import"
        assert envelope["warnings"] == ["The provider's answer was lost; the result was found by reading"]
        sent = [each for each in desk.sandbox.requests if each.method == "POST" and "imports" in each.path]
        assert len(sent) == 1


async def test_errors_without_words_or_rows_are_told_all_the_same(described: DescribedPortal) -> None:
    source = {"rowData": [], "containsEncryptedProperties": False, "lineNumber": 1, "fileId": 1}
    raw = {"id": "1", "createdAt": 0, "errorType": "INVALID_SPREADSHEET", "sourceData": source}
    described.stub("GET", f"{PATH}/errors", {"results": [raw]})
    assert await rows_of(KIND, look(described)) == [
        {
            "status": "failed",
            "error": {"code": "INVALID_SPREADSHEET", "message": "HubSpot gives no reason"},
            "fields": {},
        }
    ]


def test_the_kind_belongs_to_the_provider() -> None:
    assert PROVIDER.load_jobs
    assert KIND in PROVIDER.load_jobs()
