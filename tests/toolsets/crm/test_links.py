"""Links: listed, made and removed pair by pair, whatever their kind."""

from __future__ import annotations

from typing import Any

import pytest

from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_crm import PaperBook
from support.paper_shop import shop

STAFF = {"from_object": "contact", "to_object": "company"}


def pairs(*ids: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from_id": from_id, "to_id": to_id} for from_id, to_id in ids]


def tied(book: PaperBook, one: str, other: str) -> set[str] | None:
    return book.links.get(("Person", one, "Firm", other))


async def staff(desk: CrmDesk, **options: Any) -> list[str]:
    firm = {"object": "company", "id": "2003", "to_object": "contact", **options}
    return [link["id"] for link in await desk.records("crm_list_links", **firm)]


@pytest.fixture
def tied_book(book: PaperBook) -> PaperBook:
    """A firm with twelve employees, of whom every third is an advisor as well."""
    for key in [key for key in book.links if "2003" in (key[1], key[3])]:
        del book.links[key]
    for number in range(12):
        person = ("Person", str(1001 + number))
        book.tie(("Firm", "2003"), person, "Employee")
        if number % 3 == 0:
            book.tie(("Firm", "2003"), person, "Advisor")
    return book


@pytest.mark.parametrize("limit", [1, 5, 100])
async def test_links_are_listed_once_each(desk: CrmDesk, tied_book, limit: int) -> None:
    assert await staff(desk, limit=limit) == [str(1001 + number) for number in range(12)]


@pytest.mark.parametrize("limit", [1, 5, 100])
async def test_links_of_one_kind_are_all_found(desk: CrmDesk, tied_book, limit: int) -> None:
    assert await staff(desk, label="Advisor", limit=limit) == ["1001", "1004", "1007", "1010"]


async def test_no_total_is_claimed_for_links_of_one_kind(desk: CrmDesk, tied_book) -> None:
    firm = {"object": "company", "id": "2003", "to_object": "contact"}
    assert (await desk.ok("crm_list_links", **firm))["page"]["total"] == 12
    assert (await desk.ok("crm_list_links", **firm, label="Advisor"))["page"]["total_is"] == "unknown"


async def test_a_kind_of_link_is_one_that_is_described(desk: CrmDesk) -> None:
    error = await desk.error("crm_link_records", **STAFF, pairs=pairs(("1001", "2001")), label="Boss")
    assert error["fields"] == [
        {
            "path": "label",
            "problem": "is no kind of link from Person to Firm",
            "allowed": ["Employee", "Advisor"],
        }
    ]


async def test_records_are_linked_pair_by_pair(desk: CrmDesk, book: PaperBook) -> None:
    asked = pairs(("1001", "2001"), ("1001", "9"))
    data = (await desk.ok("crm_link_records", **STAFF, pairs=asked, label="advisor"))["data"]
    assert [result["status"] for result in data["results"]] == ["ok", "failed"]
    assert tied(book, "1001", "2001") == {"Advisor"}
    error = await desk.error("crm_link_records", **STAFF, pairs=asked[1:2])
    assert (error["code"], error["fields"][0]["path"]) == ("not_found", "pairs[0]")


async def test_a_plan_shows_the_links_that_would_go(desk: CrmDesk, book: PaperBook) -> None:
    book.tie(("Person", "1001"), ("Firm", "2001"), "Employee")
    asked = pairs(("1001", "2001"), ("1001", "2002"))
    plan = await desk.plan("crm_unlink_records", **STAFF, pairs=asked)
    assert plan["plan"] == "Remove 1 links from Person to Firm"
    assert plan["effects"] == [
        {"what": "Person 1001 – Firm 2001", "before": "Employee", "after": "not linked"}
    ]
    assert plan["notes"] == ["Not linked: 1001 – 2002"]
    error = await desk.error("crm_unlink_records", **STAFF, pairs=asked[1:], mode="preview")
    assert error["code"] == "not_found"
    assert book.writes == []


async def test_a_plan_of_many_names_all_of_them(desk: CrmDesk, tied_book) -> None:
    for number in range(40):
        tied_book.tie(("Person", str(1101 + number)), ("Firm", "2003"))
    asked = pairs(*((str(1101 + number), "2003") for number in range(40)))
    plan = await desk.plan("crm_unlink_records", **STAFF, pairs=asked)
    assert len(plan["effects"]) == 21
    assert all(pair["from_id"] in str(plan["effects"]) for pair in asked)


async def test_links_are_removed_as_confirmed_or_of_one_kind_only(desk: CrmDesk, book: PaperBook) -> None:
    for label in ("Employee", "Advisor"):
        book.tie(("Person", "1001"), ("Firm", "2001"), label)
    asked = {**STAFF, "pairs": pairs(("1001", "2001"))}
    await desk.confirmed("crm_unlink_records", **asked, label="Advisor")
    assert tied(book, "1001", "2001") == {"Employee"}
    await desk.confirmed("crm_unlink_records", **asked)
    assert tied(book, "1001", "2001") is None


async def test_a_link_that_changed_since_the_plan_stays(desk: CrmDesk, book: PaperBook) -> None:
    book.tie(("Person", "1001"), ("Firm", "2001"), "Employee")
    asked = {**STAFF, "pairs": pairs(("1001", "2001"))}
    plan = await desk.plan("crm_unlink_records", **asked)
    book.tie(("Person", "1001"), ("Firm", "2001"), "Advisor")
    error = await desk.error("crm_unlink_records", **asked, confirmation=plan["confirmation"])
    assert error["code"] == "confirmation_mismatch"
    assert book.writes == []


async def test_pairs_have_two_ids(desk: CrmDesk) -> None:
    for asked in ([], pairs(("1001", " "))):
        error = await desk.error("crm_link_records", **STAFF, pairs=asked)
        assert error["fields"][0]["path"] == "pairs"
    error = await desk.error("crm_link_records", **STAFF, pairs=pairs(("1", "2"), ("1", "2")))
    assert error["fields"] == [{"path": "pairs[1]", "problem": "repeats entry 0"}]
    error = await desk.error(
        "crm_link_records", from_object="contact", to_object="x", pairs=pairs(("1", "2"))
    )
    assert error["fields"][0]["path"] == "to_object"


async def test_ids_in_another_spelling_name_the_same_records(desk: CrmDesk, book: PaperBook) -> None:
    book.tie(("Person", "1001"), ("Firm", "2001"), "Employee")
    plan = await desk.plan("crm_unlink_records", **STAFF, pairs=pairs(("No. 1001", "No. 2001")))
    assert plan["effects"][0]["what"] == "Person 1001 – Firm 2001"
    same = pairs(("1001", "2001"), ("No. 1001", "2001"))
    error = await desk.error("crm_unlink_records", **STAFF, pairs=same, mode="preview")
    assert error["fields"] == [{"path": "pairs[1]", "problem": "repeats entry 0"}]
    assert await staff(desk, id="No. 2001", label="Employee") == await staff(
        desk, id="2001", label="Employee"
    )


async def test_a_lost_link_is_found_by_reading(tmp_path, clock, book) -> None:
    book.loses_answers = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        asked = {**STAFF, "pairs": pairs(("1001", "2001"))}
        assert (await desk.ok("crm_link_records", **asked, label="Advisor"))["data"]["succeeded"] == 1
        assert (await desk.confirmed("crm_unlink_records", **asked))["data"]["succeeded"] == 1
        book.drops_writes = True
        assert (await desk.error("crm_link_records", **asked))["code"] == "outcome_unknown"
    assert tied(book, "1001", "2001") is None


async def test_a_lost_unlink_that_never_arrived_is_no_success(tmp_path, clock, book) -> None:
    book.tie(("Person", "1001"), ("Firm", "2001"), "Employee")
    book.drops_writes = True
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as desk:
        asked = {**STAFF, "pairs": pairs(("1001", "2001"))}
        plan = await desk.plan("crm_unlink_records", **asked)
        error = await desk.error("crm_unlink_records", **asked, confirmation=plan["confirmation"])
    assert error["code"] == "outcome_unknown"
    assert tied(book, "1001", "2001") == {"Employee"}
