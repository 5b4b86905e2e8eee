"""Imports: all rows are checked before a job is started, and one intent starts one job."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.crm_desk import CrmDesk
from support.paper_crm import PaperBook
from wirepost.contracts.records import imported
from wirepost.toolsets.crm import imports

KIM = {"fields": [{"name": "last_name", "value": "Larsen"}, {"name": "email", "value": "kim@example.com"}]}


async def kept(desk: CrmDesk, *rows: dict[str, Any]) -> str:
    """A file of the caller with these rows."""

    async def each() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield row

    return (await desk.files.write("local", "fair.csv", each())).file.id


def problems(error: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["problem"] for each in error["fields"]}


async def test_records_become_a_job_whose_drafts_have_typed_values(desk: CrmDesk, book: PaperBook) -> None:
    given = {"object": "contact", "operation": "create", "records": [KIM], "intent": "fair"}
    handle = (await desk.confirmed("crm_start_import", **given))["data"]
    assert (handle["kind"], handle["status"]) == ("paper.import", "queued")
    ((_, wanted),) = book.imports
    assert (wanted.operation, wanted.match_field) == ("create", None)
    assert [dict(draft.fields) for draft in wanted.drafts] == [
        {"LastName": "Larsen", "Email": "kim@example.com"}
    ]


async def test_rows_of_a_file_are_read_like_arguments(desk: CrmDesk, book: PaperBook) -> None:
    first = {"Id": "x1", "IsMember": True, "Visits": 12, "Phone": None, "Tags": "vip"}
    second = {"Id": "No. x2", "IsMember": "false"}
    file = await kept(desk, first, second)
    await desk.confirmed("crm_start_import", object="contact", operation="update", file_ref=file, intent="i")
    ((_, wanted),) = book.imports
    assert [(draft.id, dict(draft.fields)) for draft in wanted.drafts] == [
        ("x1", {"IsMember": True, "Visits": 12, "Phone": None, "Tags": "vip"}),
        ("x2", {"IsMember": False}),
    ]


async def test_the_plan_tells_how_many_by_what_and_which_fields(desk: CrmDesk, book: PaperBook) -> None:
    rows = [{"email": f"p{number}@example.com", "last_name": f"P{number}"} for number in range(7)]
    file = await kept(desk, *rows)
    given = {"object": "contact", "operation": "upsert", "match_field": "email", "file_ref": file}
    plan = await desk.plan("crm_start_import", **given)
    assert plan["plan"] == "Upsert 7 Person, found by Email"
    effects = [effect["what"] for effect in plan["effects"]]
    assert effects[0] == "upsert Email=p0@example.com, LastName=P0"
    assert effects[5:] == ["upsert 2 more"]
    assert "Fields: Email, LastName" in plan["notes"]
    assert book.imports == []


async def test_what_was_confirmed_is_the_rows_and_not_the_name_of_a_file(desk: CrmDesk) -> None:
    given = {"object": "contact", "operation": "create", "intent": "fair"}
    plan = await desk.plan("crm_start_import", **given, records=[KIM])
    other = {"fields": [{"name": "last_name", "value": "Jensen"}]}
    error = await desk.error("crm_start_import", **given, records=[other], confirmation=plan["confirmation"])
    assert error["code"] == "confirmation_mismatch"


@pytest.mark.parametrize(
    ("given", "path", "word"),
    [
        ({"operation": "create"}, "records", "exactly one"),
        ({"operation": "create", "records": [KIM], "file_ref": "fil_1"}, "records", "exactly one"),
        ({"operation": "create", "records": []}, "records", "1 to 100"),
        ({"operation": "create", "file_ref": "fil_1"}, "file_ref", "unknown"),
        ({"operation": "upsert", "records": [KIM]}, "match_field", "needed"),
        ({"operation": "create", "match_field": "email", "records": [KIM]}, "match_field", "finds nothing"),
        ({"operation": "upsert", "match_field": "last_name", "records": [KIM]}, "match_field", "not unique"),
        ({"operation": "update", "records": [KIM]}, "records[0]", "must name id"),
        ({"operation": "create", "records": [KIM | {"id": "1001"}]}, "records[0]", "leave it out"),
        (
            {"operation": "upsert", "match_field": "email", "records": [KIM, KIM]},
            "records[1]",
            "repeats the Email",
        ),
        (
            {"operation": "update", "records": [KIM | {"id": "x1"}, KIM | {"id": "No. x1"}]},
            "records[1]",
            "repeats the id",
        ),
        ({"operation": "create", "records": [{"fields": []}]}, "records[0]", "names no field"),
    ],
)
async def test_what_cannot_be_meant_starts_nothing(
    desk: CrmDesk, book: PaperBook, given: dict[str, Any], path: str, word: str
) -> None:
    error = await desk.error("crm_start_import", object="contact", intent="i", **given)
    assert error["code"] == "invalid_arguments"
    assert word in problems(error)[path]
    assert book.imports == []


async def test_wrong_rows_of_a_file_are_told_by_their_number_the_first_of_them(desk: CrmDesk) -> None:
    file = await kept(desk, {"last_name": "A"}, *({"Visits": f"many {n}"} for n in range(30)))
    error = await desk.error("crm_start_import", object="contact", operation="create", file_ref=file)
    assert len(error["fields"]) == 20
    assert "file_ref row 2[0].value" in problems(error)
    empty = await kept(desk)
    error = await desk.error("crm_start_import", object="contact", operation="create", file_ref=empty)
    assert problems(error) == {"file_ref": "has no rows"}


async def test_more_rows_than_one_job_takes_are_refused(desk: CrmDesk, book: PaperBook) -> None:
    file = await kept(desk, *({"last_name": "A"} for _ in range(imports.MOST_ROWS + 1)))
    error = await desk.error("crm_start_import", object="contact", operation="create", file_ref=file)
    assert "at most 50000 rows" in problems(error)["file_ref"]


async def test_a_lost_answer_is_found_and_nothing_is_imported_twice(desk: CrmDesk, book: PaperBook) -> None:
    given = {"object": "contact", "operation": "create", "records": [KIM], "intent": "fair"}
    plan = await desk.plan("crm_start_import", **given)
    book.loses_answers = True
    envelope = await desk.ok("crm_start_import", **given, confirmation=plan["confirmation"])
    assert "found by reading" in envelope["warnings"][0]
    again = (await desk.ok("crm_start_import", **given))["data"]
    assert envelope["data"]["job"] == again["job"]
    assert len(book.imports) == 1


async def test_a_write_that_never_arrived_is_sent_again(desk: CrmDesk, book: PaperBook) -> None:
    given = {"object": "contact", "operation": "create", "records": [KIM], "intent": "fair"}
    plan = await desk.plan("crm_start_import", **given)
    book.drops_writes = True
    await desk.error("crm_start_import", **given, confirmation=plan["confirmation"])
    book.drops_writes = False
    await desk.ok("crm_start_import", **given, confirmation=plan["confirmation"])
    assert len(book.imports) == 1


def test_a_row_of_a_result_tells_only_what_the_vendor_told() -> None:
    assert imported("ok", number=1, record_id="7", is_new=False) == {
        "status": "ok",
        "number": 1,
        "id": "7",
        "is_new": False,
    }
    failed = imported("failed", code="DUPLICATE", message="exists", fields={"Email": "kim@example.com"})
    assert failed["error"] == {"code": "DUPLICATE", "message": "exists"}
    assert failed["fields"] == {"Email": "kim@example.com"}
