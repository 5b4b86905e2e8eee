"""Objects and their descriptions: names, fields, stages, links, and what is kept."""

from __future__ import annotations

import pytest

from support.hubspot import JudgedPortal, Open
from wirepost.core.errors import InvalidCall, NotConnected, Rejected, Unavailable
from wirepost.sandbox.faults import Fault

CUSTOM = "p2468013_club_membership"
REVIEWS = "p2468013_review"


async def test_objects_are_the_standard_ones_and_the_accounts_own(portal: JudgedPortal):
    found = await portal.crm().objects(include_custom=True)
    assert found[0].neutral == "contact"
    assert [(one.object, one.label) for one in found if one.is_custom] == [
        (CUSTOM, "Club membership"),
        (REVIEWS, "Review"),
    ]
    assert not [one for one in await portal.crm().objects(include_custom=False) if one.is_custom]


async def test_objects_that_the_token_may_not_read_are_left_out(open_portal: Open):
    portal = open_portal(lacking={"tickets", "crm.objects.custom.read"})
    found = {one.object for one in await portal.crm().objects(include_custom=True)}
    assert "contacts" in found
    assert not {"tickets", CUSTOM} & found


async def test_a_description_holds_everything_about_an_object(portal: JudgedPortal):
    deal = await portal.crm().describe("deal")
    assert (deal.object, deal.label, deal.label_field) == ("deals", "Deal", "dealname")
    assert [stage.id for stage in deal.pipelines[0].stages][-2:] == ["closedwon", "closedlost"]
    assert [choice.label for choice in deal.field("stage").options][:2] == [
        "Appointment Scheduled",
        "Qualified To Buy",
    ]
    assert deal.field("amount").type == "number"
    assert deal.field("owner").references == ["owner"]
    assert next(link for link in deal.links if link.to_object == "companies").labels == ["Primary"]
    assert "notes" in {link.to_object for link in deal.links}


async def test_a_description_is_read_once_for_some_minutes(portal: JudgedPortal):
    await portal.crm().describe("contact")
    before = len(portal.judge.paths)
    await portal.crm().describe("contacts")
    assert len(portal.judge.paths) == before
    portal.clock.advance(601)
    await portal.crm().describe("0-1")
    assert len(portal.judge.paths) > before


@pytest.mark.parametrize("name", [CUSTOM, "2-4680135", "Club Membership", "club memberships"])
async def test_an_object_of_the_account_is_found_by_its_names(portal: JudgedPortal, name):
    schema = await portal.crm().describe(name)
    assert (schema.object, schema.label_field) == (CUSTOM, "membership_name")
    assert schema.defaults == ["membership_name", "membership_status", "renews_on"]
    assert schema.pipelines is None
    assert [link.to_object for link in schema.links if link.to_object in {"contacts", "deals"}] == [
        "contacts"
    ]
    assert schema.field("membership_name").required


async def test_an_unknown_object_is_refused_with_a_suggestion(portal: JudgedPortal):
    with pytest.raises(InvalidCall) as refused:
        await portal.crm().describe("contract")
    problem = refused.value.fields[0]
    assert "contact" in problem["problem"]
    assert CUSTOM in problem["allowed"]
    with pytest.raises(InvalidCall) as refused:
        await portal.crm().describe("xyzzy")
    assert refused.value.fields[0]["problem"] == "is no object here"


async def test_an_unknown_object_is_refused_without_permission_for_own_ones_too(open_portal: Open):
    portal = open_portal(lacking={"crm.objects.custom.read", "crm.schemas.custom.read"})
    with pytest.raises(InvalidCall) as refused:
        await portal.crm().describe("rocket")
    assert CUSTOM not in refused.value.fields[0]["allowed"]


async def test_labels_that_may_not_be_read_do_not_hide_the_fields(open_portal: Open):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=403, match="GET /crm/associations/*", times=None))
    contact = await portal.crm().describe("contact")
    assert contact.field("email") is not None
    assert {tuple(link.labels or ()) for link in contact.links} == {()}


async def test_a_failure_while_describing_is_told_and_not_kept(open_portal: Open):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=503, match="GET /crm/properties/*", times=3))
    with pytest.raises(Unavailable):
        await portal.crm().describe("contact")
    assert (await portal.crm().describe("contact")).object == "contacts"


@pytest.mark.parametrize("match", ["GET /crm/associations/*", "GET /crm-object-schemas/*"])
async def test_a_token_that_is_refused_is_no_missing_permission(open_portal: Open, match):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=401, match=match, times=None))
    with pytest.raises(NotConnected) as refused:
        await portal.crm().describe("rocket" if "schemas" in match else "contact")
    assert refused.value.code == "auth_expired"


async def test_pipelines_are_those_of_the_description(portal: JudgedPortal):
    crm = portal.crm()
    ticket, note = await crm.describe("ticket"), await crm.describe("note")
    assert [pipeline.label for pipeline in await crm.pipelines(ticket)] == ["Support Pipeline"]
    assert [stage.is_closed for stage in ticket.pipelines[0].stages] == [False, False, False, True]
    assert await crm.pipelines(note) == []


async def test_pipelines_of_a_standard_object_must_be_readable(open_portal: Open):
    portal = open_portal()
    portal.sandbox.inject(Fault(kind="status", status=400, match="GET /crm/pipelines/*"))
    with pytest.raises(Rejected):
        await portal.crm().describe("deal")


async def test_no_field_of_the_account_is_sensitive_or_lost(portal: JudgedPortal):
    contact = await portal.crm().describe("contact")
    assert not [field.name for field in contact.fields if field.sensitive]
    record_id = contact.field("hs_object_id")
    assert (record_id.type, record_id.writable, record_id.unique) == ("text", False, False)
    assert contact.field("shop_customer").unique
