"""Summaries: groups and figures, which Salesforce computes itself.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_agg_functions.htm
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wirepost.contracts.records import Bucket, FieldSchema, Filter, Measure, Summary
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.client import Json, SalesforceClient
from wirepost.providers.salesforce.describe import Described
from wirepost.providers.salesforce.records import typed
from wirepost.providers.salesforce.refusals import unsupported
from wirepost.providers.salesforce.search import field_of

BUCKETS = 2000
"""Most groups of one statement."""
COUNT = "wp_count"


async def summarize(
    client: SalesforceClient,
    described: Described,
    filters: Sequence[Filter],
    *,
    group_by: Sequence[str],
    measures: Sequence[Measure],
) -> Summary:
    """Counts and figures per group, the largest groups first; raises `InvalidCall` for other fields."""
    groups = [field_of(described, name) for name in group_by]
    for field in groups:
        if field.name in described.not_grouped or field.type == "datetime":
            raise unsupported(
                f"Salesforce cannot group {described.name} by {field.name}",
                "Group by a choice, a reference, a date or yes and no",
            )
    figures = {f"wp_{index}": measure for index, measure in enumerate(measures) if measure.field}
    names = [field.name for field in groups]
    columns = [*names, f"COUNT(Id) {COUNT}"]
    columns += [_column(described, alias, measure) for alias, measure in figures.items()]
    statement = soql.select(
        columns,
        described.name,
        where=[soql.condition(each) for each in filters],
        group_by=names,
        order_by=[*names] if names else (),
        limit=BUCKETS if names else None,
    )
    rows = await client.rows(statement)
    buckets = [_bucket(row, groups, figures) for row in rows]
    return Summary(sorted(buckets, key=lambda each: -each.count), is_complete=len(rows) < BUCKETS)


def _column(described: Described, alias: str, measure: Measure) -> str:
    field = field_of(described, measure.field or "")
    if measure.function != "count" and field.type not in {"number", "integer"}:
        raise unsupported(
            f"{measure.function} needs a number, and {field.name} is {field.type}", "Name a field of numbers"
        )
    return f"{measure.function.upper()}({field.name}) {alias}"


def _bucket(row: Json, groups: Sequence[FieldSchema], figures: dict[str, Measure]) -> Bucket:
    values = {measure.name: _number(row.get(alias)) for alias, measure in figures.items()}
    group = {field.name: typed(row.get(field.name), field) for field in groups}
    return Bucket(group=group, count=int(row[COUNT]), values=values or None)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
