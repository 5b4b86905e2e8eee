"""Finding records: by conditions, or all of them in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Query, Record
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import Condition, Moment, ObjectName
from wirepost.toolsets.crm.checking import Reader, ask, described, moment_of
from wirepost.toolsets.crm.filters import filters_of
from wirepost.toolsets.crm.values import readable


@tool(
    Risk.READ,
    title="Search records (CRM)",
    example={
        "object": "contact",
        "filters": [{"field": "email", "op": "eq", "value": "anna.lindqvist@example.com"}],
    },
    long_help="""
    Conditions are checked against the described fields: `eq`, `neq`, `in`, `not_in` for most types, `lt`
    to `between` for numbers and dates, `contains` and `starts_with` for text, `is_empty` and
    `is_not_empty` for all. `match: any` lets one condition suffice. Choices are given by value or label,
    moments in RFC 3339, as a date (the whole day in UTC) or relative such as `-7d`. `text` searches in
    the vendor's own way. `fields` names the vendor's fields to return; crm_describe_object lists them. A
    search may lag behind writes by some seconds: after a write, read by id.
    """,
)
async def crm_search_records(
    call: Call[Crm],
    *,
    object: ObjectName,
    text: str | None = None,
    filters: list[Condition] | None = None,
    match: Literal["all", "any"] | None = None,
    sort: Annotated[str | None, Field(description="A field; -field for descending")] = None,
    updated_after: Moment | None = None,
) -> Page[Record]:
    """Search records by text and conditions (all must hold, or any). fields: the vendor's."""
    schema = await described(call, object)
    reader = Reader(call, schema)
    conditions = await filters_of(reader, filters)
    order = reader.find(sort.removeprefix("-"), "sort") if sort is not None else None
    reader.problems.refuse()
    query = Query(
        fields=reader.selected(),
        limit=call.limit,
        position=call.position,
        text=text or None,
        filters=conditions,
        is_any=match == "any",
        sort=order.name if order else None,
        is_descending=sort is not None and sort.startswith("-"),
        updated_after=moment_of(call, updated_after, "updated_after"),
    )
    page = await ask(call, call.api.search(schema, query))
    return replace(page, records=readable(schema, page.records))


@tool(
    Risk.READ,
    title="List records (CRM)",
    example={"object": "deal"},
    long_help="In the order of their ids; with `updated_after` in the order of their last change.",
)
async def crm_list_records(
    call: Call[Crm], *, object: ObjectName, updated_after: Moment | None = None
) -> Page[Record]:
    """List all records, or those changed since a moment."""
    schema = await described(call, object)
    query = Query(
        fields=Reader(call, schema).selected(),
        limit=call.limit,
        position=call.position,
        updated_after=moment_of(call, updated_after, "updated_after"),
    )
    page = await ask(call, call.api.browse(schema, query))
    return replace(page, records=readable(schema, page.records))
