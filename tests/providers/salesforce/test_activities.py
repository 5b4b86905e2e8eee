"""Activities: where each goes, what it concerns, and how a note travels."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from support.salesforce import JudgedOrg
from wirepost.contracts.records import Activity, ActivityType, LinkTo
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.providers.salesforce.activities import (
    FORMS,
    fields_of,
    is_same,
    note_parts,
    read_back,
    subject_of,
)
from wirepost.providers.salesforce.kinds import NOTE

ANNA, JONAS = "003Wp0000000001IAA", "003Wp0000000002IAA"
NOW = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
WHO = LinkTo("Contact", ANNA)


async def stored(org: JudgedOrg, activity: Activity) -> dict[str, Any]:
    """Log it; the record with all its fields."""
    crm = org.crm()
    record = await crm.log_activity(activity, key=None)
    schema = await crm.describe(FORMS[activity.type].object)
    names = [field.name for field in schema.fields if field.name != "Content"]
    (found,) = await crm.get(schema, [record.id], id_field=None, fields=names, links=())
    assert found is not None
    assert record.url == found.url
    assert {name: found.fields[name] for name in record.fields} == record.fields
    return found.fields


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("task", {"ActivityDate": "2026-12-01", "WhoId": ANNA}),
        ("call", {"TaskSubtype": "Call", "Status": "Completed", "ActivityDate": "2026-11-20", "WhoId": ANNA}),
        (
            "email",
            {"TaskSubtype": "Email", "Status": "Completed", "ActivityDate": "2026-11-20", "WhoId": ANNA},
        ),
        (
            "meeting",
            {"StartDateTime": "2026-11-20T10:00:00Z", "EndDateTime": "2026-11-20T11:00:00Z", "WhoId": ANNA},
        ),
    ],
)
async def test_each_kind_is_kept_as_salesforce_does(org: JudgedOrg, kind: ActivityType, expected):
    activity = Activity(
        kind,
        "Wants <more>\nsoon",
        "Quote",
        occurred_at=datetime(2026, 11, 20, 10, tzinfo=UTC),
        due_at=datetime(2026, 12, 1, 10, tzinfo=UTC) if kind == "task" else None,
        related=(LinkTo("contact", ANNA[:15]),),
    )
    fields = await stored(org, activity)
    assert {name: fields[name] for name in expected} == expected
    assert (fields["Subject"], fields["Description"]) == ("Quote", "Wants <more>\nsoon")


async def test_a_note_stands_on_each_record_in_one_request(org: JudgedOrg):
    crm = org.crm()
    account = (await org.client().rows("SELECT Id FROM Account LIMIT 1"))[0]["Id"]
    related = (LinkTo("contact", ANNA), LinkTo("contact", JONAS), LinkTo("company", account))
    before = len(org.sandbox.requests)
    fields = await stored(org, Activity("note", "Likes <b> & tea\nA lot", related=related))
    writes = [line for line in list(org.sandbox.requests)[before:] if line.path.endswith("/composite")]
    assert len(writes) == 1
    assert fields["Title"] == "Likes <b> & tea"
    contact, note = await crm.describe("contact"), await crm.describe("note")
    for person in (ANNA, JONAS):
        page = await crm.links(contact, person, note, limit=100, position=None)
        notes = await crm.get(
            note, [link.id for link in page.records], id_field=None, fields=["Title"], links=()
        )
        assert "Likes <b> & tea" in [each.fields["Title"] for each in notes if each]


async def test_a_note_on_nothing_that_exists_is_not_made(org: JudgedOrg):
    before = len(await org.client().rows("SELECT Id FROM ContentNote"))
    with pytest.raises(Rejected) as refused:
        await org.crm().log_activity(
            Activity("note", "x", related=(WHO, LinkTo("contact", "003Wp00000zzzzzIAA"))), key=None
        )
    assert refused.value.provider_code != "PROCESSING_HALTED"
    assert org.scope.writes_applied == 0
    assert len(await org.client().rows("SELECT Id FROM ContentNote")) == before


async def test_an_owner_is_set(org: JudgedOrg):
    (frida,) = await org.crm().owners(
        email="frida@nordlicht.example", name_contains=None, is_active=None, limit=1
    )
    fields = await stored(org, Activity("task", "Call back", owner=frida.id, related=(WHO,)))
    assert fields["OwnerId"] == frida.id


async def test_an_owner_that_cannot_be_set_is_told(org: JudgedOrg):
    crm = org.crm()
    await crm.log_activity(Activity("note", "x", owner="005Wp0000000001IAA", related=(WHO,)), key=None)
    schema = await crm.describe("note")
    owner = next(field for field in schema.fields if field.name == "OwnerId")
    assert bool(crm.warnings) is not owner.writable


async def test_times_are_days_of_universal_time(org: JudgedOrg):
    schema = await org.crm().describe("task")
    late = fields_of(Activity("call", "x", related=(WHO,)), schema, NOW)
    assert late["ActivityDate"] == "2026-11-25"
    assert "ActivityDate" not in fields_of(Activity("task", "x", related=(WHO,)), schema, NOW)


@pytest.mark.parametrize(
    "related", [(WHO, LinkTo("Contact", JONAS)), (LinkTo("Account", "a"), LinkTo("Opportunity", "b"))]
)
async def test_more_than_one_of_a_side_is_refused(org: JudgedOrg, related):
    with pytest.raises(InvalidCall) as refused:
        fields_of(Activity("task", "x", related=related), await org.crm().describe("task"), NOW)
    assert refused.value.fields[0]["path"] == "related"


async def test_choices_that_the_organisation_lacks_are_left_out(org: JudgedOrg):
    schema = await org.crm().describe("task")
    without = schema.model_copy(
        update={"fields": [each for each in schema.fields if each.name not in ("Status", "OwnerId")]}
    )
    made = fields_of(Activity("call", "x", owner="005", related=(WHO,)), without, NOW)
    assert "Status" not in made
    assert "OwnerId" not in made
    assert made["TaskSubtype"] == "Call"


def test_a_note_is_html_in_base64():
    from_text = Activity("note", "a < b\n& c")
    parts = note_parts({"Title": "T"}, [WHO])
    assert [part["referenceId"] for part in parts["compositeRequest"]] == ["note", "link0"]
    assert parts["compositeRequest"][1]["body"]["ContentDocumentId"] == "@{note.id}"
    assert parts["allOrNone"] is True
    assert subject_of(from_text) == "a < b"


async def test_the_text_of_a_note_can_be_decoded(org: JudgedOrg):
    made = fields_of(Activity("note", "a < b\n& ü"), await org.crm().describe(NOTE), NOW)
    assert base64.b64decode(made["Content"]).decode() == "a &lt; b<br>&amp; ü"


def test_a_note_stands_on_24_records_at_most():
    assert len(note_parts({}, [WHO] * 24)["compositeRequest"]) == 25
    with pytest.raises(InvalidCall) as refused:
        note_parts({}, [WHO] * 25)
    assert refused.value.fields[0]["path"] == "related"


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("About", "x", "About"),
        (None, "\n  First   line \nSecond", "First line"),
        (None, "  ", "Note"),
    ],
)
def test_every_activity_is_called_something(subject, body, expected):
    assert subject_of(Activity("note", body, subject)) == expected
    assert len(subject_of(Activity("note", "x" * 1000))) <= 255


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("note", {"Title": "T", "TextPreview": "a &amp; b"}, True),
        ("note", {"Title": "T", "TextPreview": "a & c"}, False),
        ("note", {"Title": "T", "TextPreview": None}, False),
        ("note", {"Title": "U", "TextPreview": "a & b"}, False),
        ("call", {"Subject": "T", "Description": "a & b", "TaskSubtype": "Call"}, True),
        ("call", {"Subject": "T", "Description": "a & b", "TaskSubtype": "Email"}, False),
        ("task", {"Subject": "T", "Description": "a & b", "TaskSubtype": "Call"}, False),
        ("meeting", {"Subject": "T", "Description": "a  &\nb"}, True),
        ("meeting", {"Subject": "T", "Description": "other"}, False),
    ],
)
def test_a_stored_activity_is_recognised(kind: ActivityType, row, *, expected: bool):
    activity = Activity(kind, "a & b", "T")
    assert is_same(activity, row) is expected
    assert set(row) == set(read_back(activity))
