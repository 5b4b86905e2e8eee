"""Summaries: counts per group, from the totals of one search for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import product
from math import prod

from wirepost.contracts.records import Bucket, FieldSchema, Filter, Measure, Owner, Summary, Value
from wirepost.providers.hubspot.client import HubSpotClient, gathered
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.refusals import unsupported
from wirepost.providers.hubspot.search import condition, count

BUCKETS = 25
"""Most groups: each costs a search, of which HubSpot allows a few each second."""

Owners = Callable[[], Awaitable[list[Owner]]]


async def summarize(
    client: HubSpotClient,
    kind: Kind,
    filters: Sequence[Filter],
    *,
    groups: Sequence[FieldSchema],
    measures: Sequence[Measure],
    owners: Owners,
) -> Summary:
    """Count records per group; raises `InvalidCall` for other figures and for fields without few values."""
    other = next((measure.function for measure in measures if measure.function != "count"), None)
    if other is not None:
        raise unsupported(
            f"HubSpot counts records but has no {other}",
            "Ask for count only, or read the records and add up their values",
        )
    values = [await _values(field, filters, owners) for field in groups]
    if prod(map(len, values)) > BUCKETS:
        raise unsupported(
            f"These groups are more than {BUCKETS}, and each is a search of its own in HubSpot",
            "Group by one field, or filter it to fewer values with op in",
        )
    fixed = [condition(each) for each in filters]
    chosen = list(product(*values))
    totals = await gathered(
        count(client, kind, [*fixed, *(condition(_only(*pair)) for pair in zip(groups, each, strict=True))])
        for each in chosen
    )
    names = [field.name for field in groups]
    return Summary(
        [
            Bucket(group=dict(zip(names, each, strict=True)), count=total)
            for each, total in zip(chosen, totals, strict=True)
            if total or not groups
        ]
    )


async def _values(field: FieldSchema, filters: Sequence[Filter], owners: Owners) -> list[Value]:
    """Every value a field can have, `None` for no value; fewer where the filters leave fewer."""
    for given in filters:
        if given.field.name == field.name and given.op in {"eq", "in"}:
            return list(dict.fromkeys(given.values))
    if field.type == "boolean":
        return [True, False, None]
    if field.type == "choice" and field.options:
        return [*(option.value for option in field.options), None]
    if field.type == "reference" and field.references == ["owner"]:
        return [*(owner.id for owner in await owners()), None]
    raise unsupported(
        f"HubSpot cannot group by {field.name}: it is no choice, yes or no, or owner",
        "Group by such a field, or filter this one to some values with op in",
    )


def _only(field: FieldSchema, value: Value) -> Filter:
    return Filter(field, "is_empty") if value is None else Filter(field, "eq", (value,))
