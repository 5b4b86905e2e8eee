"""Links: lookups of either side, contact roles, notes, and custom objects between two others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.salesforce import KEY, ROOT, DescribedOrg, JudgedOrg
from wirepost.contracts.records import LinkTo
from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.providers.salesforce import links, soql
from wirepost.providers.salesforce.describe import Child, Described, Reference, describe

ANNA, JONAS = "003Wp0000000001IAA", "003Wp0000000002IAA"


async def of(org: JudgedOrg, *names: str) -> list[Described]:
    return [await describe(org.client(), name) for name in names]


async def first(org: JudgedOrg, name: str, count: int = 1) -> list[str]:
    rows = await org.client().rows(soql.select(["Id"], name, order_by=["Id"], limit=count))
    return [row["Id"] for row in rows]


async def linked(org: JudgedOrg, source: Described, record_id: str, target: Described) -> list[str]:
    page = await links.page_of_links(org.client(), source, record_id, target, limit=100, position=None)
    assert page.total == len(page.records)
    return [link.id for link in page.records]


@pytest.mark.parametrize(
    ("source", "target", "table", "ends"),
    [
        ("Contact", "Account", "Contact", ("Id", "AccountId")),
        ("Account", "Contact", "Contact", ("AccountId", "Id")),
        ("Contact", "Opportunity", "OpportunityContactRole", ("ContactId", "OpportunityId")),
        ("Opportunity", "Contact", "OpportunityContactRole", ("OpportunityId", "ContactId")),
        ("Contact", "Case", "Case", ("ContactId", "Id")),
        ("Contact", "ContentNote", "ContentDocumentLink", ("LinkedEntityId", "ContentDocumentId")),
        ("ContentNote", "Contact", "ContentDocumentLink", ("ContentDocumentId", "LinkedEntityId")),
        ("Contact", "Task", "Task", ("WhoId", "Id")),
        ("Task", "Account", "Task", ("Id", "WhatId")),
        ("Account", "Account", "Account", ("Id", "ParentId")),
    ],
)
async def test_objects_are_linked_where_salesforce_keeps_it(org: JudgedOrg, source, target, table, ends):
    way = links.relation(*await of(org, source, target))
    assert (way.table, (way.source, way.target)) == (table, ends)


async def test_objects_without_a_link_are_refused(org: JudgedOrg):
    product, case = await of(org, "Product2", "Case")
    with pytest.raises(InvalidCall, match="no link between Product2 and Case"):
        links.relation(product, case)
    with pytest.raises(InvalidCall, match="no kind of link") as refused:
        links.relation(*await of(org, "Contact", "Account"), label="Cousin")
    assert refused.value.fields[0]["allowed"] == ["Account"]


async def test_a_lookup_is_chosen_by_its_name(org: JudgedOrg):
    contact, account = await of(org, "Contact", "Account")
    second = Reference("Partner__c", "Partner__r", ("Account",))
    two = replace(contact, references=(*contact.references, second))
    assert links.relation(two, account).target == "AccountId"
    assert links.relation(two, account, "partner__R").target == "Partner__c"


async def test_custom_objects_between_two_others_link_them(org: JudgedOrg):
    product, case = await of(org, "Product2", "Case")
    one = replace(product, children=(*product.children, Child("Claim__c", "Product__c")))
    other = replace(case, children=(*case.children, Child("Claim__c", "Case__c")))
    way = links.relation(one, other)
    assert (way.table, way.source, way.target, way.is_junction) == ("Claim__c", "Product__c", "Case__c", True)


async def test_a_lookup_holds_one_link_and_says_what_it_replaced(org: JudgedOrg):
    contact, account = await of(org, "Contact", "Account")
    one, two = await first(org, "Account", 2)
    for expected in ([], []):
        done, warnings = await links.link(org.client(), contact, account, [(ANNA, one)], label=None, key=KEY)
        assert [(each.status, each.id) for each in done] == [("ok", one)]
        assert warnings == expected
    assert len([line for line in org.sandbox.requests if line.method == "PATCH"]) == 1
    _, warnings = await links.link(org.client(), contact, account, [(ANNA, two)], label=None, key=KEY)
    assert ANNA in warnings[0]
    assert await linked(org, contact, ANNA, account) == [two]
    assert ANNA in await linked(org, account, two, contact)
    assert ANNA not in await linked(org, account, one, contact)


async def test_two_links_of_one_lookup_cannot_both_be_set(org: JudgedOrg):
    contact, account = await of(org, "Contact", "Account")
    one, two = await first(org, "Account", 2)
    pairs = [(ANNA, one), (ANNA, two), (JONAS, two)]
    done, _ = await links.link(org.client(), contact, account, pairs, label=None, key=KEY)
    assert [each.status for each in done] == ["ok", "failed", "ok"]
    assert done[1].error is not None
    assert done[1].error.code == "conflict"


async def test_the_other_side_sets_the_same_lookup(org: JudgedOrg):
    contact, account = await of(org, "Contact", "Account")
    (one,) = await first(org, "Account")
    pairs = [(one, ANNA), (one, JONAS)]
    done, warnings = await links.link(org.client(), account, contact, pairs, label=None, key=KEY)
    assert [(each.status, each.id) for each in done] == [("ok", ANNA), ("ok", JONAS)]
    assert warnings == []
    assert await linked(org, contact, JONAS, account) == [one]
    done = await links.unlink(org.client(), account, contact, pairs[:1], label=None, key=KEY)
    assert [each.status for each in done] == ["ok"]
    assert await linked(org, contact, ANNA, account) == []
    assert await linked(org, contact, JONAS, account) == [one]


async def test_a_contact_role_is_a_link_with_a_label(org: JudgedOrg):
    contact, deal = await of(org, "Contact", "Opportunity")
    before = await linked(org, contact, JONAS, deal)
    new = next(each for each in await first(org, "Opportunity", 100) if each not in before)
    for _ in range(2):
        done, _ = await links.link(
            org.client(), contact, deal, [(JONAS, new)], label="Decision Maker", key=None
        )
        assert [(each.status, each.id) for each in done] == [("ok", new)]
    page = await links.page_of_links(org.client(), deal, new, contact, limit=100, position=None)
    assert [link.labels for link in page.records if link.id == JONAS] == [["Decision Maker"]]
    pair = [(JONAS, new)]
    await links.unlink(org.client(), contact, deal, pair, label="Other", key=KEY)
    assert new in await linked(org, contact, JONAS, deal)
    done = await links.unlink(org.client(), contact, deal, pair, label=None, key=KEY)
    assert [each.status for each in done] == ["ok"]
    assert new not in await linked(org, contact, JONAS, deal)


async def test_what_cannot_be_unlinked_is_told(org: JudgedOrg):
    note, contact = await of(org, "note", "contact")
    task, account = await of(org, "Task", "Account")
    done = await links.unlink(org.client(), task, account, [("x", "y")], label=None, key=KEY)
    assert [(each.status, each.id) for each in done] == [("failed", "y")]
    notes = await linked(org, contact, ANNA, note)
    done = await links.unlink(org.client(), contact, note, [(ANNA, notes[0])], label=None, key=KEY)
    assert [each.status for each in done] == ["ok"]
    assert await linked(org, contact, ANNA, note) == notes[1:]


async def test_a_link_that_cannot_be_removed_is_told(org: JudgedOrg):
    role, contact = await of(org, "OpportunityContactRole", "Contact")
    statement = soql.select(["Id"], role.name, where=[f"ContactId = {soql.text(ANNA)}"], limit=1)
    (row,) = await org.client().rows(statement)
    done = await links.unlink(org.client(), role, contact, [(row["Id"], ANNA)], label=None, key=KEY)
    assert [(each.index, each.status, each.id) for each in done] == [(0, "failed", ANNA)]
    assert done[0].error is not None


async def test_links_that_do_not_exist_need_no_request(org: JudgedOrg):
    contact, account = await of(org, "Contact", "Account")
    (one,) = await first(org, "Account")
    done = await links.unlink(org.client(), contact, account, [(ANNA, one)], label=None, key=KEY)
    assert [each.status for each in done] == ["ok"]
    assert not any(line.method in {"PATCH", "DELETE"} for line in org.sandbox.requests)


async def test_pages_of_links_hold_each_once(org: JudgedOrg):
    contact, deal = await of(org, "Contact", "Opportunity")
    whole = await linked(org, contact, ANNA, deal)
    assert len(whole) > 4
    found: list[str] = []
    position = None
    while True:
        page = await links.page_of_links(org.client(), contact, ANNA, deal, limit=3, position=position)
        found += [link.id for link in page.records]
        if not page.has_more:
            break
        position = (page.after or [])[-1]
    assert found == whole


async def test_links_of_several_records_are_read_at_once(org: JudgedOrg):
    contact, deal = await of(org, "Contact", "Opportunity")
    before = len(org.statements())
    found, is_cut = await links.links_of(org.client(), contact, [ANNA, JONAS], deal)
    assert len(org.statements()) == before + 1
    assert not is_cut
    assert [link.id for link in found[ANNA]] == await linked(org, contact, ANNA, deal)
    assert all(link.object == "Opportunity" for each in found.values() for link in each)


async def test_lookups_of_a_new_record_are_fields_and_the_rest_is_made_later(org: JudgedOrg):
    (contact,) = await of(org, "Contact")
    (account,) = await first(org, "Account")
    deal, account_link = LinkTo("deal", "006Wp0000000003IAA"), LinkTo("company", account)
    assert await links.inputs_of(org.client(), contact, [deal, account_link]) == (
        {"AccountId": account},
        [deal],
    )


async def test_an_id_of_another_object_is_none_of_this_one(org: JudgedOrg):
    contact, _ = await of(org, "Contact", "Account")
    assert links.is_of(contact, ANNA)
    assert links.is_of(contact, ANNA[:15])
    assert not links.is_of(contact, "001Wp0000000001IAA")
    assert not links.is_of(contact, "' OR Id != '")


@pytest.mark.parametrize(("code", "family"), [("INVALID_TYPE", NotConnected), ("MALFORMED_QUERY", Rejected)])
async def test_links_that_the_user_may_not_see_are_a_missing_permission(
    described: DescribedOrg, code, family
):
    def raw(name: str) -> dict[str, object]:
        columns = [{"name": "Id", "label": "Id", "type": "id"}]
        return {"name": name, "label": name, "custom": False, "createable": True, "fields": columns}

    error = [{"errorCode": code, "message": "sObject type is not supported."}]
    described.stub("GET", f"{ROOT}/query", error, status=400)
    ends = []
    for name in ("Contact", "Opportunity"):
        described.stub("GET", f"{ROOT}/sobjects/{name}/describe", raw(name))
        ends.append(await describe(described.client(), name))
    with pytest.raises(family):
        await links.page_of_links(described.client(), ends[0], ANNA, ends[1], limit=5, position=None)
