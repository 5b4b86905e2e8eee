"""Searches over the index (https://developers.hubspot.com/docs/api-reference/search/guide)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from wirepost.providers.hubspot.sandbox.definitions import PROPERTIES
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError
from wirepost.providers.hubspot.sandbox.rows import Row
from wirepost.providers.hubspot.sandbox.state import State
from wirepost.providers.hubspot.sandbox.values import moment_ms

GROUPS, PER_GROUP, FILTERS, LIMIT, WINDOW, TEXT = 5, 6, 18, 200, 10_000, 3000
_WORD = re.compile(r"[\w*]+")
_NUMERIC = {"number", "date", "datetime"}
_NEGATED = {"NEQ": "EQ", "NOT_IN": "IN", "NOT_CONTAINS_TOKEN": "CONTAINS_TOKEN"}
"""Operators that also find records without a value."""
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": operator.eq,
    "LT": operator.lt,
    "LTE": operator.le,
    "GT": operator.gt,
    "GTE": operator.ge,
}


def found(state: State, kind: str, asked: Body) -> tuple[list[Row], int, int]:
    """Rows of one page, where the page ends, and how many there are in all."""
    groups = [group.get("filters", []) for group in asked.get("filterGroups", [])]
    _check_size(groups, asked)
    for given in (one for group in groups for one in group):
        _check_property(kind, given.get("propertyName"))
    limit, offset = int(asked.get("limit", 10)), int(asked.get("after") or 0)
    if not 1 <= limit <= LIMIT:
        raise HubSpotError(f"limit must be between 1 and {LIMIT}")
    if offset + limit > WINDOW:
        raise HubSpotError(f"The maximum value of after plus limit is {WINDOW}")
    words = _WORD.findall(str(asked.get("query") or "").casefold())
    rows = [
        row
        for row in state.indexed(kind)
        if (not groups or any(all(_holds(kind, row, one) for one in group) for group in groups))
        and (not words or _mentions(kind, row, words))
    ]
    for sort in reversed(asked.get("sorts") or ["hs_object_id"]):
        name, is_descending = _sort(sort)
        _check_property(kind, name)
        has_value = [row for row in rows if row.properties.get(name)]
        has_none = [row for row in rows if not row.properties.get(name)]
        has_value.sort(key=partial(_key, kind, name), reverse=is_descending)
        rows = has_value + has_none
    return rows[offset : offset + limit], offset + limit, len(rows)


def matching(state: State, kind: str, conditions: list[Body]) -> list[Row]:
    """Every row that meets all conditions, in the order of ids."""
    for given in conditions:
        _check_property(kind, given.get("propertyName"))
    rows = [row for row in state.indexed(kind) if all(_holds(kind, row, one) for one in conditions)]
    return sorted(rows, key=lambda row: int(row.id))


def _check_size(groups: list[list[Body]], asked: Body) -> None:
    if len(groups) > GROUPS:
        raise HubSpotError(f"Too many filterGroups: {len(groups)}, the most is {GROUPS}")
    if any(len(group) > PER_GROUP for group in groups) or sum(map(len, groups)) > FILTERS:
        raise HubSpotError(f"Too many filters; the most is {PER_GROUP} of a group and {FILTERS} in all")
    if len(str(asked.get("query") or "")) > TEXT:
        raise HubSpotError(f"query must have at most {TEXT} characters")


def _check_property(kind: str, name: Any) -> None:
    if name not in PROPERTIES[kind]:
        raise HubSpotError(f"There was a problem with the request: property {name} does not exist")


def _sort(given: str | Body) -> tuple[str, bool]:
    if isinstance(given, str):
        return given.removeprefix("-"), given.startswith("-")
    return given["propertyName"], given.get("direction") == "DESCENDING"


def _key(kind: str, name: str, row: Row) -> Any:
    return _comparable(kind, name, row.properties[name])


def _comparable(kind: str, name: str, text: str) -> Any:
    """A value as the index compares it: numbers and times by size, text without its case."""
    match PROPERTIES[kind][name]["type"]:
        case "number":
            return Decimal(text)
        case "date" | "datetime":
            moment = moment_ms(text)
            if moment is None:
                raise HubSpotError(f"{text} is not a time")
            return moment
        case _:
            return text.casefold()


def _holds(kind: str, row: Row, given: Body) -> bool:
    name, asked = given["propertyName"], given["operator"]
    value = row.properties.get(name) or None
    if asked in {"HAS_PROPERTY", "NOT_HAS_PROPERTY"}:
        return (value is not None) is (asked == "HAS_PROPERTY")
    if asked in _NEGATED:
        return value is None or not _holds(kind, row, given | {"operator": _NEGATED[asked]})
    return value is not None and _fits(kind, name, value, given)


def _fits(kind: str, name: str, value: str, given: Body) -> bool:
    asked = given["operator"]
    if asked == "IN":
        return _is_in(kind, name, value, given.get("values") or [])
    if asked == "CONTAINS_TOKEN":
        return _has_tokens(value, str(given["value"]))
    compare = partial(_comparable, kind, name)
    own, other = compare(value), compare(str(given["value"]))
    if asked == "BETWEEN":
        return bool(other <= own <= compare(str(given["highValue"])))
    if asked not in _COMPARISONS:
        raise HubSpotError(f"Unknown operator {asked}")
    return _COMPARISONS[asked](own, other)


def _is_in(kind: str, name: str, value: str, values: list[str]) -> bool:
    definition = PROPERTIES[kind][name]
    if definition["fieldType"] == "checkbox":
        return bool(set(value.strip(";").split(";")) & set(values))
    if definition["type"] in _NUMERIC:
        return any(_comparable(kind, name, value) == _comparable(kind, name, each) for each in values)
    # The index keeps text in lower case; what is compared is taken as it is.
    return (value.lower() if definition["type"] == "string" else value) in values


def _has_tokens(value: str, pattern: str) -> bool:
    tokens = re.findall(r"\w+", value.casefold())
    return all(
        any(fnmatchcase(token, part) for token in tokens) for part in _WORD.findall(pattern.casefold())
    )


def _mentions(kind: str, row: Row, words: Iterable[str]) -> bool:
    """Whether each word begins a word of some text of the record."""
    texts = [
        value.casefold()
        for name, value in row.properties.items()
        if PROPERTIES[kind].get(name, {}).get("type") == "string"
    ]
    tokens = [token for text in texts for token in re.findall(r"\w+", text)]
    return all(any(token.startswith(word.strip("*")) for token in tokens) for word in words)
