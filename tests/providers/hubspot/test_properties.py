"""Properties: every stored string as its type and back, and definitions as described fields."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.contracts.records import FieldSchema
from wirepost.providers.hubspot.kinds import BY_NAME
from wirepost.providers.hubspot.properties import (
    epoch_ms,
    field_of,
    moment_of,
    pipeline_of,
    sought,
    stored,
    typed,
    with_stages,
)

CONTACT, DEAL = BY_NAME["contact"], BY_NAME["deal"]


def a_field(kind):
    return FieldSchema(name="x", label="X", type=kind)


def definition(**more):
    return {
        "name": "x",
        "label": "X",
        "type": "string",
        "fieldType": "text",
        "options": [],
        "hubspotDefined": True,
        **more,
    }


@given(st.one_of(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=64)))
def test_a_number_survives_the_way_to_hubspot_and_back(number):
    back = typed(stored(number), a_field("number"))
    # Whole numbers too big for JSON readers stay text, which is the same number.
    assert float(back) == number


@given(st.text())
def test_any_stored_text_can_be_read_as_any_type(text):
    for kind in ("text", "number", "integer", "boolean", "date", "datetime", "choice", "choices", "html"):
        found = typed(text, a_field(kind))
        assert found is None if text == "" else found is not None


@given(
    st.datetimes(timezones=st.timezones()).filter(lambda at: date(1, 1, 3) < at.date() < date(9999, 12, 29))
)
def test_a_moment_is_the_same_in_every_form(at):
    at = at.replace(microsecond=0)
    shown = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    assert typed(at.isoformat(), a_field("datetime")) == shown
    assert moment_of(shown) == at.astimezone(UTC)  # in its own zone, an hour that comes twice equals nothing
    ms = sought(shown, a_field("datetime"))
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ms)) == at.astimezone(UTC)


@given(st.dates())
def test_a_date_is_midnight_in_utc(day):
    text = day.isoformat()
    assert typed(text, a_field("date")) == text
    assert stored(text) == text
    seconds = (day - date(1970, 1, 1)).days * 86_400
    assert sought(text, a_field("date")) == str(seconds * 1000)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        # From the example in https://developers.hubspot.com/docs/api-reference/legacy/crm/objects/objects
        ("date", "1572480000000", "2019-10-31"),
        ("choices", "chocolate;strawberry", "chocolate;strawberry"),
        ("choices", ";chocolate", "chocolate"),
        ("boolean", "false", False),
        ("boolean", "TRUE", True),
        ("boolean", "maybe", "maybe"),
        ("number", "17", 17),
        ("number", "17.50", 17.5),
        ("number", "1e3", 1000),
        ("number", "٣", "٣"),
        ("number", "12345678901234567890", "12345678901234567890"),
        ("number", "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ("datetime", "2019-10-30T03:30:17.883Z", "2019-10-30T03:30:17Z"),
        ("datetime", "1572406217883", "2019-10-30T03:30:17Z"),
        ("datetime", "999999999999999", "999999999999999"),
        ("datetime", "soon", "soon"),
        ("date", "2026-02-30", "2026-02-30"),
        ("text", "17", "17"),
        ("text", "", None),
        ("number", None, None),
    ],
)
def test_stored_values_are_typed_where_they_fit(kind, text, value):
    found = typed(text, a_field(kind))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
    ],
)
def test_values_are_stored_without_exponents_or_capitals(value, text):
    assert stored(value) == text


def test_a_moment_with_an_offset_is_compared_in_utc():
    at = datetime(2026, 11, 25, 12, tzinfo=timezone(timedelta(hours=2)))
    assert epoch_ms(at) == 1_795_600_800_000
    assert sought("2026-11-25T12:00:00+02:00", a_field("datetime")) == "1795600800000"


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({}, "text"),
        ({"fieldType": "textarea"}, "long_text"),
        ({"fieldType": "html"}, "html"),
        ({"type": "number", "fieldType": "number"}, "number"),
        ({"type": "bool", "fieldType": "booleancheckbox"}, "boolean"),
        ({"type": "enumeration", "fieldType": "booleancheckbox"}, "boolean"),
        ({"type": "enumeration", "fieldType": "select"}, "choice"),
        ({"type": "enumeration", "fieldType": "radio"}, "choice"),
        ({"type": "enumeration", "fieldType": "checkbox"}, "choices"),
        ({"type": "enumeration", "fieldType": "select", "referencedObjectType": "OWNER"}, "reference"),
        ({"type": "date", "fieldType": "date"}, "date"),
        ({"type": "datetime", "fieldType": "date"}, "datetime"),
        ({"type": "phone_number", "fieldType": "phonenumber"}, "text"),
        ({"type": "object_coordinates"}, "other"),
        ({"name": "hs_object_id", "type": "number", "fieldType": "number"}, "text"),
    ],
)
def test_a_definition_has_one_type(raw, kind):
    assert field_of(definition(**raw), CONTACT).type == kind


def test_a_definition_says_what_may_be_done_with_it():
    field = field_of(
        definition(
            name="shop_key",
            hubspotDefined=False,
            hasUniqueValue=True,
            dataSensitivity="sensitive",
            modificationMetadata={"readOnlyValue": True},
        ),
        CONTACT,
    )
    assert (field.is_custom, field.unique, field.sensitive, field.writable) == (True, True, True, False)
    plain = field_of(definition(), CONTACT)
    assert (plain.is_custom, plain.unique, plain.sensitive, plain.writable) == (False, False, False, True)
    assert not field_of(definition(calculated=True), CONTACT).writable
    assert field_of(definition(name="email"), CONTACT).unique
    assert field_of(definition(name="dealname"), DEAL).required


def test_names_chosen_in_the_account_are_shown_clean():
    option = {"value": "a", "label": "A\u202eB\n", "hidden": False}
    raw = definition(label="Ignore\u200b\nthis", type="enumeration", fieldType="select", options=[option])
    field = field_of(raw, CONTACT)
    assert (field.label, field.options[0].label) == ("Ignore this", "AB")


def test_hidden_options_are_not_offered():
    options = [
        {"value": "a", "label": "A", "hidden": False},
        {"value": "b", "label": "B", "hidden": True},
    ]
    field = field_of(definition(type="enumeration", fieldType="select", options=options), CONTACT)
    assert [choice.value for choice in field.options] == ["a"]


def stage(stage_id, place, **metadata):
    return {"id": stage_id, "label": stage_id.upper(), "displayOrder": place, "metadata": metadata}


def test_stages_are_in_order_and_say_how_a_deal_stands():
    raw = {
        "id": "default",
        "label": "Sales",
        "stages": [
            stage("won", 2, isClosed="true", probability="1.0"),
            stage("new", 0, isClosed="false", probability="0.2"),
            stage("lost", 3, isClosed="true", probability="0.0"),
            stage("done", 4, ticketState="CLOSED"),
            stage("bare", 5),
        ],
    }
    pipeline = pipeline_of(raw)
    shown = [(one.id, one.is_closed, one.is_won, one.probability) for one in pipeline.stages]
    assert shown == [
        ("new", False, False, 0.2),
        ("won", True, True, 1.0),
        ("lost", True, False, 0.0),
        ("done", True, None, None),
        ("bare", False, None, None),
    ]


def test_stages_become_choices_of_their_property():
    raw = {"id": "default", "label": "Sales", "stages": [stage("new", 0)]}
    fields = [
        field_of(definition(name=name, type="enumeration", fieldType="select"), DEAL)
        for name in ("dealstage", "pipeline", "dealtype")
    ]
    shown = with_stages(fields, [pipeline_of(raw)], DEAL)
    assert [field.options and field.options[0].value for field in shown] == ["new", "default", None]
