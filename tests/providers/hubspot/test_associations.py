"""Associations: labels, pages inside results, links made and removed."""

from __future__ import annotations

import pytest

from support.hubspot import ANNA, COMPANY, KEY, JudgedPortal, Open
from wirepost.contracts.records import LinkTo
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.hubspot.associations import inputs_of, link, link_kinds, links_of, spec_of
from wirepost.providers.hubspot.client import dated

READ = dated("crm/associations", "contacts", "deals", "batch", "read")


async def test_types_are_directional_and_come_from_the_account(portal: JudgedPortal):
    client = portal.client()
    there = await link_kinds(client, "contacts", "companies")
    back = await link_kinds(client, "companies", "contacts")
    assert (
        {kind.label for kind in there}
        == {kind.label for kind in back}
        == {None, "Primary", "Billing contact"}
    )
    assert not {kind.type_id for kind in there} & {kind.type_id for kind in back}
    await link_kinds(client, "contacts", "companies")
    assert len(portal.sent("/labels")) == 2


async def test_a_label_is_found_in_any_case_and_a_wrong_one_lists_the_others(portal: JudgedPortal):
    client = portal.client()
    spec = await spec_of(client, "contacts", "deals", "decision MAKER")
    assert spec["associationCategory"] == "USER_DEFINED"
    with pytest.raises(InvalidCall) as refused:
        await spec_of(client, "contacts", "deals", "Boss")
    assert refused.value.fields[0]["allowed"] == ["Decision maker"]


async def test_objects_without_a_default_type_cannot_be_linked(described):
    described.stub("GET", "/crm/associations/2026-09/contacts/deals/labels", {"results": []})
    with pytest.raises(InvalidCall) as refused:
        await spec_of(described.client(), "contacts", "deals", None)
    assert "cannot be linked" in refused.value.message


async def test_links_of_a_new_record_name_their_types(portal: JudgedPortal):
    made = await inputs_of(portal.client(), "notes", [LinkTo("contacts", ANNA)])
    (only,) = made
    assert only["to"] == {"id": ANNA}
    assert only["types"][0]["associationCategory"] == "HUBSPOT_DEFINED"


@pytest.fixture
def busy(open_portal: Open) -> JudgedPortal:
    """Anna has 250 more deals, and HubSpot shows 40 links at once."""
    portal = open_portal(page_of_links=40)
    state = portal.sandbox.state
    for number in range(250):
        row = state.create("deals", {"dealname": f"Deal {number}"})
        state.link("contacts", ANNA, "deals", row.id, {4})
    return portal


async def test_pages_inside_one_result_are_all_read(busy: JudgedPortal):
    """12.2.1c: the links of one record are paged inside its result, and none is lost."""
    expected = busy.sandbox.state.links("contacts", ANNA, "deals")
    found = await links_of(busy.client(), "contacts", [ANNA, "100002"], "deals")
    assert {one.id for one in found[ANNA].links} == set(expected)
    assert len(found[ANNA].links) == len(expected) > 250
    assert not found[ANNA].is_cut
    assert len(busy.sent("batch/read")) == -(-len(expected) // 40)


async def test_a_page_of_links_can_end_anywhere(busy: JudgedPortal):
    crm = busy.crm()
    contact, deal = await crm.describe("contact"), await crm.describe("deal")
    whole = sorted(busy.sandbox.state.links("contacts", ANNA, "deals"), key=int)
    found, position = [], None
    while True:
        page = await crm.links(contact, ANNA, deal, limit=33, position=position)
        kept = page.records[:7]  # as a small budget would cut it
        found += [one.id for one in kept]
        if not page.has_more and len(kept) == len(page.records):
            break
        position = page.after[len(kept) - 1]
    assert found == whole
    assert page.total_is == "unknown"


async def test_more_links_than_are_shown_are_told(open_portal: Open):
    portal = open_portal(page_of_links=500)
    state = portal.sandbox.state
    for _ in range(1100):
        state.link("contacts", ANNA, "deals", state.create("deals", {"dealname": "x"}).id, {4})
    crm = portal.crm()
    contact = await crm.describe("contact")
    (anna,) = await crm.get(contact, [ANNA], id_field=None, fields=[], links=["deals"])
    assert len(anna.links["deals"]) == 1000
    assert "crm_list_links" in crm.warnings[0]


async def test_links_of_a_record_that_does_not_exist_are_an_error_and_none_are_none(portal: JudgedPortal):
    crm = portal.crm()
    contact, ticket = await crm.describe("contact"), await crm.describe("ticket")
    lonely = next(
        row_id
        for row_id in portal.sandbox.state.table("contacts")
        if not portal.sandbox.state.links("contacts", row_id, "tickets")
    )
    page = await crm.links(contact, lonely, ticket, limit=5, position=None)
    assert (page.records, page.has_more, page.total) == ([], False, 0)
    for nobody in ("77", "cus_1"):
        with pytest.raises(Rejected) as refused:
            await crm.links(contact, nobody, ticket, limit=5, position=None)
        assert refused.value.code == "not_found"


async def labels(portal, record_id, other):
    crm = portal.crm()
    contact, company = await crm.describe("contact"), await crm.describe("company")
    page = await crm.links(contact, record_id, company, limit=100, position=None)
    return next((one.labels for one in page.records if one.id == other), "no link")


async def test_links_are_made_and_removed_with_and_without_labels(portal: JudgedPortal):
    crm = portal.crm()
    contact, company = await crm.describe("contact"), await crm.describe("company")
    pair = [(ANNA, COMPANY)]
    assert await labels(portal, ANNA, COMPANY) == "no link"
    for _ in range(2):
        (made,) = await crm.link(contact, company, pair, label=None, key=KEY)
        assert (made.status, made.id) == ("ok", COMPANY)
    assert await labels(portal, ANNA, COMPANY) is None
    await crm.link(contact, company, pair, label="Billing contact", key=KEY)
    assert await labels(portal, ANNA, COMPANY) == ["Billing contact"]
    await crm.unlink(contact, company, pair, label="Billing contact", key=KEY)
    assert await labels(portal, ANNA, COMPANY) is None
    await crm.unlink(contact, company, pair, label=None, key=KEY)
    assert await labels(portal, ANNA, COMPANY) == "no link"


@pytest.mark.parametrize("label", [None, "Primary"])
async def test_a_pair_that_cannot_be_linked_fails_alone(portal: JudgedPortal, label):
    crm = portal.crm()
    contact, company = await crm.describe("contact"), await crm.describe("company")
    pairs = [(ANNA, COMPANY), (ANNA, "5"), ("6", COMPANY)]
    made = await crm.link(contact, company, pairs, label=label, key=KEY)
    assert [one.status for one in made] == ["ok", "failed", "failed"]
    assert made[1].error.code == "not_found"
    assert "5" in made[1].error.message


async def test_a_pair_of_which_nothing_is_said_is_not_called_linked(described):
    path = dated("crm/associations", "contacts", "deals", "batch", "associate", "default")
    answer = {
        "status": "COMPLETE",
        "startedAt": "2026-01-01T00:00:00Z",
        "completedAt": "2026-01-01T00:00:00Z",
    }
    described.stub("POST", path, {**answer, "results": []})
    (made,) = await link(described.client(), ("contacts", "deals"), [("1", "2")], label=None, key=KEY)
    assert (made.status, made.error.code) == ("failed", "not_found")


async def test_reading_links_ends_even_if_their_pages_do_not(described):
    times = {"startedAt": "2026-01-01T00:00:00Z", "completedAt": "2026-01-01T00:00:00Z"}
    result = {
        "from": {"id": "1"},
        "to": [{"toObjectId": "2", "associationTypes": []}],
        "paging": {"next": {"after": "1"}},
    }
    described.stub("POST", READ, {"status": "COMPLETE", **times, "results": [result]})
    found = await links_of(described.client(), "contacts", ["1"], "deals")
    assert found["1"].is_cut
