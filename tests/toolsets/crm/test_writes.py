"""Creating, changing, and both: typed values arrive, each record has its outcome, lost answers are found."""

from __future__ import annotations

from typing import Any

import pytest

from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_crm import PaperBook
from support.paper_shop import shop

ANNA = "anna.lindqvist@example.com"


def record(**fields: str) -> dict[str, Any]:
    return {"fields": [{"name": name, "value": value} for name, value in fields.items()]}


def stored(book: PaperBook, id_: str, object_name: str = "Person") -> dict[str, Any]:
    return dict(book.sheets[object_name][id_].values)


async def test_a_new_record_has_typed_values_under_the_vendors_names(desk: CrmDesk, book: PaperBook) -> None:
    given = record(
        first_name="Kim",
        last_name="Larsen",
        email="kim@example.com",
        Language="Danish",
        Tags="Europe; vip",
        IsMember="TRUE",
        Visits="12",
        Since="2026-11-25",
        SeenAt="2026-11-25T11:00:00+01:00",
        owner="frida@nordlicht.example",
        Phone="",
    )
    envelope = await desk.ok("crm_create_records", object="contact", records=[given], intent="kim")
    (result,) = envelope["data"]["results"]
    assert (result["status"], result["is_new"], envelope["data"]["succeeded"]) == ("ok", True, 1)
    assert stored(book, result["id"]) == {
        "FirstName": "Kim",
        "LastName": "Larsen",
        "Email": "kim@example.com",
        "Language": "da",
        "Tags": "eu;vip",
        "IsMember": True,
        "Visits": 12,
        "Since": "2026-11-25",
        "SeenAt": "2026-11-25T10:00:00Z",
        "OwnerId": "colleague01",
    }
    assert envelope["meta"]["aliases_applied"]["owner"] == "OwnerId"


async def test_a_write_says_a_moment_and_not_how_long_ago(desk: CrmDesk, book: PaperBook) -> None:
    for text in ("now", "-2h"):
        given = record(last_name="L", SeenAt=text)
        error = await desk.error("crm_create_records", object="contact", records=[given])
        assert error["fields"][0]["path"] == "records[0].fields[1].value"
    given = record(last_name="L", SeenAt="today", Since="-1d")
    result = (await desk.ok("crm_create_records", object="contact", records=[given]))["data"]["results"][0]
    assert stored(book, result["id"]) == {
        "LastName": "L",
        "SeenAt": "2026-11-25T00:00:00Z",
        "Since": "2026-11-24",
    }


async def test_a_lost_write_of_yesterday_is_recognised_today(tmp_path, clock, book) -> None:
    book.loses_answers = book.lags = True
    arguments = {"object": "contact", "records": [record(last_name="L", Since="today")], "intent": "once"}
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        await desk.error("crm_create_records", **arguments)
        clock.advance(86400)
        book.lags = False
        assert (await desk.ok("crm_create_records", **arguments))["data"]["succeeded"] == 1
    assert len(book.writes) == 1


async def test_a_new_record_is_linked_at_once(desk: CrmDesk, book: PaperBook) -> None:
    given = record(last_name="Larsen") | {
        "links": [{"object": "company", "id": "2001", "label": "Advisor"}, {"object": "Sale", "id": "3001"}]
    }
    result = (await desk.ok("crm_create_records", object="contact", records=[given]))["data"]["results"][0]
    assert book.links["Person", result["id"], "Firm", "2001"] == {"Advisor"}
    assert ("Person", result["id"], "Sale", "3001") in book.links


async def test_everything_wrong_is_told_before_anything_is_sent(desk: CrmDesk, book: PaperBook) -> None:
    records = [
        record(last_name="Larsen", Language="Klingon", Visits="many"),
        record(Score="5", Emial="x", Since="tomorrow"),
        {"fields": []},
        record(LastName="One") | {"fields": [*record(LastName="One", last_name="Two")["fields"]]},
        record(last_name="Larsen", owner="nobody@example.com"),
    ]
    error = await desk.error("crm_create_records", object="contact", records=records)
    problems = {problem["path"]: problem for problem in error["fields"]}
    assert set(problems) == {
        "records[0].fields[1].value",
        "records[0].fields[2].value",
        "records[1].fields[0].name",
        "records[1].fields[1].name",
        "records[1].fields[2].value",
        "records[2].fields",
        "records[3].fields[1].name",
        "records[4].fields[1].value",
    }
    assert problems["records[0].fields[1].value"]["allowed"] == ["de", "da", "en", "ja"]
    assert "read-only" in problems["records[1].fields[0].name"]["problem"]
    assert problems["records[1].fields[1].name"]["allowed"] == ["Email"]
    assert book.writes == []


async def test_of_a_batch_each_record_has_its_own_outcome(desk: CrmDesk) -> None:
    records = [
        record(last_name="Larsen"),
        record(last_name="Lindqvist", email=ANNA.upper()),
        record(first_name="X"),
    ]
    data = (await desk.ok("crm_create_records", object="contact", records=records, intent="three"))["data"]
    assert [result["status"] for result in data["results"]] == ["ok", "failed", "failed"]
    assert (data["succeeded"], data["failed"], data["skipped"]) == (1, 2, 0)
    assert data["results"][1]["error"]["code"] == "conflict"
    assert data["results"][2]["error"]["fields"] == [{"path": "LastName", "problem": "is required"}]


async def test_a_batch_of_failures_is_an_error_with_every_reason(desk: CrmDesk) -> None:
    records = [record(first_name="X"), record(last_name="L", email=ANNA)]
    error = await desk.error("crm_create_records", object="contact", records=records)
    assert (error["code"], error["outcome"]) == ("upstream_rejected", "not_applied")
    assert [problem["path"] for problem in error["fields"]] == ["records[0].LastName", "records[1]"]
    error = await desk.error("crm_create_records", object="contact", records=records[1:])
    assert error["code"] == "conflict"


async def test_a_batch_that_was_refused_as_a_whole_can_be_sent_again(desk: CrmDesk, book: PaperBook) -> None:
    change = {"object": "contact", "records": [{"id": "1999", **record(phone="1")}], "intent": "late"}
    assert (await desk.error("crm_update_records", **change))["outcome"] == "not_applied"
    book.sheets["Person"]["1999"] = book.sheets["Person"].pop("1002")
    book.sheets["Person"]["1999"].id = "1999"
    assert (await desk.ok("crm_update_records", **change))["data"]["succeeded"] == 1


async def test_a_record_that_exists_can_be_skipped(desk: CrmDesk) -> None:
    records = [record(last_name="L", email=ANNA)]
    data = (await desk.ok("crm_create_records", object="contact", records=records, on_duplicate="skip"))[
        "data"
    ]
    assert (data["skipped"], data["results"][0]["id"]) == (1, "1001")


async def test_only_named_fields_change_and_an_empty_text_clears(desk: CrmDesk, book: PaperBook) -> None:
    before = stored(book, "1001")
    changed = [{"id": "1001", **record(phone="", last_name="Lind")}]
    await desk.ok("crm_update_records", object="contact", records=changed, intent="anna")
    assert stored(book, "1001") == {**before, "Phone": None, "LastName": "Lind"}


async def test_a_record_that_somebody_else_changed_is_left_alone(desk: CrmDesk, book, clock) -> None:
    clock.advance(60)
    book.sheets["Person"]["1001"].updated_at = clock.now()
    changes = [{"id": each, **record(phone="1")} for each in ("1001", "1002")]
    data = (await desk.ok("crm_update_records", object="contact", records=changes, if_unchanged_since="-1m"))[
        "data"
    ]
    assert [result["status"] for result in data["results"]] == ["failed", "ok"]
    assert data["results"][0]["error"]["code"] == "conflict"
    assert stored(book, "1001")["Phone"] != "1"


async def test_a_record_is_named_once_and_by_its_id(desk: CrmDesk, book: PaperBook) -> None:
    changes = [{"id": each, **record(phone="1")} for each in ("1001", " ", "1001")]
    error = await desk.error("crm_update_records", object="contact", records=changes)
    assert [problem["path"] for problem in error["fields"]] == ["records[1].id", "records[2].id"]
    assert book.writes == []


async def test_records_are_matched_by_a_unique_field_or_made(desk: CrmDesk, book: PaperBook) -> None:
    records = [record(email=ANNA, phone="1"), record(Email="new@example.com", last_name="New")]
    envelope = await desk.ok("crm_upsert_records", object="contact", match_field="email", records=records)
    results = envelope["data"]["results"]
    assert [(result["id"], result["is_new"]) for result in results] == [
        ("1001", False),
        (results[1]["id"], True),
    ]
    assert stored(book, "1001")["Phone"] == "1"


async def test_a_match_needs_a_unique_field_with_a_value_of_its_own(desk: CrmDesk, book: PaperBook) -> None:
    async def paths(match_field: str, *records: dict[str, Any]) -> list[str]:
        error = await desk.error(
            "crm_upsert_records", object="contact", match_field=match_field, records=list(records)
        )
        return [problem["path"] for problem in error["fields"]]

    assert await paths("last_name", record(last_name="L")) == ["match_field"]
    assert await paths("email", record(last_name="L"), record(email="", last_name="M")) == [
        "records[0].fields",
        "records[1].fields",
        "records[1].fields",
    ]
    assert await paths("email", record(email="a@b.example"), record(email="A@b.example")) == [
        "records[1].fields"
    ]
    assert book.writes == []


CREATE = ("crm_create_records", {"records": [record(last_name="Larsen", Visits="3")]})
UPDATE = ("crm_update_records", {"records": [{"id": "1001", **record(phone="1", Visits="3")}]})
UPSERT = ("crm_upsert_records", {"match_field": "email", "records": [record(email=ANNA, phone="1")]})


@pytest.mark.parametrize(("name", "arguments"), [CREATE, UPDATE, UPSERT])
async def test_a_write_whose_answer_is_lost_is_found_by_reading(
    tmp_path, clock, book, name, arguments
) -> None:
    book.loses_answers = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        envelope = await desk.ok(name, object="contact", **arguments, intent="once")
        again = await desk.ok(name, object="contact", **arguments, intent="once")
    assert envelope["data"]["succeeded"] == 1
    assert again["data"] == envelope["data"]
    assert again["meta"]["idempotency"]["replayed"] is True
    assert len(book.writes) == 1


@pytest.mark.parametrize(("name", "arguments"), [CREATE, UPDATE, UPSERT])
async def test_a_write_that_never_arrived_is_repeated(tmp_path, clock, book, name, arguments) -> None:
    book.drops_writes = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        error = await desk.error(name, object="contact", **arguments, intent="once")
        assert (error["code"], error["outcome"]) == ("outcome_unknown", "unknown")
        book.drops_writes = False
        envelope = await desk.ok(name, object="contact", **arguments, intent="once")
    assert envelope["data"]["succeeded"] == 1
    assert len(book.writes) == 1


async def test_a_lost_match_that_made_nothing_is_repeated(tmp_path, clock, book) -> None:
    book.drops_writes = True
    new = record(email="new@example.com", last_name="New")
    arguments = {"object": "contact", "match_field": "email", "records": [new], "intent": "once"}
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        assert (await desk.error("crm_upsert_records", **arguments))["code"] == "outcome_unknown"
        book.drops_writes = False
        results = (await desk.ok("crm_upsert_records", **arguments))["data"]["results"]
    assert results[0]["is_new"] is True


async def test_an_index_that_lags_leaves_the_outcome_open(tmp_path, clock, book) -> None:
    name, arguments = CREATE
    book.loses_answers = book.lags = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        for _ in range(2):
            error = await desk.error(name, object="contact", **arguments, intent="once")
            assert error["code"] == "outcome_unknown"
        book.lags = False
        envelope = await desk.ok(name, object="contact", **arguments, intent="once")
    assert envelope["data"]["succeeded"] == 1
    assert len(book.writes) == 1


@pytest.mark.parametrize("count", [0, 101])
@pytest.mark.parametrize(("name", "arguments"), [CREATE, UPDATE, UPSERT])
async def test_a_batch_has_one_to_a_hundred_records(desk: CrmDesk, name, arguments, count) -> None:
    (one,) = arguments["records"]
    error = await desk.error(name, object="contact", **{**arguments, "records": [one] * count})
    assert error["fields"] == [{"path": "records", "problem": "must have 1 to 100 entries"}]


async def test_fields_may_be_given_as_an_object(desk: CrmDesk, book: PaperBook) -> None:
    records = [{"fields": {"last_name": "Larsen", "Visits": 3}}]
    envelope = await desk.ok("crm_create_records", object="contact", records=records)
    assert stored(book, envelope["data"]["results"][0]["id"]) == {"LastName": "Larsen", "Visits": 3}
    assert envelope["warnings"]
