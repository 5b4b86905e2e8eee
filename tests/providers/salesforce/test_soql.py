"""SOQL text: literals of each type, conditions, statements, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from wirepost.contracts.records import FieldSchema, FieldType, Filter, Operator, Value
from wirepost.core.errors import InvalidCall
from wirepost.providers.salesforce import soql

ANNA = "003Wp00000000F1IAI"


def field(kind: FieldType, name: str = "F__c") -> FieldSchema:
    return FieldSchema(name=name, label=name, type=kind)


@pytest.mark.parametrize(
    ("kind", "value", "literal"),
    [
        # https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
        # sforce_api_calls_soql_select_quotedstringescapes.htm
        ("text", "O'Hara", r"'O\'Hara'"),
        ("text", "a\\'b", r"'a\\\'b'"),
        ("text", 'say "x"', r"'say \"x\"'"),
        ("long_text", "a\nb\tc\rd\be\f", r"'a\nb\tc\rd\be\f'"),
        ("choice", "100%_sure", "'100%_sure'"),
        ("text", "日本 ß", "'日本 ß'"),
        ("text", "", "''"),
        ("boolean", True, "TRUE"),
        ("boolean", False, "FALSE"),
        ("integer", 7, "7"),
        ("number", 1e21, "1000000000000000000000"),
        ("number", 1e-7, "0.0000001"),
        ("number", "-12.50", "-12.50"),
        ("date", "2026-11-25", "2026-11-25"),
        ("datetime", "2026-11-25T10:00:00+02:00", "2026-11-25T08:00:00Z"),
        ("datetime", "2026-11-25T10:00:00.2505Z", "2026-11-25T10:00:00.250Z"),
        ("datetime", "2026-11-25", "2026-11-25T00:00:00Z"),
        ("reference", ANNA, f"'{ANNA}'"),
        ("number", None, "NULL"),
    ],
)
def test_a_value_is_written_as_its_type_wants(kind: FieldType, value: Value, literal: str) -> None:
    assert soql.literal(value, field(kind)) == literal


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "1 OR Name != ''"),
        ("number", "NaN"),
        ("number", float("inf")),
        ("number", True),
        ("integer", ""),
        ("boolean", "true"),
        ("date", "TODAY"),
        ("date", "2026-11-25 OR"),
        ("datetime", "yesterday"),
        ("reference", "x' OR Id != '"),
        ("reference", "003Wp0000000001"[:14]),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(kind: FieldType, value: Value) -> None:
    with pytest.raises(InvalidCall) as refused:
        soql.literal(value, field(kind))
    assert refused.value.fields[0]["path"] == "F__c"


@pytest.mark.parametrize(
    ("kind", "op", "values", "condition"),
    [
        ("text", "eq", ["a"], "F__c = 'a'"),
        ("text", "neq", ["a"], "F__c != 'a'"),
        ("number", "lt", [1], "F__c < 1"),
        ("number", "lte", [1], "F__c <= 1"),
        ("date", "gt", ["2026-11-25"], "F__c > 2026-11-25"),
        ("date", "gte", ["2026-11-25"], "F__c >= 2026-11-25"),
        ("number", "between", [1, 2.5], "(F__c >= 1 AND F__c <= 2.5)"),
        ("text", "in", ["a", "b'"], r"F__c IN ('a', 'b\'')"),
        ("number", "not_in", [1, 2], "F__c NOT IN (1, 2)"),
        ("text", "contains", ["50%_\\"], r"F__c LIKE '%50\%\_\\%'"),
        ("text", "starts_with", ["O'"], r"F__c LIKE 'O\'%'"),
        ("choices", "contains", ["a"], "F__c INCLUDES ('a')"),
        ("choices", "in", ["a", "b"], "F__c INCLUDES ('a', 'b')"),
        ("choices", "not_in", ["a", "b"], "F__c EXCLUDES ('a', 'b')"),
        ("date", "is_empty", [], "F__c = NULL"),
        ("text", "is_not_empty", [], "F__c != NULL"),
    ],
)
def test_each_operator_has_its_condition(
    kind: FieldType, op: Operator, values: list[Value], condition: str
) -> None:
    assert soql.condition(Filter(field(kind), op, tuple(values))) == condition


def test_a_statement_has_its_parts_in_order() -> None:
    made = soql.select(
        ["Id", "Account.Name"],
        "Contact",
        where=["A = 1", "B = 2 OR C = 3"],
        order_by=["SystemModstamp", "Id DESC NULLS LAST"],
        limit=20,
    )
    assert made == (
        "SELECT Id, Account.Name FROM Contact WHERE (A = 1) AND (B = 2 OR C = 3) "
        "ORDER BY SystemModstamp, Id DESC NULLS LAST LIMIT 20"
    )


def test_one_condition_may_suffice() -> None:
    assert soql.select(["Id"], "Case", where=["A = 1", "B = 2"], is_any=True).endswith(
        "WHERE (A = 1) OR (B = 2)"
    )
    assert soql.select(["Id"], "Case", where=["Z = 1", soql.any_of(["A = 1", "B = 2"])]).endswith(
        "WHERE (Z = 1) AND ((A = 1) OR (B = 2))"
    )


def test_figures_are_grouped() -> None:
    made = soql.select(["StageName", "COUNT(Id) n", "SUM(Amount) total"], "Deal__c", group_by=["StageName"])
    assert made == "SELECT StageName, COUNT(Id) n, SUM(Amount) total FROM Deal__c GROUP BY StageName"


@pytest.mark.parametrize(
    "name", ["", "Name FROM User--", "Na me", "a'b", "1a", "Name,Id", "Ñame", "a.", "a\n"]
)
def test_what_is_no_identifier_is_refused_anywhere(name: str) -> None:
    for made in (
        lambda: soql.select([name], "Contact"),
        lambda: soql.select(["Id"], name),
        lambda: soql.select(["Id"], "Contact", group_by=[name]),
        lambda: soql.select(["Id"], "Contact", order_by=[name]),
        lambda: soql.condition(Filter(field("text", name), "eq", ("a",))),
    ):
        with pytest.raises(InvalidCall):
            made()


def test_a_list_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidCall):
        soql.in_list([])
    with pytest.raises(InvalidCall):
        soql.condition(Filter(field("text"), "in", ()))


def test_a_moment_is_told_in_utc() -> None:
    east = timezone(timedelta(hours=9))
    assert soql.moment(datetime(2026, 1, 1, 3, tzinfo=east)) == "2025-12-31T18:00:00Z"
    assert soql.moment(datetime(2026, 1, 1, 3, 0, 0, 999, tzinfo=UTC)) == "2026-01-01T03:00:00Z"
