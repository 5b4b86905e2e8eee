"""The contract on Salesforce: what each method does with ids, duplicates, batches and what fails."""

from __future__ import annotations

import pytest

from support.salesforce import KEY, ROOT, DescribedOrg, JudgedOrg, uncovered
from wirepost.contracts.records import Activity, Draft, LinkTo, Query
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.salesforce import probe
from wirepost.sandbox.faults import Fault

ANNA, JONAS, GONE = "003Wp0000000001IAA", "003Wp0000000002IAA", "003Wp00000zzzzzIAA"
SHORT = ANNA[:15]


async def names(org: JudgedOrg, *ids: str, id_field: str | None = None) -> list[str | None]:
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    found = await crm.get(schema, ids, id_field=id_field, fields=["Name"], links=())
    return [each.fields["Name"] if each else None for each in found]


async def test_ids_of_either_length_find_the_record(org: JudgedOrg):
    """12.2.2b: an id of 15 or of 18 characters names the same record when it is read."""
    assert org.crm().canonical_id(SHORT) == ANNA
    assert await names(org, SHORT, ANNA) == ["Anna Lindqvist", "Anna Lindqvist"]
    assert await names(org, GONE, "001Wp0000000001IAA", "x", JONAS) == [None, None, None, "Jonas Weber"]


async def test_what_cannot_be_an_id_is_not_asked_for(org: JudgedOrg):
    assert await names(org, "x", ANNA.lower()) == [None, None]
    assert org.sent("/composite/sobjects/Contact") == []


async def test_records_are_found_by_an_external_id_in_any_case(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    (anna,) = await crm.get(schema, [ANNA], id_field=None, fields=["Shop_Number__c"], links=())
    assert anna is not None
    number = anna.fields["Shop_Number__c"]
    found = await names(org, number.upper(), "nobody'\\", number.lower(), id_field="Shop_Number__c")
    assert found == ["Anna Lindqvist", None, "Anna Lindqvist"]


async def test_numbers_that_find_records_are_compared_as_numbers(described: DescribedOrg):
    columns = [("Id", "id", {}), ("Number__c", "double", {"externalId": True})]
    fields = [{"name": name, "label": name, "type": kind, **more} for name, kind, more in columns]
    raw = {"name": "Contact", "label": "Contact", "custom": False, "createable": True, "fields": fields}
    row = {"attributes": {"type": "Contact"}, "Id": ANNA, "Number__c": 17.0}
    described.stub("GET", f"{ROOT}/sobjects/Contact/describe", raw)
    described.stub("GET", f"{ROOT}/query", {"done": True, "totalSize": 1, "records": [row]})
    crm = described.crm(may_write=False)
    schema = await crm.describe("contact")
    found = await crm.get(schema, ["17", "18"], id_field="Number__c", fields=["Number__c"], links=())
    assert [each.fields["Number__c"] if each else None for each in found] == [17, None]
    assert "Number__c IN (17, 18)" in described.described.requests[-1].url.params["q"]


async def test_links_come_with_records(org: JudgedOrg):
    crm = org.crm(may_write=False)
    schema = await crm.describe("contact")
    records = await crm.get(schema, [SHORT, JONAS], id_field=None, fields=["Name"], links=["deal", "Case"])
    for record in records:
        assert record is not None
        assert set(record.links or {}) == {"deal", "Case"}
    assert records[0] is not None
    assert records[0].links is not None
    assert len(records[0].links["deal"]) == sum(
        deal.person == "person0001" for deal in org.sandbox.world.deals
    )
    assert crm.warnings == []


async def test_a_duplicate_is_failed_or_skipped_with_its_id(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    draft = Draft({"LastName": "Lindqvist", "Email": "anna.lindqvist@example.com"})
    (failed,) = await crm.create(schema, [draft], skip_duplicates=False, key=KEY)
    assert (failed.status, failed.id) == ("failed", ANNA)
    assert failed.error is not None
    assert failed.error.code == "conflict"
    made, skipped = await crm.create(
        schema, [Draft({"LastName": "Larsen"}), draft], skip_duplicates=True, key=KEY
    )
    assert (made.status, skipped.status, skipped.id, skipped.error) == ("ok", "skipped", ANNA, None)


async def test_a_create_is_not_repeated(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    org.sandbox.inject(Fault("status", status=503, match=f"POST {ROOT}/composite/sobjects", times=None))
    with pytest.raises(Exception, match="outcome_unknown"):
        await crm.create(schema, [Draft({"LastName": "Once"})], skip_duplicates=False, key=KEY)
    assert len([each for each in org.sandbox.requests if each.path.endswith("/composite/sobjects")]) == 1


async def test_a_new_record_gets_its_links(org: JudgedOrg):
    crm = org.crm()
    schema, company, deal = [await crm.describe(name) for name in ("contact", "company", "deal")]
    account = (await org.client().rows("SELECT Id FROM Account LIMIT 1"))[0]["Id"]
    opportunity = (await org.client().rows("SELECT Id FROM Opportunity LIMIT 1"))[0]["Id"]
    draft = Draft({"LastName": "Larsen"}, links=(LinkTo("company", account), LinkTo("deal", opportunity)))
    (made,) = await crm.create(schema, [draft], skip_duplicates=False, key=None)
    assert made.id is not None
    for to, expected in ((company, account), (deal, opportunity)):
        page = await crm.links(schema, made.id, to, limit=10, position=None)
        assert [link.id for link in page.records] == [expected]
    assert crm.warnings == []


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_link_that_fails_leaves_the_record_and_a_warning(org: JudgedOrg, *, is_refused: bool):
    crm = org.crm()
    schema = await crm.describe("contact")
    await crm.describe("deal")
    await crm.describe("OpportunityContactRole")
    target = LinkTo("deal", "006Wp00000zzzzzIAA")
    if not is_refused:
        org.sandbox.inject(Fault("status", status=500, match=f"GET {ROOT}/query", times=None))
    (made,) = await crm.create(
        schema, [Draft({"LastName": "Larsen"}, links=(target,))], skip_duplicates=False, key=None
    )
    assert made.status == "ok"
    assert "but its link to 006Wp00000zzzzz" in crm.warnings[0]


async def test_updates_tell_of_each_record(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    drafts = [Draft({"Phone": "1"}, id=each) for each in (GONE, "x", ANNA)]
    done = await crm.update(schema, drafts, unchanged_since=None, key=KEY)
    assert [(one.index, one.status) for one in done] == [(0, "failed"), (1, "failed"), (2, "ok")]
    only = await crm.update(schema, drafts[1:2], unchanged_since=None, key=KEY)
    assert [one.status for one in only] == ["failed"]


async def test_of_several_records_those_that_changed_meanwhile_stay(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    org.clock.advance(10)
    since = org.clock.now()
    org.clock.advance(10)
    await crm.update(schema, [Draft({"Phone": "1"}, id=ANNA)], unchanged_since=None, key=KEY)
    drafts = [Draft({"Phone": "2"}, id=each) for each in (ANNA, JONAS, "x")]
    done = await crm.update(schema, drafts, unchanged_since=since, key=KEY)
    assert [one.status for one in done] == ["failed", "ok", "failed"]
    assert done[0].error is not None
    assert done[0].error.code == "conflict"


async def test_upserts_need_an_external_id(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    with pytest.raises(InvalidCall) as refused:
        await crm.upsert(schema, [Draft({"Email": "a@example.com"})], match_field="Email", key=KEY)
    assert refused.value.code == "unsupported_by_provider"
    assert refused.value.fields[0]["allowed"] == ["Shop_Number__c"]


async def test_a_value_that_comes_twice_is_written_once(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    drafts = [Draft({"Shop_Number__c": number, "LastName": "N"}) for number in ("n-1", "N-1", "n-2")]
    done = await crm.upsert(schema, drafts, match_field="Shop_Number__c", key=KEY)
    assert [(one.index, one.status) for one in done] == [(0, "ok"), (1, "failed"), (2, "ok")]


async def test_archived_records_are_gone(org: JudgedOrg):
    crm = org.crm()
    schema = await crm.describe("contact")
    (made,) = await crm.create(schema, [Draft({"LastName": "Brief"})], skip_duplicates=False, key=None)
    assert made.id is not None
    done = await crm.archive(schema, ["x", made.id[:15], GONE], key=KEY)
    assert [one.status for one in done] == ["failed", "ok", "failed"]
    assert await names(org, made.id) == [None]
    assert [one.status for one in await crm.archive(schema, ["x"], key=KEY)] == ["failed"]


@pytest.mark.parametrize("record_id", ["x", GONE, "001Wp0000000001IAA"])
async def test_links_of_a_record_that_is_not_there(org: JudgedOrg, record_id: str):
    crm = org.crm(may_write=False)
    with pytest.raises(Rejected) as refused:
        await crm.links(
            await crm.describe("contact"), record_id, await crm.describe("deal"), limit=5, position=None
        )
    assert refused.value.code == "not_found"


async def test_a_record_without_links_has_none(org: JudgedOrg):
    crm = org.crm(may_write=False)
    page = await crm.links(
        await crm.describe("contact"), SHORT, await crm.describe("company"), limit=5, position=None
    )
    assert (page.records, page.total) == ([], 0)


async def test_links_are_made_and_removed_by_ids_of_either_length(org: JudgedOrg):
    """12.2.2b: the same when records are linked."""
    crm = org.crm()
    contact, company = await crm.describe("contact"), await crm.describe("company")
    one, two = [row["Id"] for row in await org.client().rows("SELECT Id FROM Account ORDER BY Id LIMIT 2")]
    for account in (one, two):
        await crm.link(contact, company, [(SHORT, account[:15])], label=None, key=KEY)
    assert len(crm.warnings) == 1
    done = await crm.unlink(contact, company, [(SHORT, two[:15])], label=None, key=KEY)
    assert [(each.status, each.id) for each in done] == [("ok", two)]
    page = await crm.links(contact, ANNA, company, limit=5, position=None)
    assert page.records == []


async def test_objects_without_stages_have_no_pipelines(org: JudgedOrg):
    crm = org.crm(may_write=False)
    assert await crm.pipelines(await crm.describe("contact")) == []
    assert await crm.pipelines(await crm.describe("deal"))
    assert (await crm.objects(include_custom=False))[0].neutral == "contact"


async def test_every_operation_is_described_or_known_to_lack_a_description(org: JudgedOrg):
    crm = org.crm()
    await probe(org.client(may_write=False))
    await crm.objects(include_custom=True)
    contact, deal = await crm.describe("contact"), await crm.describe("deal")
    await crm.describe("Club__c")
    await crm.search(contact, Query(("Email",), 5))
    await crm.search(contact, Query(("Email",), 5, text="Lindqvist"))
    await crm.browse(contact, Query(("Email",), 5))
    await crm.get(contact, [ANNA], id_field=None, fields=["Email"], links=["deal"])
    (made,) = await crm.create(contact, [Draft({"LastName": "X"})], skip_duplicates=True, key=None)
    draft = Draft({"Phone": "1"}, id=made.id)
    await crm.update(contact, [draft], unchanged_since=None, key=KEY)
    await crm.update(contact, [draft], unchanged_since=org.clock.now(), key=KEY)
    keyed = Draft({"Shop_Number__c": "N-1", "LastName": "X"})
    await crm.upsert(contact, [keyed], match_field="Shop_Number__c", key=KEY)
    await crm.archive(contact, [made.id or ""], key=KEY)
    opportunity = (await org.client().rows("SELECT Id FROM Opportunity LIMIT 1"))[0]["Id"]
    await crm.link(contact, deal, [(JONAS, opportunity)], label=None, key=None)
    for kind in ("note", "task", "meeting"):
        await crm.log_activity(Activity(kind, "x", related=(LinkTo("contact", ANNA),)), key=None)
    await crm.owners(email=None, name_contains=None, is_active=None, limit=5)
    await org.client().rows("SELECT Id FROM Contact")
    org.clock.advance(700)
    await org.crm().describe("contact")
    assert org.judge.operations == {
        *(f"{method} {path}" for method, path in uncovered()),
        "oauth2.token",
        "limits",
        "get /sobjects",
        *(
            f"describe.{name}"
            for name in ("Contact", "Opportunity", "OpportunityContactRole", "Task", "Event")
        ),
        "describe.custom",
        "query",
        "query.more",
        "parameterizedSearch",
        "collections.getLong",
        *(f"collections.{verb}" for verb in ("create", "update", "upsert", "delete")),
        "composite",
        "patch /sobjects/Contact/{id}",
        "post /sobjects/Task",
        "post /sobjects/Event",
    }
