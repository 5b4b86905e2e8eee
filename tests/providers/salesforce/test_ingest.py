"""Imports by bulk jobs: three requests of which only the last writes, what became of rows, lost answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from support.clock import ManualClock
from support.looking import look_by, rows_of
from support.noting import Noting
from support.salesforce import ROOT, Org, described_org, judged_org
from wirepost.contracts.jobs import Look, Problem
from wirepost.contracts.records import Draft, Import, Value
from wirepost.core.errors import InvalidCall, OutcomeUnknown, Rejected, Unavailable
from wirepost.providers.salesforce import PROVIDER
from wirepost.providers.salesforce.ingest import KINDS, LATE
from wirepost.sandbox.faults import Fault
from wirepost.tools.jobs import Started

(KIND,) = KINDS
JOB = "7505fEXAMPLE4C2AAM"
ONE = Started(kind="salesforce.bulk_ingest", provider_id=JOB)
# https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/get_job_info.htm
PUBLISHED = {
    "id": JOB,
    "operation": "insert",
    "object": "Account",
    "createdById": "0055fEXAMPLEtG4AAM",
    "createdDate": "2022-01-02T21:33:43.000+0000",
    "systemModstamp": "2022-01-02T21:33:52.000+0000",
    "state": "JobComplete",
    "concurrencyMode": "Parallel",
    "contentType": "CSV",
    "apiVersion": 61.0,
    "jobType": "V2Ingest",
    "lineEnding": "LF",
    "columnDelimiter": "COMMA",
    "numberRecordsProcessed": 2,
    "numberRecordsFailed": 0,
    "retries": 0,
    "totalProcessingTime": 886,
    "apiActiveProcessingTime": 813,
    "apexProcessingTime": 619,
}
ANOTHER = "0055fEXAMPLEtG4AAM"
DAY_S = 86_400.0
KIM: dict[str, Value] = {
    "LastName": "Larsen",
    "FirstName": 'Kim, "the first"\nof two',
    "Email": "kim@example.com",
}


class Bulk:
    """The sandbox, judged by the description, and what is imported into it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock, self.org = clock, judged_org(clock)
        self.sandbox, self.judge = self.org.sandbox, self.org.judge

    async def start(
        self, operation: Any, rows: Sequence[Draft], match: str | None = None, key: str = "wp_1"
    ) -> Started:
        crm = self.org.crm()
        schema = await crm.describe("contact")
        return await crm.start_import(schema, Import(operation, rows, match, "Wirepost int_1"), key=key)

    async def find(self, rows: Sequence[Draft], since: datetime) -> Started | None:
        crm = self.org.crm(may_write=False)
        schema = await crm.describe("contact")
        return await crm.find_import(schema, Import("create", rows, None, "Wirepost int_1"), since)

    def look(self, started: Started, *, may_write: bool = False) -> Look[Any]:
        return look_by(self.org.client(may_write=may_write), self.clock.now(), started)

    async def ended(self, started: Started) -> tuple[str, list[dict[str, Any]]]:
        self.clock.advance(20)
        look = self.look(started)
        return (await KIND.look(look)).status, await rows_of(KIND, look)

    async def contact(self, record_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.org.client().get(f"{ROOT}/sobjects/Contact/{record_id}")
        return found

    def made_by(self, started: Started, user: str) -> None:
        """Let a job be somebody's."""
        self.sandbox.state.jobs[started.provider_id or ""].row["createdById"] = user

    def sent(self, end: str) -> int:
        return sum(request.path.endswith(end) for request in self.sandbox.requests if request.method != "GET")


@pytest.fixture
def bulk(clock: ManualClock) -> Bulk:
    return Bulk(clock)


@pytest.mark.parametrize(
    ("theirs", "processed", "failed", "ours"),
    # https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/get_job_info.htm
    [
        ("Open", 0, 0, "running"),
        ("UploadComplete", 0, 0, "running"),
        ("InProgress", 1, 0, "running"),
        ("JobComplete", 2, 0, "succeeded"),
        ("JobComplete", 2, 1, "partial"),
        ("JobComplete", 2, 2, "partial"),
        ("Aborted", 0, 0, "cancelled"),
        ("Aborted", 1, 0, "partial"),
        ("Failed", 0, 0, "failed"),
        ("Failed", 1, 0, "partial"),
        ("OfTomorrow", 0, 0, "running"),
    ],
)
async def test_every_state_of_an_import(
    clock: ManualClock, theirs: str, processed: int, failed: int, ours: str
) -> None:
    org = described_org(clock)
    told = {"state": theirs, "numberRecordsProcessed": processed, "numberRecordsFailed": failed}
    error = {"errorMessage": "InvalidBatch : Field name not found : Nope"} if theirs == "Failed" else {}
    org.described.plain[f"GET {ROOT}/jobs/ingest/{JOB}"] = (200, {**PUBLISHED, **told, **error}, {})
    seen = await KIND.look(look_by(org.client(may_write=False), clock.now(), ONE))
    assert (seen.status, seen.provider_status, seen.done) == (ours, theirs, processed)
    assert seen.error == (Problem("upstream_rejected", error["errorMessage"]) if ours == "failed" else None)
    assert bool(seen.warnings) == (ours == "partial" and theirs != "JobComplete")


# What simple-salesforce 1.12.10 (`bulk2`) sends for the same, recorded; it leaves the order of names open.
@pytest.mark.parametrize(
    ("operation", "match", "draft", "recorded"),
    [
        (
            "create",
            None,
            Draft({"LastName": "Larsen", "Email": "kim@example.com"}),
            ({"operation": "insert"}, b"LastName,Email\nLarsen,kim@example.com\n"),
        ),
        (
            "upsert",
            "Shop_Number__c",
            Draft({"Shop_Number__c": "7", "LastName": "Larsen"}),
            (
                {"operation": "upsert", "externalIdFieldName": "Shop_Number__c"},
                b"Shop_Number__c,LastName\n7,Larsen\n",
            ),
        ),
        (
            "update",
            None,
            Draft({"LastName": "Larsen"}, id="0035fEXAMPLE"),
            ({"operation": "update"}, b"Id,LastName\n0035fEXAMPLE,Larsen\n"),
        ),
    ],
)
async def test_the_requests_are_those_of_another_client(
    bulk: Bulk, operation: str, match: str | None, draft: Draft, recorded: tuple[dict[str, str], bytes]
) -> None:
    noting = Noting(bulk.org.transport)
    bulk.org = Org(noting, bulk.clock, token=bulk.sandbox.key)
    started = await bulk.start(operation, [draft], match)
    job = f"{ROOT}/jobs/ingest/{started.provider_id}"
    made, uploaded, closed = [each for each in noting.requests if "/jobs/" in each.url.path]
    assert (made.method, made.url.path) == ("POST", f"{ROOT}/jobs/ingest")
    assert (uploaded.method, uploaded.url.path) == ("PUT", f"{job}/batches")
    assert (closed.method, closed.url.path) == ("PATCH", job)
    always = {"columnDelimiter": "COMMA", "lineEnding": "LF", "object": "Contact", "contentType": "CSV"}
    assert json.loads(made.content) == always | recorded[0]
    assert (uploaded.content, uploaded.headers["content-type"]) == (recorded[1], "text/csv; charset=UTF-8")
    assert json.loads(closed.content) == {"state": "UploadComplete"}


async def test_an_import_from_its_start_to_its_records(bulk: Bulk) -> None:
    started = await bulk.start(
        "create", [Draft(KIM), Draft({"LastName": "Jensen", "HasOptedOutOfEmail": True})]
    )
    assert (started.kind, started.status, started.total) == ("salesforce.bulk_ingest", "running", 2)
    assert (await KIND.look(bulk.look(started))).status == "running"
    status, rows = await bulk.ended(started)
    assert status == "succeeded"
    assert [(row["status"], row["is_new"]) for row in rows] == [("ok", True), ("ok", True)]
    assert rows[0]["fields"] == KIM
    stored = await bulk.contact(rows[0]["id"])
    assert {name: stored[name] for name in KIM} == KIM
    assert (await bulk.contact(rows[1]["id"]))["HasOptedOutOfEmail"] is True


async def test_what_salesforce_refuses_is_told_row_by_row(bulk: Bulk) -> None:
    rows = [Draft({"LastName": "Larsen"}), Draft({"FirstName": "Nobody"}), Draft(KIM), Draft(KIM)]
    status, told = await bulk.ended(await bulk.start("create", rows))
    assert status == "partial"
    assert [row["status"] for row in told] == ["ok", "ok", "failed", "failed"]
    missing, twin = told[2:]
    assert missing["fields"] == {"FirstName": "Nobody"}
    assert "LastName" in missing["error"]["message"]
    assert twin["error"]["code"] == "conflict"


async def test_values_are_emptied_and_others_stay(bulk: Bulk) -> None:
    _, rows = await bulk.ended(await bulk.start("create", [Draft(KIM), Draft({"LastName": "B"})]))
    first, second = (row["id"] for row in rows)
    changed = [Draft({"Email": None}, id=first), Draft({"Phone": "+49555"}, id=second)]
    status, told = await bulk.ended(await bulk.start("update", changed))
    assert (status, [row["is_new"] for row in told]) == ("succeeded", [False, False])
    stored = await bulk.contact(first)
    assert (stored["Email"], stored["LastName"]) == (None, "Larsen")
    assert (await bulk.contact(second))["Phone"] == "+49555"


async def test_upserts_find_records_by_an_external_id(bulk: Bulk) -> None:
    rows = [
        Draft({"Shop_Number__c": "N-1", "LastName": "A"}),
        Draft({"Shop_Number__c": "N-2", "LastName": "B"}),
    ]
    await bulk.ended(await bulk.start("upsert", rows[:1], "Shop_Number__c"))
    _, told = await bulk.ended(await bulk.start("upsert", rows, "Shop_Number__c"))
    assert [row["is_new"] for row in told] == [False, True]


@pytest.mark.parametrize(
    ("operation", "match", "draft", "word"),
    [
        ("update", "Shop_Number__c", Draft({"Shop_Number__c": "1", "LastName": "A"}), "by Id only"),
        ("upsert", "Email", Draft({"Email": "a@example.com"}), "no external id"),
        ("create", None, Draft({"LastName": "#N/A"}), "cannot be #N/A"),
    ],
)
async def test_what_cannot_be_done_in_bulk_is_refused_before_anything_is_sent(
    bulk: Bulk, operation: str, match: str | None, draft: Draft, word: str
) -> None:
    with pytest.raises(InvalidCall, match=word):
        await bulk.start(operation, [draft], match)
    assert bulk.sent("/jobs/ingest") == 0


async def test_an_upload_larger_than_salesforce_takes_is_refused(bulk: Bulk) -> None:
    long = "x" * 1_000_000
    with pytest.raises(InvalidCall, match="Salesforce takes 100"):
        await bulk.start("create", [Draft({"LastName": "L", "Description": long})] * 101)
    assert bulk.sent("/jobs/ingest") == 0


async def test_an_import_can_be_ended_before_it_has_begun(bulk: Bulk) -> None:
    started = await bulk.start("create", [Draft(KIM)])
    assert KIND.cancel
    await KIND.cancel(bulk.look(started, may_write=True))
    status, rows = await bulk.ended(started)
    assert (status, [row["status"] for row in rows]) == ("cancelled", ["unprocessed"])


async def test_an_import_that_salesforce_does_not_know(bulk: Bulk) -> None:
    with pytest.raises(Rejected) as refused:
        await KIND.look(bulk.look(ONE))
    assert refused.value.code == "not_found"


async def test_a_column_that_does_not_exist_fails_the_whole(bulk: Bulk) -> None:
    started = await bulk.start("create", [Draft({"LastName": "L", "Nope__c": "1"})])
    bulk.clock.advance(20)
    seen = await KIND.look(bulk.look(started))
    assert seen.error == Problem("upstream_rejected", "InvalidBatch : Field name not found : Nope__c")


@pytest.mark.parametrize("end", ["/jobs/ingest", "/batches"])
async def test_what_is_lost_before_the_last_request_has_written_nothing(bulk: Bulk, end: str) -> None:
    method = "POST" if end == "/jobs/ingest" else "PUT"
    bulk.sandbox.inject(Fault("lost_answer", match=f"{method} *{end}", times=None))
    with pytest.raises((Unavailable, Rejected)) as lost:
        await bulk.start("create", [Draft(KIM)])
    assert (lost.value.outcome, lost.value.applied_nothing) == ("not_applied", True)
    assert bulk.sent("/jobs/ingest") >= 1


async def test_a_lost_answer_to_the_last_request_is_looked_up_at_once(bulk: Bulk) -> None:
    bulk.sandbox.inject(Fault("lost_answer", match="PATCH *", times=1))
    status, rows = await bulk.ended(await bulk.start("create", [Draft(KIM)]))
    assert (status, len(rows)) == ("succeeded", 1)
    assert bulk.sent("/batches") == 1


async def test_a_job_that_was_never_started_is_not_certain_to_stay_so_at_first(bulk: Bulk) -> None:
    bulk.sandbox.inject(Fault("refused", match="PATCH *", times=None))
    with pytest.raises((OutcomeUnknown, Unavailable)):
        await bulk.start("create", [Draft(KIM)])
    bulk.sandbox.faults.clear()
    since = bulk.clock.now()
    with pytest.raises(OutcomeUnknown):
        await bulk.find([Draft(KIM)], since)
    bulk.clock.advance(LATE.total_seconds() + 1)
    assert await bulk.find([Draft(KIM)], since) is None


async def test_the_job_of_a_lost_import_is_known_by_its_rows(bulk: Bulk) -> None:
    since = bulk.clock.now()
    other = await bulk.start("create", [Draft({"LastName": "Other"})])
    ours = await bulk.start("create", [Draft(KIM), Draft({"FirstName": "Nobody"})])
    rows = [Draft({"FirstName": "Nobody"}), Draft(KIM)]
    with pytest.raises(OutcomeUnknown):
        await bulk.find(rows, since)
    bulk.clock.advance(30)
    found = await bulk.find(rows, since)
    assert found
    assert found.provider_id == ours.provider_id != other.provider_id
    assert await bulk.find([Draft(KIM), Draft(KIM)], since) is None
    bulk.clock.advance(120)
    assert await bulk.find(rows, bulk.clock.now()) is None


async def test_one_of_two_imports_with_the_same_rows_is_not_guessed(bulk: Bulk) -> None:
    since = bulk.clock.now()
    first = await bulk.start("create", [Draft(KIM)])
    bulk.clock.advance(30)
    assert (await bulk.find([Draft(KIM)], since)) is not None
    await bulk.start("create", [Draft(KIM)])
    with pytest.raises(OutcomeUnknown, match="runs"):
        await bulk.find([Draft(KIM)], since)
    bulk.clock.advance(30)
    with pytest.raises(OutcomeUnknown, match="Several"):
        await bulk.find([Draft(KIM)], since)
    bulk.made_by(first, ANOTHER)
    found = await bulk.find([Draft(KIM)], since)
    assert found
    assert found.provider_id != first.provider_id


async def test_a_job_of_somebody_else_is_not_ours_where_we_know_who_we_are(bulk: Bulk) -> None:
    since = bulk.clock.now()
    started = await bulk.start("create", [Draft(KIM)])
    bulk.made_by(started, ANOTHER)
    assert await bulk.find([Draft(KIM)], since) is None
    bulk.clock.advance(30)
    assert await bulk.find([Draft(KIM)], since) is None
    bulk.sandbox.inject(Fault("status", match="GET */userinfo", status=404, times=None))
    found = await bulk.find([Draft(KIM)], since)
    assert found
    assert found.provider_id == started.provider_id


async def test_a_start_that_nobody_can_look_up_is_unknown_until_it_is_found(bulk: Bulk) -> None:
    since = bulk.clock.now()
    bulk.sandbox.inject(Fault("lost_answer", match="PATCH *", times=1))
    bulk.sandbox.inject(Fault("refused", match="GET */jobs/*", times=None))
    with pytest.raises(OutcomeUnknown):
        await bulk.start("create", [Draft(KIM)])
    bulk.sandbox.faults.clear()
    bulk.clock.advance(30)
    found = await bulk.find([Draft(KIM)], since)
    assert found
    assert (await bulk.ended(found))[0] == "succeeded"
    assert bulk.sent("/batches") == 1


# https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/asynch_api_jobs_lifespan.htm
async def test_salesforce_forgets_a_job_after_seven_days(bulk: Bulk) -> None:
    since = bulk.clock.now()
    started = await bulk.start("create", [Draft(KIM)])
    bulk.clock.advance(6.9 * DAY_S)
    assert (await KIND.look(bulk.look(started))).status == "succeeded"
    bulk.clock.advance(0.2 * DAY_S)
    for read in (KIND.look(bulk.look(started)), rows_of(KIND, bulk.look(started))):
        with pytest.raises(Rejected) as refused:
            await read
        assert refused.value.code == "not_found"
    assert await bulk.find([Draft(KIM)], since) is None


async def test_each_request_is_one_that_is_described(bulk: Bulk) -> None:
    since = bulk.clock.now()
    await bulk.ended(await bulk.start("create", [Draft(KIM)]))
    await bulk.find([Draft(KIM)], since)
    operations = {each for each in bulk.judge.operations if each.startswith("ingest.")}
    steps = {"create", "upload", "close", "get", "list"}
    results = {"successfulResults", "failedResults", "unprocessedrecords"}
    assert operations == {f"ingest.{name}" for name in steps | results}


async def test_a_job_of_the_sandbox_has_the_published_form(bulk: Bulk) -> None:
    started = await bulk.start("create", [Draft(KIM)])
    told = await bulk.org.client().get(f"{ROOT}/jobs/ingest/{started.provider_id}")
    known = {**PUBLISHED, "contentUrl": "services/data/v61.0/jobs/ingest/7505fEXAMPLE4C2AAM/batches"}
    assert set(told) <= set(known)
    assert {name: type(told[name]) for name in told} == {name: type(known[name]) for name in told}


def test_the_kind_belongs_to_the_provider() -> None:
    assert PROVIDER.load_jobs
    assert KIND in PROVIDER.load_jobs()
