"""Conditions, checked against the described fields: the operators of a type, the values of an operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wirepost.contracts.records import FieldSchema, FieldType, Filter, Operator, Value
from wirepost.toolsets.crm import values
from wirepost.toolsets.crm.arguments import Condition
from wirepost.toolsets.crm.checking import Reader

MOST_VALUES = 100

_EMPTY: tuple[Operator, ...] = ("is_empty", "is_not_empty")
_EQUAL: tuple[Operator, ...] = ("eq", "neq")
_LISTED: tuple[Operator, ...] = ("in", "not_in")
_ORDERED: tuple[Operator, ...] = ("lt", "lte", "gt", "gte", "between")
_PARTS: tuple[Operator, ...] = ("contains", "starts_with")

OPERATORS: Mapping[FieldType, tuple[Operator, ...]] = {
    "text": (*_EQUAL, *_LISTED, *_PARTS, *_EMPTY),
    "long_text": (*_EQUAL, *_PARTS, *_EMPTY),
    "html": (*_EQUAL, *_PARTS, *_EMPTY),
    "number": (*_EQUAL, *_ORDERED, *_LISTED, *_EMPTY),
    "integer": (*_EQUAL, *_ORDERED, *_LISTED, *_EMPTY),
    "boolean": (*_EQUAL, *_EMPTY),
    "date": (*_EQUAL, *_ORDERED, *_LISTED, *_EMPTY),
    "datetime": (*_EQUAL, *_ORDERED, *_LISTED, *_EMPTY),
    "choice": (*_EQUAL, *_LISTED, *_EMPTY),
    "choices": ("contains", *_LISTED, *_EMPTY),
    "reference": (*_EQUAL, *_LISTED, *_EMPTY),
    "other": (*_EQUAL, *_EMPTY),
}
"""Type of a field → what it can be asked."""


async def filters_of(
    reader: Reader, conditions: Sequence[Condition] | None, path: str = "filters"
) -> tuple[Filter, ...]:
    """The conditions with described fields and typed values; what is wrong is noted in the reader."""
    made = [
        await _filter_of(reader, condition, f"{path}[{index}]")
        for index, condition in enumerate(conditions or ())
    ]
    return tuple(each for each in made if each is not None)


async def _filter_of(reader: Reader, condition: Condition, path: str) -> Filter | None:
    field = reader.find(condition.field, f"{path}.field")
    if field is None:
        return None
    if not field.filterable:
        reader.problems.add(f"{path}.field", f"{field.name} cannot be searched by")
        return None
    if condition.op not in OPERATORS[field.type]:
        problem = f"{condition.op} does not suit {field.name}, which is {field.type}"
        reader.problems.add(f"{path}.op", problem, OPERATORS[field.type])
        return None
    given = ([] if condition.value is None else [condition.value]) + (condition.values or [])
    unfit = _wrong_count(condition.op, len(given))
    if unfit is None and not all(given):
        unfit = "must not be empty; is_empty finds records without a value"
    if unfit is not None:
        reader.problems.add(f"{path}.value", unfit)
        return None
    if field.type == "datetime" and any(values.is_day(text) for text in given):
        return _whole_days(reader, field, condition.op, given, path)
    return Filter(field, condition.op, await _typed(reader, field, condition.op, given, path))


def _wrong_count(op: Operator, count: int) -> str | None:
    if op in _EMPTY:
        return "is not taken by is_empty and is_not_empty" if count else None
    if op == "between":
        return None if count == 2 else "needs values with the two bounds"  # noqa: PLR2004 - a lower and an upper
    if op in _LISTED:
        return None if 1 <= count <= MOST_VALUES else f"needs values, {MOST_VALUES} at most"
    return None if count == 1 else f"needs exactly one value for {op}"


async def _typed(
    reader: Reader, field: FieldSchema, op: Operator, given: Sequence[str], path: str
) -> tuple[Value, ...]:
    return tuple([await reader.value(field, text, f"{path}.value") for text in given])


def _whole_days(
    reader: Reader, field: FieldSchema, op: Operator, given: Sequence[str], path: str
) -> Filter | None:
    """A date on a field of moments means the whole day in UTC, so that an upper bound includes it."""
    if op not in (*_ORDERED, "eq"):
        reader.problems.add(f"{path}.value", f"{op} needs moments for {field.name}; between takes days")
        return None
    now = reader.now
    if op == "eq":
        op, given = "between", [given[0], given[0]]
    is_end = {"lte": (True,), "gt": (True,), "between": (False, True)}.get(op, (False,))
    try:
        read = [
            values.end_of_day(text, now) if at_end and values.is_day(text) else values.read(field, text, now)
            for text, at_end in zip(given, is_end, strict=True)
        ]
    except values.Unfit as unfit:
        reader.problems.add(f"{path}.value", unfit.problem)
        return None
    return Filter(field, op, tuple(read))
