"""Drafts: what may be written, and whether it is there afterwards."""

from __future__ import annotations

import pytest

from support.clock import START
from support.paper_crm import PaperBook, PaperCrm
from support.paper_shop import PERSON
from wirepost.contracts.records import Draft, LinkTo, Record
from wirepost.core.errors import InvalidCall
from wirepost.tools.context import Call
from wirepost.toolsets.crm.arguments import FieldValue, LinkTarget, Target
from wirepost.toolsets.crm.drafts import Writer, links_of


@pytest.fixture
def writer(blank: PaperBook) -> Writer:
    return Writer(Call(api=PaperCrm(blank), caller="t", now=START), PERSON)


def given(**values: str) -> list[FieldValue]:
    return [FieldValue(name=name, value=value) for name, value in values.items()]


async def test_values_are_typed_and_empty_ones_clear(writer: Writer) -> None:
    assert await writer.fields(given(Visits="3", phone="", last_name="L"), "f") == {
        "Visits": 3,
        "Phone": None,
        "LastName": "L",
    }
    writer.problems.refuse()


async def test_every_problem_has_its_place(writer: Writer) -> None:
    await writer.fields(given(Score="1", Visits="x", Colour="red", phone="1", Phone="2"), "f")
    await writer.fields([], "g")
    assert [problem["path"] for problem in writer.problems.found] == [
        "f[0].name",
        "f[1].value",
        "f[2].name",
        "f[4].name",
        "g",
    ]


def test_a_record_has_the_values_of_a_draft_or_not(writer: Writer) -> None:
    record = Record(id="1", object="Person", fields={"Visits": 3, "LastName": "Larsen", "Phone": None})
    assert writer.has_values(record, Draft({"Visits": 3, "LastName": "larsen "}))
    assert writer.has_values(record, Draft({"Phone": None}))
    assert not writer.has_values(record, Draft({"Visits": 4, "LastName": "Larsen"}))
    assert not writer.has_values(record, Draft({"Email": "x"}))


def test_records_are_matched_by_unique_fields_only(writer: Writer) -> None:
    assert writer.match_field("email", "match_field").name == "Email"
    with pytest.raises(InvalidCall) as refused:
        writer.match_field("phone", "match_field")
    assert refused.value.fields == [
        {"path": "match_field", "problem": "Phone is not unique", "allowed": ["Email"]}
    ]


async def test_links_lead_to_objects_in_the_vendors_words(blank: PaperBook) -> None:
    call: Call[PaperCrm] = Call(api=PaperCrm(blank), caller="t", now=START)
    targets = [LinkTarget(object="company", id="1", label="Advisor"), Target(object="Sale", id="2")]
    assert await links_of(call, targets, "links") == (LinkTo("Firm", "1", "Advisor"), LinkTo("Sale", "2"))
    assert await links_of(call, None, "links") == ()
    with pytest.raises(InvalidCall) as refused:
        await links_of(call, [Target(object="order", id="1")], "links")
    assert refused.value.fields[0]["path"] == "links[0].object"
