"""Batches: what became of each record, however HubSpot tells it."""

from __future__ import annotations

import pytest

from support.hubspot import KEY, JudgedPortal
from wirepost.contracts.records import Draft, FieldSchema, ObjectSchema
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.hubspot import batches
from wirepost.providers.hubspot.client import dated
from wirepost.providers.hubspot.kinds import BY_NAME

CONTACT = BY_NAME["contact"]
SCHEMA = ObjectSchema(
    object="contacts",
    label="Contact",
    fields=[FieldSchema(name="email", label="Email", type="text")],
    defaults=[],
)
CREATE, UPDATE = (dated("crm/objects", "contacts", "batch", verb) for verb in ("create", "update"))
TIMES = {"startedAt": "2026-01-01T00:00:00Z", "completedAt": "2026-01-01T00:00:00Z"}


def row(record_id, **properties):
    more = {"objectWriteTraceId": properties.pop("trace")} if "trace" in properties else {}
    times = {"createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z"}
    return {"id": record_id, "properties": properties, **times, **more}


def failure(category="VALIDATION_ERROR", message="no", **context):
    return {
        "status": "error",
        "category": category,
        "message": message,
        "context": context,
        "errors": [],
        "links": {},
    }


def answer(*rows, errors=()):
    more = {"numErrors": len(errors), "errors": list(errors)} if errors else {}
    return {"status": "COMPLETE", **TIMES, "results": list(rows), **more}


def nowhere(record_id):
    return None


async def create(described, *addresses):
    inputs = [{"properties": {"email": address}} for address in addresses]
    return await batches.create(described.client(), CONTACT, inputs, schema=SCHEMA, url=nowhere)


async def test_results_are_told_apart_by_trace_in_any_order(described):
    described.stub("POST", CREATE, answer(row("11", trace="1"), row("10", trace="0")), status=201)
    made = await create(described, "a@example.com", "b@example.com")
    assert [(one.index, one.id, one.is_new) for one in made] == [(0, "10", True), (1, "11", True)]


async def test_a_batch_may_succeed_in_part(described):
    """12.2.1b: an answer 207 gives each record an outcome of its own."""
    errors = [failure("CONFLICT", "Contact already exists. Existing ID: 51", objectWriteTraceId=["1"])]
    described.stub("POST", CREATE, answer(row("10", trace="0"), errors=errors), status=207)
    made = await create(described, "a@example.com", "b@example.com")
    assert [(one.status, one.id) for one in made] == [("ok", "10"), ("failed", "51")]
    assert made[1].error.code == "conflict"


async def test_results_without_traces_are_told_apart_by_their_values(described):
    rows = (row("11", email="b@example.com"), row("10", email="a@example.com"))
    described.stub("POST", CREATE, answer(*rows), status=201)
    made = await create(described, "A@Example.com", "b@example.com")
    assert [one.id for one in made] == ["10", "11"]


async def test_an_error_without_trace_or_id_is_about_all_that_is_not_there(described):
    rows = (row("10", email="b@example.com"),)
    described.stub("POST", CREATE, answer(*rows, errors=[failure()]), status=207)
    made = await create(described, "a@example.com", "b@example.com", "c@example.com")
    assert [(one.status, one.id) for one in made] == [("failed", None), ("ok", "10"), ("failed", None)]


async def test_a_record_of_which_nothing_is_said_leaves_the_outcome_unknown(described):
    described.stub("POST", CREATE, answer(row("10", email="other@example.com")), status=201)
    with pytest.raises(OutcomeUnknown):
        await create(described, "a@example.com")


async def test_updates_are_told_apart_by_id(described):
    errors = [failure("OBJECT_NOT_FOUND", "gone", ids=["2"])]
    described.stub("POST", UPDATE, answer(row("3"), row("1"), errors=errors), status=207)
    drafts = [(record_id, Draft({"email": f"{record_id}@example.com"})) for record_id in ("1", "2", "3")]
    made = await batches.update(described.client(), CONTACT, drafts, schema=SCHEMA, url=nowhere, key=KEY)
    assert [(one.status, one.id) for one in made] == [("ok", "1"), ("failed", "2"), ("ok", "3")]


async def test_upserts_are_told_apart_by_their_value(described):
    path = dated("crm/objects", "contacts", "batch", "upsert")
    rows = (
        {**row("99", key="nobody's"), "new": True},
        {**row("11", key="B"), "new": True},
        {**row("10", key="a"), "new": False},
    )
    described.stub("POST", path, answer(*rows))
    made = await batches.upsert(
        described.client(),
        CONTACT,
        [("A", Draft({})), ("b", Draft({}))],
        match_field="key",
        schema=SCHEMA,
        url=nowhere,
        key=KEY,
    )
    assert [(one.id, one.is_new) for one in made] == [("10", False), ("11", True)]


async def test_nothing_is_sent_to_read_no_records(described):
    assert await batches.read(described.client(), CONTACT, [], fields=[]) == []
    assert described.described.paths == []


async def test_a_value_that_is_not_allowed_fails_alone_and_names_what_is(portal: JudgedPortal):

    crm = portal.crm()
    contact = await crm.describe("contact")
    made = await crm.create(
        contact,
        [Draft({"lifecyclestage": "king"}), Draft({"firstname": "B"})],
        skip_duplicates=False,
        key=None,
    )
    assert [one.status for one in made] == ["failed", "ok"]
    (problem,) = made[0].error.fields
    assert problem.path == "lifecyclestage"
    assert "customer" in problem.allowed


async def test_account_rules_are_refused_by_field_and_not_tried_again(portal: JudgedPortal):
    """12.2.1f: a rule of the account refuses a value by its field, and nothing is repeated."""
    crm = portal.crm()
    deal = await crm.describe("deal")
    before = len(portal.sent("batch/update"))
    (made,) = await crm.update(deal, [Draft({"amount": -5}, id="300001")], unchanged_since=None, key=KEY)
    assert made.error.code == "upstream_rejected"
    assert [(one.path, one.problem) for one in made.error.fields] == [
        ("amount", "Amount must not be negative")
    ]
    assert len(portal.sent("batch/update")) == before + 1


async def test_a_whole_batch_that_is_refused_raises_with_fields(described):
    body = {
        "status": "error",
        "message": "Property values were not valid",
        "category": "VALIDATION_ERROR",
        "correlationId": "c",
        "errors": [{"message": "no such option", "context": {"propertyName": ["email"]}}],
    }
    described.stub("POST", CREATE, body, status=400)
    with pytest.raises(Rejected) as refused:
        await create(described, "a@example.com")
    assert refused.value.fields[0]["path"] == "email"
    assert refused.value.outcome == "not_applied"
