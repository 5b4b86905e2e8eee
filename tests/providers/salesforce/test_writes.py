"""Writes of many records: an outcome for each, in input order, whatever happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.salesforce import KEY, ROOT, DescribedOrg, JudgedOrg
from wirepost.contracts.records import Draft, ObjectSchema
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.salesforce import writes
from wirepost.sandbox.faults import Fault

ANNA, JONAS = "003Wp0000000001IAA", "003Wp0000000002IAA"
COLLECTION = f"{ROOT}/composite/sobjects"
CONTACT = ObjectSchema(object="Contact", label="Contact", fields=[], defaults=[])


def place(record_id: str) -> str:
    return f"https://x.example/{record_id}"


async def test_new_records_have_their_outcomes_in_order(org: JudgedOrg):
    """12.2.2g: of a composite request that fails in part each record has its outcome."""
    bodies = [{"LastName": "Kim"}, {"FirstName": "Nobody"}, {"LastName": "Lee"}]
    schema = await org.crm().describe("contact")
    made = await writes.create(org.client(), schema, bodies, url=place)
    assert [(one.index, one.status, one.is_new) for one in made] == [
        (0, "ok", True),
        (1, "failed", None),
        (2, "ok", True),
    ]
    assert made[0].url == place(made[0].id or "")
    assert made[1].error is not None
    assert [problem.path for problem in made[1].error.fields or []] == ["LastName"]


async def test_a_wrong_choice_is_told_with_the_allowed_ones(org: JudgedOrg):
    schema = await org.crm().describe("ContentDocumentLink")
    note = (await org.client().rows("SELECT Id FROM ContentNote LIMIT 1"))[0]["Id"]
    body = {"ContentDocumentId": note, "LinkedEntityId": JONAS, "ShareType": "Z"}
    (one,) = await writes.create(org.client(), schema, [body], url=place)
    assert one.error is not None
    assert [problem.allowed for problem in one.error.fields or []] == [["V", "C", "I"]]


async def test_changes_name_their_records_also_where_they_fail(org: JudgedOrg):
    bodies: list[tuple[str, dict[str, Any]]] = [
        (ANNA, {"Phone": None}),
        ("003Wp00000zzzzzIAA", {"Phone": "1"}),
    ]
    schema = await org.crm().describe("contact")
    done = await writes.update(org.client(), schema, bodies, url=place, key=KEY)
    assert [(one.status, one.id, one.is_new) for one in done] == [
        ("ok", ANNA, False),
        ("failed", "003Wp00000zzzzzIAA", None),
    ]
    assert done[1].error is not None
    assert done[1].error.code == "not_found"


async def test_a_single_record_is_changed_if_nobody_did_since(org: JudgedOrg):
    schema = await org.crm().describe("contact")
    org.clock.advance(60)
    since = org.clock.now()
    change = {"since": since, "url": place, "key": KEY}
    done = await writes.update_unchanged(org.client(), schema, ANNA, {"Phone": "1"}, **change)
    assert (done.status, done.id) == ("ok", ANNA)
    assert org.judge.requests[-1].headers["if-unmodified-since"].endswith("GMT")
    org.clock.advance(60)
    await writes.update(org.client(), schema, [(ANNA, {"Phone": "2"})], url=place, key=KEY)
    with pytest.raises(Rejected) as refused:
        await writes.update_unchanged(org.client(), schema, ANNA, {"Phone": "3"}, **change)
    assert refused.value.code == "conflict"


async def test_a_single_refusal_is_told_with_the_allowed_choices(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("deal")
    deal = (
        (await crm.links(await crm.describe("contact"), ANNA, schema, limit=1, position=None)).records[0].id
    )
    since = org.clock.now() + timedelta(days=1)
    body = {"StageName": "Nowhere", "CloseDate": None}
    with pytest.raises(Rejected) as refused:
        await writes.update_unchanged(org.client(), schema, deal, body, since=since, url=place, key=None)
    assert refused.value.fields


async def test_upserts_tell_what_is_new(org: JudgedOrg):
    schema = await org.crm().describe("contact")
    bodies = [{"Shop_Number__c": "N-1", "LastName": "New"}, {"Shop_Number__c": "N-2", "FirstName": "None"}]
    asked = {"match_field": "Shop_Number__c", "url": place, "key": KEY}
    first = await writes.upsert(org.client(), schema, bodies, **asked)
    assert [(one.status, one.is_new) for one in first] == [("ok", True), ("failed", None)]
    again = await writes.upsert(org.client(), schema, bodies[:1], **asked)
    assert [(one.id, one.is_new) for one in again] == [(first[0].id, False)]


async def test_deletions_may_be_repeated(org: JudgedOrg):
    schema = await org.crm().describe("contact")
    org.sandbox.inject(Fault("lost_answer", match=f"DELETE {COLLECTION}"))
    (made,) = await writes.create(org.client(), schema, [{"LastName": "Brief"}], url=place)
    ids = [made.id or "", "003Wp00000zzzzzIAA"]
    done = await writes.delete(org.client(), schema, ids, key=KEY)
    assert [(one.status, one.id) for one in done] == [("ok", ids[0]), ("failed", ids[1])]
    deletions = [line for line in org.sandbox.requests if line.method == "DELETE"]
    assert len(deletions) == 2


@pytest.mark.parametrize("answer", [[], [{"success": True, "id": ANNA, "errors": []}] * 3])
async def test_an_answer_about_other_records_is_no_answer(described: DescribedOrg, answer):
    described.stub("POST", COLLECTION, answer)
    with pytest.raises(OutcomeUnknown):
        await writes.create(described.client(), CONTACT, [{"LastName": "A"}, {"LastName": "B"}], url=place)


async def test_a_published_partial_failure_is_read(described: DescribedOrg):
    # https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
    # resources_composite_sobjects_collections_create.htm
    errors = [{"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}]
    answer = [
        {"id": "001RM000003oLrfYAE", "success": True, "errors": []},
        {"success": False, "errors": errors},
    ]
    described.stub("POST", COLLECTION, answer)
    made = await writes.create(described.client(), CONTACT, [{"LastName": "A"}, {"LastName": "B"}], url=place)
    assert [(one.status, one.id) for one in made] == [("ok", "001RM000003oLrfYAE"), ("failed", None)]
    assert made[1].error is not None
    assert made[1].error.code == "conflict"
    header = described.described.requests[-1].headers["sforce-duplicate-rule-header"]
    assert "allowSave=false" in header


def test_a_field_without_a_value_is_sent_as_null():
    assert writes.body_of(Draft({"Phone": None})) == {"Phone": None}
