"""Conditions: only what the field's type can be asked reaches a CRM, with values of that type."""

from __future__ import annotations

from typing import Any

import pytest

from support.crm_desk import CrmDesk
from support.paper_crm import PaperBook
from wirepost.contracts.records import FieldType, Operator
from wirepost.toolsets.crm.filters import OPERATORS


async def asked(
    desk: CrmDesk, book: PaperBook, field: str, op: str, *given: str
) -> tuple[str, str, tuple[Any, ...]]:
    """What the CRM is asked for one condition."""
    condition = {"field": field, "op": op, "values": list(given)}
    await desk.ok("crm_search_records", object="contact", filters=[condition])
    (condition_seen,) = book.asked[-1].filters
    return condition_seen.field.name, condition_seen.op, condition_seen.values


async def refused(desk: CrmDesk, field: str, op: str, **given: Any) -> dict[str, Any]:
    """What is wrong with one condition."""
    condition = {"field": field, "op": op, **given}
    error = await desk.error("crm_search_records", object="contact", filters=[condition])
    (problem,) = error["fields"]
    return dict(problem)


def test_every_type_can_be_asked_for_emptiness_and_only_known_operators_exist() -> None:
    assert set(OPERATORS) == set(FieldType.__args__)  # type: ignore[attr-defined]
    for operators in OPERATORS.values():
        assert {"is_empty", "is_not_empty"} <= set(operators) <= set(Operator.__args__)  # type: ignore[attr-defined]
        assert len(set(operators)) == len(operators)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("Visits", "gt", "3"), ("Visits", "gt", (3,))),
        (("Score", "between", "1.5", "3"), ("Score", "between", (1.5, 3))),
        (("Language", "in", "Danish", "en"), ("Language", "in", ("da", "en"))),
        (("Tags", "contains", "europe"), ("Tags", "contains", ("eu",))),
        (("IsMember", "eq", "TRUE"), ("IsMember", "eq", (True,))),
        (("Since", "gte", "-7d"), ("Since", "gte", ("2026-11-18",))),
        (("SeenAt", "lt", "-1h"), ("SeenAt", "lt", ("2026-11-25T09:00:00Z",))),
        (("first_name", "starts_with", "An"), ("FirstName", "starts_with", ("An",))),
        (("FIRSTNAME", "is_empty"), ("FirstName", "is_empty", ())),
        (("owner", "eq", "frida@nordlicht.example"), ("OwnerId", "eq", ("colleague01",))),
    ],
)
async def test_conditions_arrive_typed(desk, book, condition, expected) -> None:
    assert await asked(desk, book, *condition) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (("eq", "2026-11-25"), ("between", ("2026-11-25T00:00:00Z", "2026-11-25T23:59:59Z"))),
        (("lt", "2026-11-25"), ("lt", ("2026-11-25T00:00:00Z",))),
        (("lte", "today"), ("lte", ("2026-11-25T23:59:59Z",))),
        (("gt", "2026-11-25"), ("gt", ("2026-11-25T23:59:59Z",))),
        (("gte", "2026-11-25"), ("gte", ("2026-11-25T00:00:00Z",))),
        (
            ("between", "2026-11-01", "2026-11-25"),
            ("between", ("2026-11-01T00:00:00Z", "2026-11-25T23:59:59Z")),
        ),
        (
            ("between", "2026-11-01", "2026-11-25T12:00Z"),
            ("between", ("2026-11-01T00:00:00Z", "2026-11-25T12:00:00Z")),
        ),
    ],
)
async def test_a_date_means_the_whole_day_where_moments_are_stored(desk, book, condition, expected) -> None:
    assert (await asked(desk, book, "SeenAt", *condition))[1:] == expected


async def test_one_value_and_several_may_be_given_in_either_argument(desk: CrmDesk, book: PaperBook) -> None:
    for given in ({"value": "Anna"}, {"values": ["Anna"]}, {"values": "Anna"}):
        condition = {"field": "first_name", "op": "eq", **given}
        await desk.ok("crm_search_records", object="contact", filters=[condition])
    assert {query.filters[0].values for query in book.asked} == {("Anna",)}


@pytest.mark.parametrize(
    ("field", "op", "given", "path"),
    [
        ("Nickname", "eq", {"value": "x"}, "filters[0].field"),
        ("TaxId", "eq", {"value": "x"}, "filters[0].field"),
        ("first_name", "gt", {"value": "x"}, "filters[0].op"),
        ("Remarks", "in", {"values": ["x"]}, "filters[0].op"),
        ("Tags", "eq", {"value": "eu"}, "filters[0].op"),
        ("Visits", "contains", {"value": "1"}, "filters[0].op"),
        ("Visits", "eq", {"value": "many"}, "filters[0].value"),
        ("Visits", "eq", {}, "filters[0].value"),
        ("Visits", "eq", {"values": ["1", "2"]}, "filters[0].value"),
        ("Visits", "between", {"value": "1"}, "filters[0].value"),
        ("Visits", "in", {"values": []}, "filters[0].value"),
        ("first_name", "in", {"values": ["x"] * 101}, "filters[0].value"),
        ("first_name", "is_empty", {"value": "x"}, "filters[0].value"),
        ("first_name", "eq", {"value": ""}, "filters[0].value"),
        ("first_name", "contains", {"value": ""}, "filters[0].value"),
        ("Language", "eq", {"value": "Klingon"}, "filters[0].value"),
        ("SeenAt", "in", {"values": ["2026-11-25"]}, "filters[0].value"),
        ("SeenAt", "eq", {"value": "2026-13-25"}, "filters[0].value"),
        ("owner", "eq", {"value": "nobody@example.com"}, "filters[0].value"),
    ],
)
async def test_what_is_wrong_is_named_with_its_place(desk, book, *, field, op, given, path) -> None:
    assert (await refused(desk, field, op, **given))["path"] == path
    assert book.asked == []


async def test_what_would_be_right_is_listed(desk: CrmDesk) -> None:
    assert (await refused(desk, "Tags", "eq", value="eu"))["allowed"] == list(OPERATORS["choices"])
    assert (await refused(desk, "Language", "eq", value="x"))["allowed"] == ["de", "da", "en", "ja"]
    assert (await refused(desk, "Langage", "eq", value="x"))["allowed"][0] == "Language"  # codespell:ignore


async def test_everything_wrong_is_told_at_once(desk: CrmDesk) -> None:
    conditions = [{"field": "Visits", "op": "eq", "value": f"x{number}"} for number in range(30)]
    error = await desk.error("crm_search_records", object="contact", filters=conditions)
    assert len(error["fields"]) == 20
    assert "(and 29 more)" in error["message"]
