"""What all CRM tools share: names, pages, warnings, and refusals that tell everything at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.clock import START
from support.paper_crm import PaperBook, PaperCrm
from support.paper_shop import PERSON, column
from wirepost.contracts.crm import Crm
from wirepost.contracts.records import ObjectKind
from wirepost.core.errors import InvalidCall, Rejected
from wirepost.tools.context import Call
from wirepost.toolsets.crm import checking
from wirepost.toolsets.crm.checking import Problems, Reader
from wirepost.toolsets.crm.values import Unfit


def call_of(book: PaperBook, **options: object) -> Call[Crm]:
    return Call(api=PaperCrm(book), caller="t", now=START, **options)  # type: ignore[arg-type]


def test_nothing_wrong_is_no_refusal() -> None:
    Problems().refuse()


def test_one_problem_is_the_message() -> None:
    refused = checking.refusal("label", "is unknown", ["a"])
    assert refused.message == "label is unknown"
    assert refused.fields == [{"path": "label", "problem": "is unknown", "allowed": ["a"]}]


async def test_warnings_reach_the_caller_once_also_when_the_crm_refuses(blank: PaperBook) -> None:
    call = call_of(blank)

    async def refuse() -> None:
        call.api.warnings.append("The vendor is slow today")
        raise Rejected("conflict", "no")

    for _ in range(2):
        with pytest.raises(Rejected):
            await checking.ask(call, refuse())
    assert call.warnings == ["The vendor is slow today"]


async def test_an_object_that_does_not_exist_is_refused_where_it_was_named(blank: PaperBook) -> None:
    assert (await checking.described(call_of(blank), "contact")).object == "Person"
    with pytest.raises(InvalidCall) as refused:
        await checking.described(call_of(blank), "order", "to_object")
    assert refused.value.fields[0]["path"] == "to_object"


def test_a_moment_is_absent_absolute_or_relative(blank: PaperBook) -> None:
    call = call_of(blank)
    assert checking.moment_of(call, None, "at") is None
    assert checking.moment_of(call, "-1h", "at") == START - timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "limit", "ids", "has_more"),
    [(0, 2, "ab", True), (2, 2, "cd", True), (4, 2, "e", False), (9, 2, "", False)],
)
def test_a_list_is_cut_into_pages(
    blank: PaperBook, *, start: int, limit: int, ids: str, has_more: bool
) -> None:
    rows = [ObjectKind(object=name, label=name) for name in "abcde"]
    page = checking.sliced(call_of(blank, position=str(start), limit=limit), rows)
    assert "".join(row.object for row in page.records) == ids
    assert (page.has_more, page.total, page.total_is) == (has_more, 5, "exact")
    assert page.after == [str(start + index + 1) for index in range(len(ids))]


def test_a_field_is_found_by_its_name_before_any_alias(blank: PaperBook) -> None:
    fields = [column("email"), column("work_email")]
    schema = PERSON.model_copy(update={"fields": fields, "aliases": {"email": "work_email"}})
    call = call_of(blank)
    reader = Reader(call, schema)
    assert reader.find("email", "f") is fields[0]
    assert call.notes == {}


def test_aliases_and_other_spellings_are_reported(blank: PaperBook) -> None:
    call = call_of(blank)
    reader = Reader(call, PERSON)
    assert [field and field.name for field in (reader.find("phone", "f"), reader.find("TAGS", "f"))] == [
        "Phone",
        "Tags",
    ]
    assert call.notes["aliases_applied"] == {"phone": "Phone", "TAGS": "Tags"}


def test_a_spelling_that_two_fields_share_decides_nothing(blank: PaperBook) -> None:
    schema = PERSON.model_copy(update={"fields": [column("Name"), column("name")], "aliases": {}})
    reader = Reader(call_of(blank), schema)
    assert reader.find("NAME", "f") is None
    assert reader.problems.found[0]["path"] == "f"


def test_an_alias_without_its_field_is_no_field(blank: PaperBook) -> None:
    schema = PERSON.model_copy(update={"fields": [column("Name")], "aliases": {"amount": "Amount"}})
    assert Reader(call_of(blank), schema).find("amount", "f") is None


async def test_somebody_who_left_owns_nothing_new_while_another_has_the_address(blank: PaperBook) -> None:
    left, here = blank.owners[-1], blank.owners[0]
    shared = [
        left.model_copy(update={"email": "team@x.example"}),
        here.model_copy(update={"email": "team@x.example"}),
    ]
    blank.owners = shared
    assert await checking.owner_id(call_of(blank), "team@x.example") == here.id
    with pytest.raises(Unfit, match="nobody's e-mail"):
        await checking.owner_id(call_of(blank), "other@x.example")


async def test_an_address_of_several_users_is_nobodys_in_particular(blank: PaperBook) -> None:
    blank.owners = [each.model_copy(update={"email": "team@x.example"}) for each in blank.owners[:2]]
    assert all(each.is_active for each in blank.owners)
    with pytest.raises(Unfit, match="several users"):
        await checking.owner_id(call_of(blank), "team@x.example")
    reader = Reader(call_of(blank), PERSON)
    owner = reader.find("owner", "f")
    assert owner is not None
    await reader.value(owner, "team@x.example", "v")
    with pytest.raises(InvalidCall, match="several users"):
        reader.problems.refuse()


async def test_an_address_is_looked_up_once(blank: PaperBook) -> None:
    reader = Reader(call_of(blank), PERSON)
    owner = reader.find("owner", "f")
    assert owner is not None
    assert await reader.value(owner, "frida@nordlicht.example", "v") == "colleague01"
    blank.owners = []
    assert await reader.value(owner, "frida@nordlicht.example", "v") == "colleague01"
    assert await reader.value(owner, "colleague07", "v") == "colleague07"


def test_repeated_entries_are_noted_with_the_first(blank: PaperBook) -> None:
    problems = Problems()
    checking.note_repeated(problems, ["a", "b", "a", "a"], "ids[{}]")
    assert problems.found == [
        {"path": "ids[2]", "problem": "repeats entry 0"},
        {"path": "ids[3]", "problem": "repeats entry 0"},
    ]
