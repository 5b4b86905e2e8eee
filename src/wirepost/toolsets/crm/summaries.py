"""Summaries: how many records there are, and figures over them, by group."""

from __future__ import annotations

from collections.abc import Sequence

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Bucket, FieldSchema, Measure
from wirepost.tools.context import Call
from wirepost.tools.results import Result
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import Condition, Figure, ObjectName
from wirepost.toolsets.crm.checking import Reader, ask, described, refusal
from wirepost.toolsets.crm.filters import filters_of

MOST_GROUPINGS = 2
MOST_FIGURES = 5

_NUMBERS = ("number", "integer")
_TEXTS = ("long_text", "html")


class Groups(Result):
    """The groups; `is_complete` is false where there are more than are shown."""

    groups: list[Bucket]
    is_complete: bool


@tool(
    Risk.READ,
    title="Summarize records (CRM)",
    example={"object": "deal", "group_by": ["stage"]},
    long_help="""
    The count of each group is always there. `measures` adds `sum`, `avg`, `min` or `max` of number fields
    where the vendor can compute them; `values` names them such as `sum_amount`. Up to two fields in
    `group_by`, up to five measures. Without `group_by` there is one group, of all records.
    """,
)
async def crm_summarize_records(
    call: Call[Crm],
    *,
    object: ObjectName,
    filters: list[Condition] | None = None,
    group_by: list[str] | None = None,
    measures: list[Figure] | None = None,
) -> Groups:
    """Count records, and sum or average their numbers, by up to two fields."""
    schema = await described(call, object)
    reader = Reader(call, schema)
    conditions = await filters_of(reader, filters)
    groupings = _groupings(reader, group_by or ())
    figures = _figures(reader, measures or ())
    reader.problems.refuse()
    summary = await ask(call, call.api.summarize(schema, conditions, group_by=groupings, measures=figures))
    return Groups(groups=summary.buckets, is_complete=summary.is_complete)


def _groupings(reader: Reader, names: Sequence[str]) -> list[str]:
    if len(names) > MOST_GROUPINGS:
        raise refusal("group_by", f"takes at most {MOST_GROUPINGS} fields")
    found = [
        (f"group_by[{index}]", reader.find(name, f"group_by[{index}]")) for index, name in enumerate(names)
    ]
    for path, field in found:
        if field is not None and (field.type in _TEXTS or not field.filterable):
            reader.problems.add(path, f"records cannot be grouped by {field.name}")
    return list(dict.fromkeys(field.name for _, field in found if field is not None))


def _figures(reader: Reader, measures: Sequence[Figure]) -> list[Measure]:
    if len(measures) > MOST_FIGURES:
        raise refusal("measures", f"takes at most {MOST_FIGURES}")
    figures = []
    for index, measure in enumerate(measures):
        path = f"measures[{index}].field"
        field = reader.find(measure.field, path) if measure.field else None
        if measure.function != "count":
            _check_number(reader, measure, field, path)
        figures.append(Measure(measure.function, field.name if field else None))
    return figures


def _check_number(reader: Reader, measure: Figure, field: FieldSchema | None, path: str) -> None:
    if not measure.field:
        reader.problems.add(path, f"is required for {measure.function}")
    elif field is not None and field.type not in _NUMBERS:
        reader.problems.add(path, f"{field.name} is {field.type}; {measure.function} needs numbers")
