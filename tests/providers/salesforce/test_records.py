"""Records: typed values, addresses, and whether a stored record is what was meant."""

from __future__ import annotations

import pytest

from support.salesforce import ADDRESS, JudgedOrg
from wirepost.contracts.records import Draft, FieldSchema, FieldType, ObjectSchema
from wirepost.providers.salesforce.records import addresses, columns, has_values, moment_of, record_of, typed

ROW = {
    "attributes": {"type": "Account"},
    "Id": "001D000000IRFma",
    "Name": "Test 1",
    "CreatedDate": "2026-11-25T10:00:00.000+0000",
    "SystemModstamp": "2026-11-25T12:00:00.000+0100",
}


def field(name: str, kind: FieldType = "text") -> FieldSchema:
    return FieldSchema(name=name, label=name, type=kind)


SCHEMA = ObjectSchema(
    object="Account",
    label="Account",
    fields=[
        field("Id"),
        field("Name"),
        field("AnnualRevenue", "number"),
        field("SystemModstamp", "datetime"),
        field("CreatedDate", "datetime"),
    ],
    defaults=["Name"],
)


@pytest.mark.parametrize(
    ("kind", "stored", "value"),
    [
        ("number", 1250.5, 1250.5),
        ("number", 5000.0, 5000),
        ("number", 1e300, 1e300),
        ("boolean", True, True),
        ("text", "", None),
        ("text", None, None),
        ("date", "2026-11-25", "2026-11-25"),
        ("datetime", "2026-11-25T10:00:00.000+0000", "2026-11-25T10:00:00Z"),
        ("datetime", "soon", "soon"),
        ("other", {"city": "Kiel", "attributes": {}}, {"city": "Kiel"}),
        ("choices", "a;b", "a;b"),
    ],
)
def test_values_have_their_types(kind: FieldType, stored, value):
    assert typed(stored, field("X", kind)) == value
    assert type(typed(stored, field("X", kind))) is type(value)


def test_a_row_is_a_record_with_its_place(org: JudgedOrg):
    record = record_of(ROW, SCHEMA, ["Name", "Nope"], addresses(org.client(), "Account"))
    assert record.fields == {"Name": "Test 1"}
    assert record.id == "001D000000IRFmaIAH"
    assert record.url == f"{ADDRESS}/lightning/r/Account/001D000000IRFmaIAH/view"
    assert (record.created_at, record.updated_at) == ("2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z")
    assert record.archived is None


def test_only_fields_that_exist_are_asked_for_and_none_twice():
    assert columns(SCHEMA, ["Name", "Name", "Id", "Nope"]) == ["Id", "Name", "CreatedDate", "SystemModstamp"]


@pytest.mark.parametrize(
    ("values", "is_same"),
    [
        ({"Name": "Test 1"}, True),
        ({"Name": " TEST  1 "}, True),
        ({"Name": "Test 2"}, False),
        ({"Name": "Test 1", "AnnualRevenue": 5}, False),
        ({"AnnualRevenue": None}, True),
        ({"Nope": 1}, False),
        ({"SystemModstamp": "2026-11-25T11:00:00Z"}, True),
    ],
)
def test_a_stored_record_is_recognised(values, *, is_same: bool):
    assert has_values(ROW, Draft(values), SCHEMA) is is_same


@pytest.mark.parametrize(
    ("name", "kept", "given", "is_same"),
    [
        ("OwnerId", "005Wp0000000002IAA", "005Wp0000000002", True),
        ("OwnerId", "005Wp0000000002IAA", "005wp0000000002IAA", False),
        ("Interests", "bags;books", "books; bags", True),
        ("Interests", "bags;books", "books", False),
        ("CreatedDate", "2026-11-25T10:00:00.000+0000", "2026-11-25T11:00:00+01:00", True),
    ],
)
def test_values_are_compared_in_whatever_form_they_are_kept(name, kept, given, *, is_same: bool):
    more = [field("OwnerId", "reference"), field("Interests", "choices")]
    schema = SCHEMA.model_copy(update={"fields": [*SCHEMA.fields, *more]})
    assert has_values({name: kept}, Draft({name: given}), schema) is is_same


def test_numbers_are_compared_as_they_are_kept():
    assert has_values({"AnnualRevenue": 10.13}, Draft({"AnnualRevenue": 10.131}), SCHEMA)


@pytest.mark.parametrize("text", ["", "x", "25.11.2026"])
def test_other_texts_are_no_moments(text: str):
    assert moment_of(text) is None
