"""Search: filters in HubSpot's operators, and pages that go on past the 10,000 results of one search.

https://developers.hubspot.com/docs/api-reference/search/guide
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from wirepost.contracts.records import Filter, Query
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.providers.hubspot.client import SEARCH, HubSpotClient, Json, dated
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import epoch_ms, moment_of, sought
from wirepost.providers.hubspot.refusals import unsupported

GROUPS, PER_GROUP, FILTERS = 5, 6, 18
"""Most filter groups, filters of one group, and filters in all."""
WINDOW = 10_000
"""HubSpot shows no result behind this one."""
MAX_TEXT = 3000
ID = "hs_object_id"
WORDWISE = (
    "HubSpot compares {fields} word by word: contains finds parts of words, starts_with their beginnings, "
    "and punctuation divides words"
)
CAPPED = "HubSpot shows no more than 10,000 results of this search: narrow it, or leave out sort"

_OPERATORS = {
    "eq": "EQ",
    "neq": "NEQ",
    "lt": "LT",
    "lte": "LTE",
    "gt": "GT",
    "gte": "GTE",
    "is_empty": "NOT_HAS_PROPERTY",
    "is_not_empty": "HAS_PROPERTY",
}
_TEXT_TYPES = frozenset({"text", "long_text", "html"})


@dataclass(frozen=True)
class Position:
    """Where a search goes on: behind `offset` results of the slice that begins at `bound`.

    `before` counts the results of earlier slices.
    """

    offset: int = 0
    before: int = 0
    bound: str | None = None

    def __str__(self) -> str:
        return f"{self.offset}.{self.before}.{self.bound or ''}"

    @classmethod
    def parse(cls, text: str | None) -> Position:
        """Read what `str` wrote."""
        if text is None:
            return cls()
        offset, before, bound = text.split(".", 2)
        return cls(int(offset), int(before), bound or None)


@dataclass(frozen=True)
class Found:
    """One page of rows; `after[i]` goes on behind row *i*."""

    rows: list[Json]
    after: list[str]
    has_more: bool
    total: int
    total_is: Literal["exact", "at_least"]


def condition(given: Filter) -> Json:
    """One filter in HubSpot's form."""
    values = [sought(value, given.field) for value in given.values]
    return {"propertyName": given.field.name, **_compared(given, values)}


def _compared(given: Filter, values: list[str]) -> Json:
    has_any = given.op == "contains" and given.field.type == "choices"
    if given.op in {"in", "not_in"} or has_any:
        if given.field.type in _TEXT_TYPES:
            # The index keeps text in lower case, and these two operators do not lower what is compared.
            values = [value.lower() for value in values]
        return {"operator": "IN" if has_any else given.op.upper(), "values": values}
    if given.op == "between":
        return {"operator": "BETWEEN", "value": values[0], "highValue": values[1]}
    if given.op in {"contains", "starts_with"}:
        start = "*" if given.op == "contains" else ""
        return {"operator": "CONTAINS_TOKEN", "value": f"{start}{_token(values[0])}*"}
    made = {"operator": _OPERATORS[given.op]}
    return made | {"value": values[0]} if values else made


def groups(conditions: Sequence[Json], *, is_any: bool, also: Sequence[Json] = ()) -> list[Json]:
    """Filter groups: all conditions in one, or one for each; `also` holds in every group.

    Raises `InvalidCall` for more than HubSpot takes.
    """
    parts = [[each] for each in conditions] if is_any and conditions else [list(conditions)]
    made = [[*part, *also] for part in parts if part or also]
    if len(made) > GROUPS:
        raise unsupported(
            f"HubSpot takes at most {GROUPS} alternatives in one search",
            "Use one condition with op in for several values of a field, or search several times",
        )
    if any(len(part) > PER_GROUP for part in made) or sum(map(len, made)) > FILTERS:
        raise unsupported(
            f"HubSpot takes at most {PER_GROUP} conditions that must all hold", "Leave out conditions"
        )
    return [{"filters": part} for part in made]


def token_warning(filters: Sequence[Filter]) -> str | None:
    """What to say about conditions that HubSpot compares by words."""
    named = [
        given.field.name
        for given in filters
        if given.op in {"contains", "starts_with"} and given.field.type != "choices"
    ]
    return WORDWISE.format(fields=", ".join(dict.fromkeys(named))) if named else None


async def search(
    client: HubSpotClient, kind: Kind, query: Query, warn: Callable[[str], None] = lambda _: None
) -> Found:
    """One page of a search. Without a sort it is in the order of ids, which allows to go on without end."""
    order = _Order(query.sort or ID, is_descending=query.is_descending and query.sort is not None)
    at = Position.parse(query.position)
    also = [] if query.updated_after is None else [_since(kind, query)]
    if at.bound is not None:
        also.append(order.from_bound(at.bound))
    size = min(query.limit, WINDOW - at.offset)
    body: Json = {
        "filterGroups": groups([condition(each) for each in query.filters], is_any=query.is_any, also=also),
        "sorts": [order.shown],
        "properties": list(dict.fromkeys((*query.fields, order.name))),
        "limit": size,
        "after": str(at.offset),
    }
    if query.text:
        body["query"] = _query_text(query.text)
    found = await client.read(dated("crm/objects", kind.name, "search"), body, quota=SEARCH)
    rows: list[Json] = found["results"]
    total = at.before + int(found["total"])
    has_more = at.before + at.offset + len(rows) < total and bool(rows)
    after = [str(Position(at.offset + index + 1, at.before, at.bound)) for index in range(len(rows))]
    if has_more and at.offset + len(rows) >= WINDOW:
        following = _next_slice(order, kind, at, rows, has_room=_has_room(body, at))
        if following is None:
            warn(CAPPED)
            has_more = False
        else:
            after[-1] = str(following)
    return Found(rows, after, has_more, total, "at_least" if total > WINDOW else "exact")


async def count(client: HubSpotClient, kind: Kind, conditions: Sequence[Json]) -> int:
    """How many records meet all conditions."""
    body: Json = {
        "filterGroups": groups(conditions, is_any=False),
        "properties": [ID],
        "limit": 1,
        "after": "0",
    }
    return int((await client.read(dated("crm/objects", kind.name, "search"), body, quota=SEARCH))["total"])


@dataclass(frozen=True)
class _Order:
    """The one property by which a search is sorted."""

    name: str
    is_descending: bool

    @property
    def shown(self) -> str:
        return f"-{self.name}" if self.is_descending else self.name

    def from_bound(self, bound: str) -> Json:
        operator = "LTE" if self.is_descending else "GTE"
        return {"propertyName": self.name, "operator": operator, "value": bound}

    def value(self, row: Json) -> str | None:
        """The row's value as a bound of a filter."""
        value = row["id"] if self.name == ID else row["properties"].get(self.name)
        moment = moment_of(value) if value and self.name != ID else None
        return value if moment is None else str(epoch_ms(moment))


def _next_slice(
    order: _Order, kind: Kind, at: Position, rows: list[Json], *, has_room: bool
) -> Position | None:
    """The slice that begins at the last row, behind the rows that share its value.

    Only a property that every record has leads on; and where a whole page shares one value, nothing does.
    """
    if not has_room or order.name not in {ID, kind.created, kind.modified}:
        return None
    bound = order.value(rows[-1])
    same = sum(1 for row in rows if order.value(row) == bound)
    if bound is None or (same == len(rows) and order.name != ID):
        return None
    return Position(same, at.before + WINDOW - same, bound)


def _has_room(body: Json, at: Position) -> bool:
    """Whether the bound of another slice fits into each group."""
    if at.bound is not None:
        return True
    parts = [len(group["filters"]) for group in body["filterGroups"]]
    return all(size < PER_GROUP for size in parts) and sum(parts) + len(parts) <= FILTERS


def _since(kind: Kind, query: Query) -> Json:
    assert query.updated_after is not None  # noqa: S101 - asked by the caller
    return {"propertyName": kind.modified, "operator": "GT", "value": str(epoch_ms(query.updated_after))}


def _token(text: Any) -> str:
    """Stars are wildcards and cannot be escaped."""
    return " ".join(str(text).replace("*", " ").split())


def _query_text(text: str) -> str:
    if len(text) > MAX_TEXT:
        problem = f"must have at most {MAX_TEXT} characters"
        fields = [FieldProblem(path="text", problem=problem)]
        raise InvalidCall("invalid_arguments", f"text {problem}", fields=fields)
    return text
