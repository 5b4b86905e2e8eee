"""Aftermath: finding out whether a write whose answer was lost has happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from support.salesforce import ROOT, DescribedOrg, JudgedOrg
from wirepost.contracts.records import Activity, Draft, LinkTo
from wirepost.core.errors import OutcomeUnknown
from wirepost.providers.salesforce.aftermath import LOOKED_AT, find_created
from wirepost.providers.salesforce.describe import describe
from wirepost.sandbox.faults import Fault

ANNA, BEN, COMPANY = "003Wp0000000001IAA", "003Wp0000000002IAA", "001Wp0000000001IAA"
CREATE, PARTS = f"POST {ROOT}/composite/sobjects", f"POST {ROOT}/composite"


async def lost(org: JudgedOrg, *drafts: Draft, how="lost_answer"):
    """Create with no answer; what is needed to look it up."""
    crm = org.crm()
    schema = await crm.describe("contact")
    since = org.clock.now()
    org.sandbox.inject(Fault(how, match=CREATE))
    with pytest.raises(OutcomeUnknown):
        await crm.create(schema, drafts, skip_duplicates=False, key=None)
    return org.crm(may_write=False), schema, since


async def test_a_create_is_sent_once_when_its_answer_is_lost(org: JudgedOrg):
    await lost(org, Draft({"LastName": "Zaphod"}))
    assert len([line for line in org.sandbox.requests if line.path.endswith("/composite/sobjects")]) == 1


@pytest.mark.parametrize("how", ["lost_answer", "malformed"])
async def test_what_was_made_is_found_with_its_values(org: JudgedOrg, how):
    drafts = [Draft({"LastName": "Zaphod ", "Email": "Z@example.com"}), Draft({"LastName": "Zaphod"})]
    crm, schema, since = await lost(org, *drafts, how=how)
    found = await crm.find_created(schema, drafts, since)
    assert [(one.status, one.is_new) for one in found] == [("ok", True)] * 2
    assert len({one.id for one in found}) == 2
    assert all(one.url for one in found)


async def test_what_was_not_made_is_not_found(org: JudgedOrg):
    drafts = [Draft({"LastName": "Lindqvist", "FirstName": "Anna"})]
    crm, schema, since = await lost(org, *drafts, how="cut")
    org.clock.advance(5)
    assert await crm.find_created(schema, drafts, since) is None


async def test_a_record_that_says_more_may_be_another_one(org: JudgedOrg):
    drafts = [Draft({"LastName": "Zaphod"})]
    crm, schema, since = await lost(org, *drafts, how="cut")
    other = Draft({"LastName": "Zaphod", "FirstName": "Other", "Email": "other@example.com"})
    await org.crm().create(schema, [other], skip_duplicates=False, key=None)
    with pytest.raises(OutcomeUnknown):
        await crm.find_created(schema, drafts, since)
    (made,) = await org.crm().create(schema, drafts, skip_duplicates=False, key=None)
    (found,) = await crm.find_created(schema, drafts, since)
    assert found.id == made.id


async def test_what_another_user_made_is_not_ours(org: JudgedOrg):
    drafts = [Draft({"LastName": "Zaphod"})]
    crm, schema, since = await lost(org, *drafts)
    (row,) = [
        each for each in org.sandbox.state.table("Contact").values() if each.values["LastName"] == "Zaphod"
    ]
    row.values["CreatedById"] = "005Wp0000000002IAA"
    assert await crm.find_created(schema, drafts, since) is None


async def test_a_record_with_another_link_is_another_one(org: JudgedOrg):
    drafts = [Draft({"LastName": "Zaphod"}, links=(LinkTo("company", COMPANY),))]
    crm, schema, since = await lost(org, *drafts, how="cut")
    other = replace(drafts[0], links=(LinkTo("company", "001Wp0000000002IAA"),))
    await org.crm().create(schema, [other], skip_duplicates=False, key=None)
    assert await crm.find_created(schema, drafts, since) is None
    await org.crm().create(schema, drafts, skip_duplicates=False, key=None)
    assert await crm.find_created(schema, drafts, since)


async def test_of_several_each_is_told(org: JudgedOrg):
    drafts = [Draft({"LastName": "Zaphod"}), Draft({"FirstName": "No last name"})]
    crm, schema, since = await lost(org, *drafts)
    made, missing = await crm.find_created(schema, drafts, since)
    assert (made.status, missing.status) == ("ok", "failed")
    assert missing.error.code == "upstream_rejected"


async def test_links_made_afterwards_are_left_to_look_at(org: JudgedOrg):
    deal = (
        await org.crm().links(
            await org.crm().describe("contact"),
            ANNA,
            await org.crm().describe("deal"),
            limit=1,
            position=None,
        )
    ).records[0]
    draft = Draft({"LastName": "Zaphod"}, links=(LinkTo("deal", deal.id),))
    crm, schema, since = await lost(org, draft)
    assert await crm.find_created(schema, [draft], since)
    assert "crm_list_links" in crm.warnings[0]


@pytest.mark.parametrize("kind", ["note", "task", "call", "email", "meeting"])
async def test_an_activity_is_found_by_what_it_says(org: JudgedOrg, kind):
    activity = Activity(kind, "Said <yes> & no\nthen went", "About it", related=(LinkTo("contact", ANNA),))
    crm = org.crm()
    since = org.clock.now()
    await crm.log_activity(Activity(kind, "Another", "About it", related=activity.related), key=None)
    assert await org.crm(may_write=False).find_activity(activity, since) is None
    path = PARTS if kind == "note" else f"POST {ROOT}/sobjects/*"
    org.sandbox.inject(Fault("lost_answer", match=path))
    with pytest.raises(OutcomeUnknown):
        await crm.log_activity(activity, key=None)
    found = await org.crm(may_write=False).find_activity(activity, since)
    assert found is not None
    org.clock.advance(600)
    assert await org.crm(may_write=False).find_activity(activity, org.clock.now()) is None


@pytest.mark.parametrize("kind", ["note", "task", "call", "email", "meeting"])
async def test_the_same_words_about_somebody_else_are_another_activity(org: JudgedOrg, kind):
    others = Activity(kind, "Called, no answer", "Call", related=(LinkTo("contact", BEN),))
    both = replace(others, related=(LinkTo("contact", ANNA), LinkTo("company", COMPANY)))
    since = org.clock.now()
    for each in (others, both):
        await org.crm().log_activity(each, key=None)
    ours = replace(others, related=(LinkTo("contact", ANNA[:15]),))
    assert await org.crm(may_write=False).find_activity(ours, since) is None
    made = await org.crm().log_activity(ours, key=None)
    found = await org.crm(may_write=False).find_activity(ours, since)
    assert found is not None
    assert found.id == made.id


async def test_too_many_records_leave_it_open(described: DescribedOrg):
    described.stub("GET", f"{ROOT}/sobjects/Contact/describe", _contact())
    row = {"attributes": {"type": "Contact"}, "Id": ANNA, "LastName": "Other"}
    described.stub(
        "GET", f"{ROOT}/query", {"done": True, "totalSize": LOOKED_AT, "records": [row] * LOOKED_AT}
    )
    client = described.client(may_write=False)
    contact = await describe(client, "contact")
    since = described.clock.now() - timedelta(seconds=1)
    with pytest.raises(OutcomeUnknown):
        await find_created(client, contact, [Draft({"LastName": "Z"})], since=since, url=lambda _: None)


@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, "09:59:00Z"), ("Wed, 25 Nov 2026 10:00:30 GMT", "10:00:28Z"), ("nonsense", "09:59:00Z")],
)
async def test_its_own_clock_tells_since_when_to_look(described: DescribedOrg, said, expected):
    described.stub("GET", f"{ROOT}/sobjects/Contact/describe", _contact())
    described.stub("GET", f"{ROOT}/query", {"done": True, "totalSize": 0, "records": []})
    client = described.client(may_write=False)
    contact = await describe(client, "contact")
    at = described.clock.now().replace(hour=10, minute=0, second=0, microsecond=0)
    described.upstream.said_at = None if said is None else (said.replace("25 Nov", f"{at:%d %b}"), at)
    await find_created(client, contact, [Draft({"LastName": "Z"})], since=at, url=lambda _: None)
    assert f"T{expected}" in described.described.requests[-1].url.params["q"]


def _contact():
    columns = [("Id", "id"), ("LastName", "string"), ("CreatedDate", "datetime")]
    fields = [{"name": name, "label": name, "type": kind, "createable": True} for name, kind in columns]
    return {"name": "Contact", "label": "Contact", "custom": False, "createable": True, "fields": fields}
