"""Search: conditions as statements, text through Salesforce's index, and pages that can go on for ever.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_search_parameterized.htm
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from wirepost.contracts.records import FieldSchema, Query
from wirepost.core.errors import CallError, FieldProblem, InvalidCall
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.client import ROOT, Json, SalesforceClient
from wirepost.providers.salesforce.describe import Described
from wirepost.providers.salesforce.records import CHANGED, columns, typed
from wirepost.tools.results import Page

ID = "Id"
OFFSETS = 2000
"""Salesforce skips no more records than this."""
LEAST_TEXT = 2
CAPPED = "Salesforce shows about 2,000 results in this order: narrow the search, or sort by a number or date"
_RESERVED = re.compile(r"[?&|!{}\[\]()^~*:\\\"'+\-]")
"""Signs with a meaning in searches; between words they only separate.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_sosl_find.htm
"""
_COMPARABLE = frozenset({"number", "integer", "date", "datetime"})
"""Types whose order is that of `<`; texts are sorted as people do, choices as they are listed."""


@dataclass(frozen=True)
class Position:
    """Where a search goes on: behind a record in its order, or behind a number of records."""

    total: int | None = None
    skip: int = 0
    value: Any = None
    record_id: str | None = None

    def __str__(self) -> str:
        return orjson.dumps([self.total, self.skip, self.value, self.record_id]).decode()

    @classmethod
    def parse(cls, text: str | None) -> Position:
        """Read what `str` wrote."""
        return cls() if text is None else cls(*orjson.loads(text))


@dataclass(frozen=True)
class Found:
    """One page of rows; `after[i]` goes on behind row *i*."""

    rows: list[Json]
    after: list[str]
    has_more: bool
    total: int | None = None
    is_capped: bool = False

    @property
    def total_is(self) -> Literal["exact", "unknown"]:
        """What is known about the total."""
        return "unknown" if self.total is None else "exact"

    def page(self, records: Sequence[Any]) -> Page[Any]:
        """The same with the records that the rows are."""
        return Page(
            list(records), has_more=self.has_more, after=self.after, total=self.total, total_is=self.total_is
        )


async def search(client: SalesforceClient, described: Described, query: Query, *, counts: bool) -> Found:
    """One page of the records that meet the conditions; `counts` asks for the total where there is more."""
    where = conditions(described, query)
    at = Position.parse(query.position)
    if query.text:
        return await _by_text(client, described, query, where, at)
    order = _Order.of(described, query)
    names = columns(described.schema, (*query.fields, order.field.name))
    statement = soql.select(
        names,
        described.name,
        where=[*where, *order.behind(at)],
        order_by=order.by,
        limit=query.limit + 1,
    )
    if at.skip:
        statement += f" OFFSET {at.skip:d}"
    rows = await client.rows(statement)
    has_more = len(rows) > query.limit
    rows = rows[: query.limit]
    total = at.total if at.total is not None or query.position is not None else len(rows)
    if has_more and query.position is None:
        total = await _count(client, described, where) if counts else None
    after = [str(order.place(row, at.skip + index + 1, total)) for index, row in enumerate(rows)]
    is_over = has_more and order.is_counted and at.skip + len(rows) > OFFSETS
    return Found(rows, after, has_more and not is_over, total, is_over)


def conditions(described: Described, query: Query) -> list[str]:
    """What must hold for each record."""
    made = [soql.condition(each) for each in query.filters]
    if query.is_any and len(made) > 1:
        made = [soql.any_of(made)]
    if query.updated_after is not None:
        _changed(described)
        made.append(f"{CHANGED} > {soql.moment(query.updated_after)}")
    return made


def field_of(described: Described, name: str) -> FieldSchema:
    """A field of an object by its own name; raises `InvalidCall` where the user cannot see it."""
    for field in described.schema.fields:
        if field.name == name:
            return field
    problem = f"{described.name} has no field {name} that the user of this connection may see"
    raise InvalidCall("invalid_arguments", problem, fields=[FieldProblem(path="fields", problem=problem)])


@dataclass(frozen=True)
class _Order:
    """By a field and then by id, which makes it total."""

    field: FieldSchema
    id: FieldSchema
    is_descending: bool

    @classmethod
    def of(cls, described: Described, query: Query) -> _Order:
        own_id = field_of(described, ID)
        if query.sort is None:
            return cls(own_id, own_id, is_descending=False)
        return cls(field_of(described, query.sort), own_id, is_descending=query.is_descending)

    @property
    def is_counted(self) -> bool:
        """Whether pages go on by the number of records and not behind a value."""
        return self.field.type not in _COMPARABLE and self.field.name != ID

    @property
    def by(self) -> list[str]:
        direction = "DESC" if self.is_descending else "ASC"
        if self.field.name == ID:
            return [f"{ID} {direction}"]
        return [f"{self.field.name} {direction} NULLS LAST", f"{ID} ASC"]

    def behind(self, at: Position) -> list[str]:
        """The condition of everything that comes later."""
        if at.record_id is None:
            return []
        sign = "<" if self.is_descending else ">"
        own = soql.literal(at.record_id, self.id)
        if self.field.name == ID:
            return [f"{ID} {sign} {own}"]
        name, later = self.field.name, f"{ID} > {own}"
        if at.value is None:
            return [f"{name} = NULL", later]
        value = soql.literal(at.value, self.field)
        same = f"({name} = {value} AND {later})"
        return [soql.any_of([f"{name} {sign} {value}", same, f"{name} = NULL"])]

    def place(self, row: Json, seen: int, total: int | None) -> Position:
        """Behind a row."""
        if self.is_counted:
            return Position(total, seen)
        value = None if self.field.name == ID else typed(row.get(self.field.name), self.field)
        return Position(total, 0, value, row[ID])


async def _by_text(
    client: SalesforceClient, described: Described, query: Query, where: Sequence[str], at: Position
) -> Found:
    """Salesforce's index answers in its own order of relevance, always from the beginning on."""
    size = min(at.skip + query.limit + 1, OFFSETS)
    part: Json = {"name": described.name, "fields": columns(described.schema, query.fields), "limit": size}
    if where:
        part["where"] = where[0] if len(where) == 1 else " AND ".join(f"({each})" for each in where)
    if query.sort is not None:
        part["orderBy"] = ", ".join(_Order.of(described, query).by)
    body: Json = {"q": _words(query.text or ""), "in": "ALL", "sobjects": [part], "overallLimit": size}
    found: list[Json] = (await client.read(f"{ROOT}/parameterizedSearch", body))["searchRecords"]
    rows = found[at.skip :]
    has_more = len(rows) > query.limit
    rows = rows[: query.limit]
    total = len(rows) if query.position is None and not has_more else None
    after = [str(Position(total, at.skip + index + 1)) for index in range(len(rows))]
    return Found(rows, after, has_more, total, is_capped=len(found) >= OFFSETS and not has_more)


async def _count(client: SalesforceClient, described: Described, where: Sequence[str]) -> int | None:
    """How many records there are; `None` where counting them takes too long."""
    statement = soql.select(["COUNT(Id) total"], described.name, where=where)
    try:
        rows = await client.rows(statement)
    except CallError as refusal:
        if refusal.code in {"auth_expired", "quota_exhausted"}:
            raise
        return None
    return int(rows[0]["total"]) if rows else 0


def _changed(described: Described) -> None:
    if described.schema.field(CHANGED) is None:
        problem = f"{described.name} does not tell when its records were changed"
        raise InvalidCall(
            "invalid_arguments", problem, fields=[FieldProblem(path="updated_after", problem=problem)]
        )


def _words(text: str) -> str:
    words = " ".join(_RESERVED.sub(" ", text).split())
    if len(words) < LEAST_TEXT:
        problem = f"must have at least {LEAST_TEXT} letters or digits"
        raise InvalidCall(
            "invalid_arguments", f"text {problem}", fields=[FieldProblem(path="text", problem=problem)]
        )
    return words
