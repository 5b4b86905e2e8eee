"""Descriptions: objects by name, fields as Salesforce tells them, kept and read again only if changed."""

from __future__ import annotations

from typing import Any

import pytest

from support.salesforce import ROOT, DescribedOrg, JudgedOrg
from wirepost.core.errors import InvalidCall, NotConnected, Rejected
from wirepost.providers.salesforce.describe import describe, name_of, objects
from wirepost.sandbox.faults import Fault

CUSTOM = f"{ROOT}/sobjects/Thing__c/describe"


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "type": kind, "nillable": True, "createable": True, **more}


async def thing(described: DescribedOrg, *columns: dict[str, Any], **more: Any):
    """A custom object of these fields."""
    row = {"name": "Thing__c", "label": "Thing", "custom": True, "queryable": True, "layoutable": True}
    described.described.plain[f"GET {ROOT}/sobjects"] = (200, {"sobjects": [row]}, {})
    raw = {"name": "Thing__c", "label": "Thing", "custom": True, "createable": True, "fields": list(columns)}
    described.stub("GET", CUSTOM, raw | more, headers=more.pop("headers", {}))
    return await describe(described.client(), "thing__C")


async def test_objects_are_those_that_people_work_with(org: JudgedOrg):
    found = await objects(org.client(), include_custom=True)
    assert [each.neutral for each in found[:3]] == ["contact", "company", "deal"]
    custom = [each.object for each in found if each.is_custom]
    assert "Club__c" in custom
    plain = await objects(org.client(), include_custom=False)
    assert {each.object for each in plain} == {each.object for each in found} - set(custom)


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("contact", "Contact"),
        ("DEAL", "Opportunity"),
        ("Club__c", "Club__c"),
        ("club__C", "Club__c"),
        ("User", "User"),
    ],
)
async def test_an_object_is_found_by_any_of_its_names(org: JudgedOrg, called: str, name: str):
    assert await name_of(org.client(), called) == name


async def test_an_unknown_object_is_refused_with_a_suggestion(org: JudgedOrg):
    with pytest.raises(InvalidCall, match="did you mean Club__c") as refused:
        await describe(org.client(), "Clubs__c")
    assert refused.value.fields[0]["path"] == "object"
    assert "contact" in refused.value.fields[0]["allowed"]


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("string", {}, "text"),
        ("textarea", {}, "long_text"),
        ("textarea", {"htmlFormatted": True}, "html"),
        ("textarea", {"extraTypeInfo": "richtextarea"}, "html"),
        ("int", {}, "integer"),
        ("currency", {}, "number"),
        ("percent", {}, "number"),
        ("boolean", {}, "boolean"),
        ("date", {}, "date"),
        ("datetime", {}, "datetime"),
        ("reference", {"referenceTo": ["Account"]}, "reference"),
        ("picklist", {"picklistValues": [{"value": "a", "label": "A", "active": True}]}, "choice"),
        ("multipicklist", {"picklistValues": [{"value": "a", "label": "A", "active": True}]}, "choices"),
        ("picklist", {"picklistValues": [{"value": "a", "label": "A", "active": False}]}, "text"),
        ("address", {}, "other"),
        ("base64", {}, "other"),
        ("id", {}, "text"),
    ],
)
async def test_each_type_has_its_own_of_ours(described: DescribedOrg, kind: str, more, expected: str):
    found = (await thing(described, column("X__c", kind, **more))).schema.fields[0]
    assert found.type == expected
    assert found.filterable is (expected != "other")


async def test_flags_say_what_can_be_done(described: DescribedOrg):
    found = await thing(
        described,
        column("Name", "string", nillable=False, nameField=True),
        column("Number__c", "string", externalId=True, custom=True),
        column("Only__c", "string", createable=False, unique=True, groupable=False),
        column("Secret__c", "encryptedstring", filterable=False),
        column("Flag__c", "boolean", nillable=False),
        column("OwnerId", "reference", nillable=False, defaultedOnCreate=True, referenceTo=["Group", "User"]),
        keyPrefix="a01",
    )
    fields = {field.name: field for field in found.schema.fields}
    assert [name for name, field in fields.items() if field.required] == ["Name"]
    assert [name for name, field in fields.items() if field.unique] == ["Number__c", "Only__c"]
    assert [name for name, field in fields.items() if not field.writable] == ["Only__c"]
    assert [name for name, field in fields.items() if field.sensitive] == ["Secret__c"]
    assert [name for name, field in fields.items() if not field.filterable] == ["Secret__c"]
    assert fields["OwnerId"].references == ["Group", "User"]
    assert found.external_ids == {"Number__c"}
    assert found.not_grouped == {"Only__c"}
    assert (found.prefix, found.schema.label_field) == ("a01", "Name")
    assert found.schema.defaults == ["Name", "Number__c"]


async def test_a_description_is_read_once_and_later_only_if_changed(org: JudgedOrg):
    for _ in range(2):
        await describe(org.client(), "Club__c")
    assert len(org.sent("/describe")) == 1
    org.clock.advance(700)
    again = await describe(org.client(), "Club__c")
    first, second = org.sent("/describe")
    assert "if-modified-since" not in first.headers
    assert second.headers["if-modified-since"]
    assert again.name == "Club__c"


async def test_a_changed_description_replaces_the_kept_one(described: DescribedOrg):
    date = {"Date": "Wed, 25 Nov 2026 10:00:00 GMT"}
    assert len((await thing(described, column("A__c", "string"), headers=date)).schema.fields) == 1
    described.clock.advance(700)
    columns = [column("A__c", "string"), column("B__c", "string")]
    assert len((await thing(described, *columns, headers=date)).schema.fields) == 2
    described.clock.advance(700)
    assert len((await describe(described.client(), "Thing__c")).schema.fields) == 2
    asked = [each for each in described.described.requests if each.url.path == CUSTOM]
    assert [each.headers.get("if-modified-since") for each in asked] == [None, date["Date"], date["Date"]]


async def test_an_object_that_is_not_there_any_more_is_unknown(described: DescribedOrg):
    await thing(described, column("A__c", "string"))
    described.clock.advance(90_000)
    error = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    described.described.plain[f"GET {CUSTOM}"] = (404, error, {})
    with pytest.raises(InvalidCall, match="no object here"):
        await describe(described.client(), "Thing__c")


async def test_stages_come_in_order_with_what_they_mean(org: JudgedOrg):
    schema = (await describe(org.client(), "deal")).schema
    assert schema.pipelines is not None
    (pipeline,) = schema.pipelines
    assert pipeline.id == "StageName"
    assert pipeline.stages[-2].is_won is True
    assert [stage.is_closed for stage in pipeline.stages[-2:]] == [True, True]
    options = next(field.options for field in schema.fields if field.name == "StageName")
    assert {stage.id for stage in pipeline.stages} == {option.value for option in options or ()}
    assert all(0 <= (stage.probability or 0) <= 1 for stage in pipeline.stages)


async def test_stages_that_may_not_be_read_hide_no_field(org: JudgedOrg):
    org.sandbox.inject(Fault("status", status=404, match=f"GET {ROOT}/query", times=None))
    schema = (await describe(org.client(), "deal")).schema
    assert schema.pipelines is None
    assert schema.field("stage")


async def test_an_expired_session_is_no_reason_to_leave_stages_out(org: JudgedOrg):
    org.sandbox.inject(Fault("status", status=401, match=f"GET {ROOT}/query", times=None))
    with pytest.raises(NotConnected):
        await describe(org.client(), "deal")


async def test_links_lead_to_objects_that_are_worked_with(org: JudgedOrg):
    links = (await describe(org.client(), "contact")).schema.links or []
    assert {"Account", "Case", "Opportunity", "ContentNote", "Task"} <= {link.to_object for link in links}
    notes = (await describe(org.client(), "note")).schema.links or []
    assert {"Contact", "Opportunity"} <= {link.to_object for link in notes}


async def test_an_object_is_found_by_the_label_that_people_see(described: DescribedOrg):
    rows = [
        {"name": name, "label": label, "custom": True, "queryable": True, "layoutable": is_shown}
        for name, label, is_shown in (
            ("A__c", "Club", True),
            ("B__c", "Club", False),
            ("C__c", "Member", True),
        )
    ]
    described.described.plain[f"GET {ROOT}/sobjects"] = (200, {"sobjects": rows}, {})
    assert await name_of(described.client(), "club") == "A__c"


async def test_a_description_that_fails_for_other_reasons_says_so(described: DescribedOrg):
    error = [{"errorCode": "INVALID_TYPE", "message": "No"}]
    described.described.plain[f"GET {ROOT}/sobjects/Contact/describe"] = (400, error, {})
    with pytest.raises(Rejected, match="No"):
        await describe(described.client(), "contact")


async def test_an_object_that_the_user_may_not_see_is_a_missing_permission(described: DescribedOrg):
    error = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    described.described.plain[f"GET {ROOT}/sobjects/Case/describe"] = (404, error, {})
    with pytest.raises(NotConnected, match="may not see Case") as refused:
        await describe(described.client(), "ticket")
    assert (refused.value.code, refused.value.detail) == ("missing_scope", {"needed": ["read Case"]})
