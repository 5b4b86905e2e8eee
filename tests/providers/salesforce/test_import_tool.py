"""`crm_start_import` on a whole Wirepost: contacts that are really there, a job to its end, lost answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.running import Running, running
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Sandbox
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as Attempt
from wirepost.tools.jobs import TERMINAL

ORG = "salesforce-sandbox"
KIM, RUNE, NOBODY = (
    {"fields": [{"name": name, "value": value} for name, value in each.items()]}
    for each in (
        {"last_name": "Larsen", "email": "kim.larsen@example.com"},
        {"last_name": "Rune", "email": "rune@example.com"},
        {"last_name": "Nobody", "email": "no address"},
    )
)
GIVEN = {"connection": ORG, "object": "contact", "operation": "create", "intent": "contacts of the fair"}


class Fair:
    """The tools, the sandbox behind them, and jobs that are looked at by hand."""

    def __init__(self, wirepost: Running, clock: ManualClock) -> None:
        self.wirepost, self.clock = wirepost, clock

    @property
    def sandbox(self) -> Sandbox:
        found = self.wirepost.app.connections.sandbox(ORG)
        assert found
        return found

    async def start(self, **given: Any) -> Any:
        return (await self.wirepost.confirmed("crm_start_import", **{**GIVEN, **given}))["data"]

    async def ended(self, job: str) -> tuple[Any, list[dict[str, Any]]]:
        """How it ended, and all rows that were copied."""
        for _ in range(3):
            self.clock.advance(20)
            with suppress(ComeAgain):
                await self.wirepost.app.long_work.poller.look(Attempt("job.look", job, {}, 1, None))
            shown = (await self.wirepost.ok("job_get", job=job))["data"]
            if shown["status"] in TERMINAL:
                break
        rows = await self.wirepost.ok("job_get_result", job=job)
        return shown, [each["row"] for each in rows["data"]["records"]]

    async def found(self, email: str) -> list[dict[str, Any]]:
        filters = [{"field": "email", "op": "eq", "value": email}]
        given = {"connection": ORG, "object": "contact", "filters": filters}
        found: list[dict[str, Any]] = (await self.wirepost.ok("crm_search_records", **given))["data"][
            "records"
        ]
        return found


@pytest.fixture
async def fair(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Fair]:
    connections = {ORG: {"provider": "salesforce", "environment": "sandbox"}}
    async with running(tmp_path, clock, connections=connections) as wirepost:
        yield Fair(wirepost, clock)


async def test_contacts_are_imported_by_one_job_whose_rows_are_kept(fair: Fair) -> None:
    handle = await fair.start(records=[KIM, RUNE])
    assert handle["kind"] == "salesforce.bulk_ingest"
    assert await fair.found("kim.larsen@example.com") == []
    shown, rows = await fair.ended(handle["job"])
    assert (shown["status"], shown["provider_status"]) == ("succeeded", "JobComplete")
    (kim,) = await fair.found("kim.larsen@example.com")
    assert [(row["status"], row["is_new"]) for row in rows] == [("ok", True), ("ok", True)]
    assert kim["id"] in {row["id"] for row in rows}
    sent = len(fair.sandbox.requests)
    assert (await fair.wirepost.ok("job_get_result", job=handle["job"]))["data"]["records"]
    assert len(fair.sandbox.requests) == sent, "a result is a copy"


async def test_what_the_organisation_refuses_is_a_row_and_the_rest_is_there(fair: Fair) -> None:
    shown, rows = await fair.ended((await fair.start(records=[KIM, NOBODY]))["job"])
    assert shown["status"] == "partial"
    assert [row["status"] for row in rows] == ["ok", "failed"]
    assert rows[1]["fields"] == {"LastName": "Nobody", "Email": "no address"}
    assert len(await fair.found("kim.larsen@example.com")) == 1


async def test_an_imported_record_is_found_again_by_an_external_id(fair: Fair) -> None:
    number = {"name": "Shop_Number__c", "value": "N-900"}
    given = {"operation": "upsert", "match_field": "Shop_Number__c"}
    first = await fair.start(**given, records=[{"fields": [*KIM["fields"], number]}], intent="a")
    _, (made,) = await fair.ended(first["job"])
    phone = [number, {"name": "last_name", "value": "Larsen"}, {"name": "phone", "value": "+49555"}]
    second = await fair.start(**given, records=[{"fields": phone}], intent="b")
    _, (changed,) = await fair.ended(second["job"])
    assert (made["is_new"], changed["is_new"], changed["id"]) == (True, False, made["id"])
    assert len(await fair.found("kim.larsen@example.com")) == 1


async def test_an_answer_that_is_lost_for_good_leaves_one_import(fair: Fair) -> None:
    plan = await fair.wirepost.ok("crm_start_import", **GIVEN, records=[KIM], mode="preview")
    given = {**GIVEN, "records": [KIM], "confirmation": plan["data"]["confirmation"]}
    fair.sandbox.inject(Fault("lost_answer", match="PATCH */jobs/*", times=None))
    fair.sandbox.inject(Fault("refused", match="GET */jobs/*", times=None))
    assert (await fair.wirepost.error("crm_start_import", **given))["code"] == "outcome_unknown"
    fair.sandbox.faults.clear()
    assert (await fair.wirepost.error("crm_start_import", **given))["code"] == "outcome_unknown"
    fair.clock.advance(30)
    handle = (await fair.wirepost.ok("crm_start_import", **given))["data"]
    shown, rows = await fair.ended(handle["job"])
    assert (shown["status"], len(rows)) == ("succeeded", 1)
    assert len(await fair.found("kim.larsen@example.com")) == 1


async def test_an_import_that_somebody_started_is_followed(fair: Fair) -> None:
    handle = await fair.start(records=[KIM])
    (job_id,) = {each.path.split("/")[6] for each in fair.sandbox.requests if each.path.endswith("/batches")}
    given = {"connection": ORG, "kind": "salesforce.bulk_ingest", "provider_job_id": job_id}
    tracked = (await fair.wirepost.ok("job_track", **given))["data"]
    assert tracked["job"] == handle["job"], "one job is one row"


async def test_an_import_that_is_cancelled_writes_nothing(fair: Fair) -> None:
    job = (await fair.start(records=[KIM]))["job"]
    assert (await fair.wirepost.ok("job_cancel", job=job))["data"]["status"] == "cancelling"
    fair.clock.advance(20)
    with suppress(ComeAgain):
        await fair.wirepost.app.long_work.poller.look(Attempt("job.look", job, {}, 1, None))
    assert (await fair.wirepost.ok("job_get", job=job))["data"]["status"] == "cancelled"
    assert await fair.found("kim.larsen@example.com") == []
