"""Which records meet a condition.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
sforce_api_calls_soql_select_comparisonoperators.htm
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from wirepost.providers.salesforce.sandbox.definitions import NUMBERS, Field, Kind
from wirepost.providers.salesforce.sandbox.errors import SalesforceError
from wirepost.providers.salesforce.sandbox.fields import computed, find
from wirepost.providers.salesforce.sandbox.keys import read
from wirepost.providers.salesforce.sandbox.periods import period
from wirepost.providers.salesforce.sandbox.rows import Row
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.syntax import (
    Combination,
    Comparison,
    Condition,
    Expression,
    Given,
    Statement,
    decoded,
    like,
)

Test = Callable[[Any], bool]
IDS = {"id", "reference"}
_NOT_TEXT = {*NUMBERS, *IDS, "boolean", "date", "datetime", "multipicklist"}
_ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WHOLE = Field("", "", "", "int", 0, frozenset(), ())
_DAY = Field("", "", "", "date", 0, frozenset(), ())


class Span(NamedTuple):
    """From a value to before another; a single value is its own span."""

    low: Any
    high: Any = None

    def compare(self, sign: str, value: Any) -> bool:
        """How a value stands to it."""
        if sign in {"=", "!="}:
            is_in = value == self.low if self.high is None else self.low <= value < self.high
            return bool(is_in == (sign == "="))
        if self.high is None:
            return bool(_ORDERED[sign](value, self.low))
        is_below_end, is_from_start = value < self.high, value >= self.low
        return bool(
            {"<": not is_from_start, "<=": is_below_end, ">": not is_below_end, ">=": is_from_start}[sign]
        )


Run = Callable[[Statement], list[Any]]


class Judge:
    """Decides for records of one object; `inner` answers a query inside a condition."""

    def __init__(self, state: State, kind: Kind, alias: str | None, inner: Run) -> None:
        self._state, self._kind, self._alias, self._inner = state, kind, alias, inner

    def test(self, condition: Condition) -> Callable[[Row], bool]:
        """The condition as a function of a record; raises Salesforce's refusal of the condition."""
        if isinstance(condition, Combination):
            parts = [self.test(part) for part in condition.parts]
            if condition.word == "NOT":
                return lambda row: not parts[0](row)
            every = all if condition.word == "AND" else any
            return lambda row: every(part(row) for part in parts)
        found = find(self._state, self._kind, condition.expression.path, self._alias)
        expression = condition.expression
        if not found.field.is_filterable:
            message = f"field '{found.field.name}' can not be filtered in a query call"
            raise SalesforceError("INVALID_FIELD", message)
        holds = self.value_test(condition, _kind_of(expression, found.field))
        return lambda row: holds(computed(expression, found, found.of(self._state, row)))

    def value_test(self, condition: Comparison, field: Field) -> Test:
        """The condition as a function of the value."""
        match condition.operator:
            case "LIKE":
                return _like(condition, field)
            case "INCLUDES" | "EXCLUDES":
                return _includes(condition, field)
            case "IN" | "NOT IN":
                return self._membership(condition, field)
            case sign:
                return self._comparison(sign, condition.values[0], field)

    def _comparison(self, sign: str, given: Given, field: Field) -> Test:
        if given == Given("word", "NULL") or (given == Given("string", "") and sign in {"=", "!="}):
            if sign not in {"=", "!="}:
                raise _wrong_operator(sign, field)
            return lambda value: (value is None) == (sign == "=")
        span = self._span(given, field)
        return lambda value: sign == "!=" if value is None else span.compare(sign, _comparable(value, field))

    def _membership(self, condition: Comparison, field: Field) -> Test:
        is_wanted = condition.operator == "IN"
        if condition.query is not None:
            if field.type not in IDS:
                raise _wrong_operator(condition.operator, field)
            keys = set(self._inner(condition.query)) - {None}
            return lambda value: (value in keys) == is_wanted
        tests = [self._comparison("=", given, field) for given in condition.values]
        return lambda value: any(test(value) for test in tests) == is_wanted

    def _span(self, given: Given, field: Field) -> Span:
        if field.type in NUMBERS:
            return Span(float(_of_kind("number", given, field).text))
        if field.type == "boolean":
            if given.kind != "word" or given.text not in {"TRUE", "FALSE"}:
                raise _wrong_type(field)
            return Span(given.text == "TRUE")
        if field.type in {"date", "datetime"}:
            return self._times(given, field)
        text = decoded(_of_kind("string", given, field).text)
        if field.type in IDS:
            key = read(text)
            if key is None:
                raise SalesforceError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text[:40]}")
            return Span(key)
        return Span(text.lower())

    def _times(self, given: Given, field: Field) -> Span:
        is_date = field.type == "date"
        if given.kind == "word":
            low, high = period(given.text, self._state.now.date())
            return Span(low, high) if is_date else Span(_midnight(low), _midnight(high))
        if given.kind != "moment" or ("T" in given.text) == is_date:
            raise _wrong_type(field)
        try:
            if is_date:
                return Span(date.fromisoformat(given.text))
            return Span(datetime.fromisoformat(given.text))
        except ValueError:
            raise _wrong_type(field) from None


def check_selective(statement: Statement) -> None:
    """Links of documents are only found by what they link."""
    if statement.source.lower() == "contentdocumentlink" and not _names_a_side(statement.where):
        raise SalesforceError(
            "MALFORMED_QUERY",
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "
            "ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using the IN "
            "operator.",
        )


def _names_a_side(condition: Condition | None) -> bool:
    if isinstance(condition, Combination):
        return condition.word == "AND" and any(_names_a_side(part) for part in condition.parts)
    return (
        condition is not None
        and condition.operator in {"=", "IN"}
        and condition.expression.path.lower().rpartition(".")[2] in {"contentdocumentid", "linkedentityid"}
    )


def _kind_of(expression: Expression, field: Field) -> Field:
    """Of which type the values of an expression are."""
    if expression.function is None or expression.function in {"TOLABEL", "MIN", "MAX", "SUM", "AVG"}:
        return field
    return _DAY if expression.function == "DAY_ONLY" else _WHOLE


def figure_field(expression: Expression, field: Field | None) -> Field:
    """The same for figures of groups."""
    return _WHOLE if field is None else _kind_of(expression, field)


def _like(condition: Comparison, field: Field) -> Test:
    if field.type in _NOT_TEXT:
        raise _wrong_operator("LIKE", field)
    pattern = like(_of_kind("string", condition.values[0], field).text)
    return lambda value: value is not None and pattern.fullmatch(value) is not None


def _includes(condition: Comparison, field: Field) -> Test:
    if field.type != "multipicklist":
        raise _wrong_operator(condition.operator, field)
    wanted = [
        {one.lower() for one in decoded(_of_kind("string", given, field).text).split(";")}
        for given in condition.values
    ]
    is_wanted = condition.operator == "INCLUDES"
    return lambda value: any(each <= set((value or "").lower().split(";")) for each in wanted) == is_wanted


def _comparable(value: Any, field: Field) -> Any:
    if field.type in NUMBERS:
        return float(value)
    is_text = isinstance(value, str) and field.type not in IDS
    return value.lower() if is_text else value


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _of_kind(kind: str, given: Given, field: Field) -> Given:
    if given.kind != kind:
        raise _wrong_type(field)
    return given


def _wrong_type(field: Field) -> SalesforceError:
    quotes = "not be" if field.type in {*NUMBERS, "boolean", "date", "datetime"} else "be"
    return SalesforceError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{field.name}' must be of type {field.type} and should "
        f"{quotes} enclosed in quotes",
    )


def _wrong_operator(sign: str, field: Field) -> SalesforceError:
    message = f"invalid operator on {field.type} field: {field.name} {sign}"
    return SalesforceError("INVALID_QUERY_FILTER_OPERATOR", message)
