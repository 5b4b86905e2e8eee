"""Searching and listing: what is asked for is what the CRM is asked, and every record comes once."""

from __future__ import annotations

import pytest

from support.crm_desk import CrmDesk
from support.paper_crm import PaperBook
from support.paper_shop import shop

ANNA = "anna.lindqvist@example.com"


def by_email(address: str, op: str = "eq") -> list[dict[str, str]]:
    return [{"field": "email", "op": op, "value": address}]


async def test_a_record_comes_with_the_vendors_names_and_its_address(desk: CrmDesk) -> None:
    envelope = await desk.ok("crm_search_records", object="contact", filters=by_email(ANNA))
    (record,) = envelope["data"]["records"]
    assert record["object"] == "Person"
    assert record["fields"]["LastName"] == "Lindqvist"
    assert record["url"] == f"https://paper.example/Person/{record['id']}"
    assert envelope["page"] == {"returned": 1, "has_more": False, "total": 1, "total_is": "exact"}
    assert envelope["meta"]["aliases_applied"] == {"email": "Email"}
    assert envelope["meta"]["untrusted"] == ["data.records[*].fields.*"]


async def test_the_compact_set_is_asked_for_unless_fields_are_named(desk: CrmDesk, book: PaperBook) -> None:
    named = ["last_name", "Since", "url"]
    await desk.ok("crm_search_records", object="contact")
    envelope = await desk.ok("crm_search_records", object="contact", fields=named, limit=1)
    assert [query.fields for query in book.asked] == [
        ("FirstName", "LastName", "Email", "Phone"),
        ("LastName", "Since"),
    ]
    (record,) = envelope["data"]["records"]
    assert set(record["fields"]) == {"LastName", "Since"}
    assert record["url"]


async def test_only_parts_of_a_record_named_leave_the_compact_set(desk: CrmDesk, book: PaperBook) -> None:
    await desk.ok("crm_list_records", object="contact", fields=["id", "created_at"], limit=1)
    assert book.asked[0].fields == ("FirstName", "LastName", "Email", "Phone")


async def test_an_unknown_field_is_refused_with_similar_ones(desk: CrmDesk) -> None:
    error = await desk.error("crm_search_records", object="contact", fields=["Emale", "First names"])
    assert error["code"] == "invalid_arguments"
    assert [problem["path"] for problem in error["fields"]] == ["fields", "fields"]
    assert error["fields"][0]["allowed"][0] == "Email"
    assert error["fields"][1]["allowed"][0] == "FirstName"


async def test_an_unknown_object_is_refused_with_those_there_are(desk: CrmDesk) -> None:
    error = await desk.error("crm_search_records", object="contract")
    assert error["fields"][0]["path"] == "object"
    assert "contact" in error["fields"][0]["allowed"]


async def test_any_condition_suffices_where_that_is_said(desk: CrmDesk, book: PaperBook) -> None:
    conditions = [
        {"field": "first_name", "op": "eq", "value": "Anna"},
        {"field": "last_name", "op": "eq", "value": "Lindqvist"},
    ]
    people = shop().people
    both = await desk.records("crm_search_records", object="contact", filters=conditions, limit=100)
    either = await desk.records(
        "crm_search_records", object="contact", filters=conditions, match="any", limit=100
    )
    assert len(both) == sum((p.first_name, p.last_name) == ("Anna", "Lindqvist") for p in people)
    assert len(either) == sum(p.first_name == "Anna" or p.last_name == "Lindqvist" for p in people)


async def test_records_are_sorted_by_a_field_up_or_down(desk: CrmDesk) -> None:
    async def amounts(sort: str) -> list[float]:
        records = await desk.records("crm_search_records", object="deal", sort=sort, limit=100)
        return [record["fields"]["Amount"] for record in records]

    assert await amounts("amount") == sorted(await amounts("amount"))
    assert await amounts("-Amount") == sorted(await amounts("Amount"), reverse=True)
    error = await desk.error("crm_search_records", object="deal", sort="-colour")
    assert error["fields"][0]["path"] == "sort"


async def test_text_and_time_reach_the_crm(desk: CrmDesk, book: PaperBook, clock) -> None:
    await desk.ok("crm_search_records", object="ticket", text="parcel", updated_after="-7d")
    (query,) = book.asked
    assert query.text == "parcel"
    assert query.updated_after is not None
    assert (clock.now() - query.updated_after).days == 7
    error = await desk.error("crm_search_records", object="ticket", updated_after="lately")
    assert error["fields"][0]["path"] == "updated_after"


async def test_warnings_of_the_crm_reach_the_caller(desk: CrmDesk) -> None:
    envelope = await desk.ok("crm_search_records", object="contact", filters=by_email("anna", "contains"))
    assert envelope["warnings"] == ["Paper is searched by eye: contains ignores upper and lower case"]


@pytest.mark.parametrize("limit", [7, 100])
async def test_every_record_comes_once_whatever_the_size_of_pages(desk: CrmDesk, limit: int) -> None:
    records = await desk.records("crm_list_records", object="deal", limit=limit)
    ids = [record["id"] for record in records]
    assert len(ids) == len(shop().deals)
    assert sorted(set(ids)) == ids


async def test_every_record_comes_once_when_the_budget_cuts_pages(desk: CrmDesk) -> None:
    records = await desk.records("crm_list_records", object="ticket", limit=100, max_tokens=600)
    assert len({record["id"] for record in records}) == len(records) == len(shop().tickets)


async def test_a_cursor_belongs_to_its_question(desk: CrmDesk) -> None:
    cursor = (await desk.ok("crm_list_records", object="deal", limit=5))["page"]["next_cursor"]
    error = await desk.error("crm_list_records", object="ticket", limit=5, cursor=cursor)
    assert error["fields"][0]["path"] == "cursor"
