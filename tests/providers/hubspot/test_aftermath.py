"""Aftermath: finding out whether a write whose answer was lost has happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest

from support.hubspot import ANNA, JudgedPortal
from wirepost.contracts.records import Activity, Draft, LinkTo
from wirepost.core.errors import OutcomeUnknown
from wirepost.providers.hubspot.aftermath import _start
from wirepost.sandbox.faults import Fault

CREATE, NOTES = "POST /crm/objects/2026-09/*/batch/create", "POST /crm/objects/2026-09/notes"


async def lost(portal, kind, *drafts, how="lost_answer"):
    """Create with no answer; what is needed to look it up."""
    crm = portal.crm()
    schema = await crm.describe(kind)
    since = portal.clock.now()
    portal.sandbox.inject(Fault(kind=how, match=CREATE))
    with pytest.raises(OutcomeUnknown):
        await crm.create(schema, drafts, skip_duplicates=False, key=None)
    return portal.crm(may_write=False), schema, since


async def test_a_create_is_sent_once_when_its_answer_is_lost(portal: JudgedPortal):
    await lost(portal, "contact", Draft({"firstname": "Zaphod"}))
    assert len([line for line in portal.sandbox.requests if line.path.endswith("batch/create")]) == 1


async def test_a_contact_with_an_address_is_found_at_once(portal: JudgedPortal):
    drafts = [Draft({"email": "Z@example.com", "firstname": "Z"})]
    crm, schema, since = await lost(portal, "contact", *drafts)
    (found,) = await crm.find_created(schema, drafts, since)
    assert (found.status, found.is_new) == ("ok", True)
    assert portal.sandbox.state.table("contacts")[found.id].properties["email"] == "z@example.com"
    assert portal.sent("/search") == []


async def test_a_contact_that_was_there_before_was_not_made(portal: JudgedPortal):
    drafts = [Draft({"email": "anna.lindqvist@example.com"})]
    crm, schema, since = await lost(portal, "contact", *drafts, how="cut")
    assert await crm.find_created(schema, drafts, since) is None


async def test_of_new_and_known_contacts_each_is_told(portal: JudgedPortal):
    drafts = [Draft({"email": email}) for email in ("new@example.com", "anna.lindqvist@example.com", "no")]
    crm, schema, since = await lost(portal, "contact", *drafts)
    found = await crm.find_created(schema, drafts, since)
    assert [one.status for one in found] == ["ok", "failed", "failed"]
    assert (found[1].id, found[1].error.code) == (ANNA, "conflict")


async def test_a_record_without_a_unique_value_is_found_when_the_index_knows_it(portal: JudgedPortal):
    drafts = [Draft({"dealname": "Odd", "amount": 5, "dealstage": "closedwon"})]
    crm, schema, since = await lost(portal, "deal", *drafts)
    with pytest.raises(OutcomeUnknown) as early:
        await crm.find_created(schema, drafts, since)
    assert early.value.retry_after_s
    portal.clock.advance(10)
    (found,) = await crm.find_created(schema, drafts, since)
    assert portal.sandbox.state.table("deals")[found.id].properties["dealname"] == "Odd"


async def test_what_never_arrived_is_known_only_after_the_lag(portal: JudgedPortal):
    drafts = [Draft({"dealname": "Odd", "dealstage": "closedwon"})]
    crm, schema, since = await lost(portal, "deal", *drafts, how="cut")
    portal.clock.advance(10)
    with pytest.raises(OutcomeUnknown):
        await crm.find_created(schema, drafts, since)
    portal.clock.advance(30)
    assert await crm.find_created(schema, drafts, since) is None


async def test_of_several_each_is_found_for_itself(portal: JudgedPortal):
    twin = Draft({"dealname": "Twin", "dealstage": "closedwon"})
    wrong = Draft({"dealname": "Negative", "dealstage": "closedwon", "amount": -1})
    drafts = [twin, wrong, twin]
    crm, schema, since = await lost(portal, "deal", *drafts)
    portal.clock.advance(40)
    found = await crm.find_created(schema, drafts, since)
    assert [one.status for one in found] == ["ok", "failed", "ok"]
    assert found[0].id != found[2].id
    assert found[1].error.code == "upstream_rejected"


async def test_a_record_with_other_links_is_another_one(portal: JudgedPortal):
    drafts = [Draft({"subject": "Refund", "hs_pipeline_stage": "1"}, links=(LinkTo("contact", ANNA),))]
    crm, schema, since = await lost(portal, "ticket", *drafts, how="cut")
    other = replace(drafts[0], links=(LinkTo("contact", "100002"),))
    await portal.crm().create(schema, [other], skip_duplicates=False, key=None)
    portal.clock.advance(40)
    assert await crm.find_created(schema, drafts, since) is None
    (made,) = await portal.crm().create(schema, drafts, skip_duplicates=False, key=None)
    portal.clock.advance(40)
    (found,) = await portal.crm(may_write=False).find_created(schema, drafts, since)
    assert found.id == made.id


async def test_a_contact_with_the_address_and_other_values_may_be_another_one(portal: JudgedPortal):
    drafts = [Draft({"email": "form@example.com", "firstname": "Kim"})]
    crm, schema, since = await lost(portal, "contact", *drafts, how="cut")
    form = Draft({"email": "form@example.com"})
    await portal.crm().create(schema, [form], skip_duplicates=False, key=None)
    with pytest.raises(OutcomeUnknown):
        await crm.find_created(schema, drafts, since)


NOTE = Activity("note", "He called & said <maybe>", related=(LinkTo("contact", ANNA),))
LOOSE = Activity("note", "Belongs to nobody")


async def lost_activity(portal, activity, how="lost_answer"):
    since = portal.clock.now()
    portal.sandbox.inject(Fault(kind=how, match=NOTES))
    with pytest.raises(OutcomeUnknown):
        await portal.crm().log_activity(activity, key=None)
    return portal.crm(may_write=False), since


async def test_an_activity_is_found_through_its_record_at_once(portal: JudgedPortal):
    crm, since = await lost_activity(portal, NOTE)
    found = await crm.find_activity(NOTE, since)
    assert found.object == "notes"
    assert "He called" in found.fields["hs_note_body"]
    assert portal.sent("/search") == []


async def test_an_activity_that_never_arrived_is_not_found(portal: JudgedPortal):
    crm, since = await lost_activity(portal, NOTE, how="cut")
    assert await crm.find_activity(NOTE, since) is None


async def test_an_older_activity_with_the_same_text_is_another_one(portal: JudgedPortal):
    await portal.crm().log_activity(NOTE, key=None)
    portal.clock.advance(10)
    crm, since = await lost_activity(portal, NOTE, how="cut")
    assert await crm.find_activity(NOTE, since) is None


async def test_the_same_words_on_one_of_two_records_are_another_activity(portal: JudgedPortal):
    both = replace(NOTE, related=(*NOTE.related, LinkTo("contact", "100002")))
    since = portal.clock.now()
    await portal.crm().log_activity(NOTE, key=None)
    assert await portal.crm(may_write=False).find_activity(both, since) is None
    made = await portal.crm().log_activity(both, key=None)
    found = await portal.crm(may_write=False).find_activity(both, since)
    assert found is not None
    assert found.id == made.id


async def test_among_too_many_activities_the_index_decides(portal: JudgedPortal):
    state = portal.sandbox.state
    for _ in range(1001):
        state.link("contacts", ANNA, "notes", state.create("notes", {"hs_note_body": "x"}).id, {201})
    portal.clock.advance(3600)
    crm, since = await lost_activity(portal, NOTE)
    with pytest.raises(OutcomeUnknown):
        await crm.find_activity(NOTE, since)
    portal.clock.advance(10)
    assert (await crm.find_activity(NOTE, since)).object == "notes"


async def test_among_too_many_new_records_nothing_is_certain(portal: JudgedPortal):
    drafts = [Draft({"dealname": "Odd", "dealstage": "closedwon"})]
    crm, schema, since = await lost(portal, "deal", *drafts, how="cut")
    for _ in range(1001):
        portal.sandbox.state.create("deals", {"dealname": "x"})
    portal.clock.advance(40)
    with pytest.raises(OutcomeUnknown):
        await crm.find_created(schema, drafts, since)


@pytest.mark.parametrize("date", [None, "Wed, 25 Nov 2026 09:59:50 -0000", "soon"])
def test_where_hubspot_has_not_said_its_time_a_minute_is_allowed_for(portal: JudgedPortal, date):
    now = portal.clock.now()
    portal.upstream.said_at = None if date is None else (date, now)
    assert _start(portal.client(), now) == now - timedelta(minutes=1)


def test_a_clock_that_differs_is_known_from_its_answers(portal: JudgedPortal):
    """HubSpot's clock is an hour ahead: what it made before is older, whatever ours says."""
    hour = timedelta(hours=1)
    portal.upstream.said_at = (format_datetime(portal.clock.now() + hour, usegmt=True), portal.clock.now())
    since = portal.clock.now()
    assert timedelta(0) <= since + hour - _start(portal.client(), since) <= timedelta(seconds=2)


async def test_an_activity_of_no_record_is_found_when_the_index_knows_it(portal: JudgedPortal):
    crm, since = await lost_activity(portal, LOOSE)
    with pytest.raises(OutcomeUnknown):
        await crm.find_activity(LOOSE, since)
    portal.clock.advance(10)
    assert (await crm.find_activity(LOOSE, since)).fields["hs_note_body"] == "Belongs to nobody"
    assert await crm.find_activity(Activity("note", "other"), since - timedelta(minutes=1)) is None
