"""SOQL as text: the only place where statements are put together and values become literals.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from wirepost.contracts.records import FieldSchema, Filter, Operator, Value
from wirepost.core.errors import InvalidCall

_NAME = r"[A-Za-z][A-Za-z0-9_]{0,79}"
_PATH = re.compile(rf"{_NAME}(?:\.{_NAME}){{0,5}}", re.ASCII)
_COLUMN = re.compile(rf"{_PATH.pattern}|[A-Z_]{{3,20}}\((?:{_PATH.pattern})?\)(?: {_NAME})?", re.ASCII)
_ORDER = re.compile(rf"{_PATH.pattern}(?: ASC| DESC)?(?: NULLS FIRST| NULLS LAST)?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?", re.ASCII)
_ESCAPED = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)
"""Each character is looked at once, so that no escape escapes another."""
_WILD = str.maketrans({"%": "\\%", "_": "\\_"})
_BOOLEANS = {"True": "TRUE", "False": "FALSE"}
_COMPARED: dict[Operator, str] = {"eq": "=", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def text(value: str) -> str:
    """A string literal."""
    return f"'{value.translate(_ESCAPED)}'"


def moment(value: datetime) -> str:
    """A literal for a time, in UTC; Salesforce knows milliseconds and leaves out what is smaller."""
    at = value.astimezone(UTC).replace(tzinfo=None)
    return at.isoformat(timespec="milliseconds" if at.microsecond >= 1000 else "seconds") + "Z"  # noqa: PLR2004


def in_list(values: Sequence[str]) -> str:
    """String literals for `IN`; raises `InvalidCall` where there are none, which SOQL does not know."""
    if not values:
        raise _unfit("values", "must not be empty")
    return f"({', '.join(text(each) for each in values)})"


def literal(value: Value, field: FieldSchema) -> str:
    """A value as the field's type wants it; raises `InvalidCall` for one of another type."""
    if value is None:
        return "NULL"
    try:
        return _typed(value, field)
    except (LookupError, ValueError, ArithmeticError):
        raise _unfit(field.name, f"{field.name} needs a value of type {field.type}") from None


def condition(given: Filter) -> str:
    """One condition; raises `InvalidCall` for a value that is not of the field's type."""
    field, name = given.field, path(given.field.name)
    match given.op:
        case "is_empty" | "is_not_empty":
            return f"{name} {'=' if given.op == 'is_empty' else '!='} NULL"
        case "between":
            low, high = (literal(each, field) for each in given.values)
            return f"({name} >= {low} AND {name} <= {high})"
        case "contains" | "in" | "not_in" if field.type == "choices":
            has = "EXCLUDES" if given.op == "not_in" else "INCLUDES"
            return f"{name} {has} {in_list([str(each) for each in given.values])}"
        case "in" | "not_in":
            listed = ", ".join(literal(each, field) for each in given.values)
            if not listed:
                raise _unfit(field.name, "needs at least one value")
            return f"{name} {'IN' if given.op == 'in' else 'NOT IN'} ({listed})"
        case "contains" | "starts_with":
            before = "%" if given.op == "contains" else ""
            return f"{name} LIKE '{before}{_pattern(str(given.values[0]))}%'"
        case _:
            return f"{name} {_COMPARED[given.op]} {literal(given.values[0], field)}"


def any_of(conditions: Sequence[str]) -> str:
    """One condition that is met where one of these is."""
    return _joined(conditions, " OR ")


def select(
    names: Sequence[str],
    object_name: str,
    *,
    where: Sequence[str] = (),
    is_any: bool = False,
    group_by: Sequence[str] = (),
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> str:
    """A statement from conditions made by this module; raises `InvalidCall` for what is no identifier.

    `names` may hold aggregates with an alias (`SUM(Amount) sum_amount`), `order_by` directions (`Id DESC`).
    """
    parts = [f"SELECT {_checked(names, _COLUMN)} FROM {path(object_name)}"]  # noqa: S608 - both are checked
    if where:
        parts.append(f"WHERE {_joined(where, ' OR ' if is_any else ' AND ')}")
    if group_by:
        parts.append(f"GROUP BY {_checked(group_by, _PATH)}")
    if order_by:
        parts.append(f"ORDER BY {_checked(order_by, _ORDER)}")
    if limit is not None:
        parts.append(f"LIMIT {limit:d}")
    return " ".join(parts)


def path(name: str) -> str:
    """An identifier, perhaps through relationships (`Account.Owner.Name`); raises `InvalidCall`."""
    return _checked([name], _PATH)


def _pattern(value: str) -> str:
    """Text inside a LIKE literal: wildcards stand for themselves."""
    return value.translate(_ESCAPED).translate(_WILD)


def _typed(value: str | float | bool, field: FieldSchema) -> str:  # noqa: FBT001 - a boolean is a value here
    match field.type:
        case "boolean":
            return _BOOLEANS[str(value)]
        case "number" | "integer":
            return _number(value)
        case "date":
            return date.fromisoformat(str(value)).isoformat()
        case "datetime":
            at = datetime.fromisoformat(str(value))
            return moment(at if at.tzinfo else at.replace(tzinfo=UTC))
        case "reference" if not _ID.fullmatch(str(value)):
            raise ValueError
        case _:
            return text(str(value))


def _number(value: str | float | bool) -> str:  # noqa: FBT001 - the same
    number = Decimal(str(value))
    if isinstance(value, bool) or not number.is_finite():
        raise ValueError
    return f"{number:f}"


def _joined(conditions: Sequence[str], word: str) -> str:
    if len(conditions) == 1:
        return conditions[0]
    return word.join(f"({each})" for each in conditions)


def _checked(names: Sequence[str], shape: re.Pattern[str]) -> str:
    for name in names:
        if not shape.fullmatch(name):
            raise _unfit("fields", f"{name!r} is no name of a field or object")
    return ", ".join(names)


def _unfit(where: str, problem: str) -> InvalidCall:
    return InvalidCall(
        "invalid_arguments", f"{where}: {problem}", fields=[{"path": where, "problem": problem}]
    )
