"""Exports: all records that meet conditions, as a job."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import ObjectSchema, Query
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import Condition, ObjectName
from wirepost.toolsets.crm.checking import Reader, ask, described
from wirepost.toolsets.crm.filters import filters_of

FieldNames = Annotated[list[str] | None, Field(description="The vendor's fields; default: the compact set")]


@tool(
    Risk.READ,
    title="Start an export (CRM)",
    example={
        "object": "deal",
        "filters": [{"field": "amount", "op": "gt", "value": "1000"}],
        "intent": "deals of the year",
    },
    long_help="""
    For more records than crm_search_records should page through. Conditions are those of crm_search_records
    and must all hold. job_get follows it, job_get_result returns the records by the vendor's field names.
    """,
)
async def crm_start_export(
    call: Call[Crm],
    *,
    object: ObjectName,
    filters: list[Condition] | None = None,
    fields: FieldNames = None,
) -> Started:
    """Export all records, or those that meet conditions, as a job."""
    schema = await described(call, object)
    query = await _query(call, schema, filters, fields)
    return await ask(call, call.api.start_export(schema, query, key=call.key))


@crm_start_export.reconcile
async def find_export(
    call: Call[Crm],
    *,
    object: ObjectName,
    filters: list[Condition] | None = None,
    fields: FieldNames = None,
) -> Started | None:
    """Never found: no CRM tells what a running export was asked for, and another one does no harm."""
    return None


async def _query(
    call: Call[Crm], schema: ObjectSchema, filters: list[Condition] | None, fields: list[str] | None
) -> Query:
    reader = Reader(call, schema)
    named = [reader.find(name, f"fields[{index}]") for index, name in enumerate(fields or ())]
    conditions = await filters_of(reader, filters)
    reader.problems.refuse()
    chosen = tuple(dict.fromkeys(field.name for field in named if field)) or tuple(schema.defaults)
    return Query(fields=chosen, limit=0, filters=conditions)
