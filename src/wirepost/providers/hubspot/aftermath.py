"""Aftermath: what a write whose answer was lost has left behind, found by reading."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from wirepost.contracts.crm import Activity, Draft, FieldSchema, Filter, ObjectSchema, Query, Trouble, Written
from wirepost.core.errors import OutcomeUnknown
from wirepost.providers.hubspot import activities, associations, batches
from wirepost.providers.hubspot.client import HubSpotClient, Json
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import moment_of, stored
from wirepost.providers.hubspot.records import Url, has_values
from wirepost.providers.hubspot.schemas import kind_of
from wirepost.providers.hubspot.search import search

CLOCKS = timedelta(seconds=60)
"""How far our clock and HubSpot's may be apart."""
INDEX_LAG = timedelta(seconds=30)
"""So long a new record may be missing from searches (HubSpot speaks of a few moments)."""
LOOKED_AT = 100


async def find_created(
    client: HubSpotClient,
    kind: Kind,
    schema: ObjectSchema,
    drafts: Sequence[Draft],
    *,
    since: datetime,
    url: Url,
) -> list[Written] | None:
    """The records made since then with these values: by a unique value at once, by search after its lag."""
    unique = kind.unique
    if unique is not None and all(draft.fields.get(unique) for draft in drafts):
        values = [stored(draft.fields[unique]) for draft in drafts]
        names = list(dict.fromkeys(name for draft in drafts for name in draft.fields))
        rows = await batches.read(client, kind, values, fields=names, id_field=unique)
        is_certain = True
    else:
        rows = await _assigned(client, kind, schema, drafts, since)
        is_certain = client.upstream.clock.now() - since >= INDEX_LAG
    made = [row if row is not None and _is_new(row, since) else None for row in rows]
    if None in made and not is_certain:
        raise _too_early()
    if not any(made):
        return None
    return [_written(index, row, url) for index, row in enumerate(made)]


async def find_activity(client: HubSpotClient, activity: Activity, since: datetime) -> Json | None:
    """The activity with that text: among those of its first related record at once, else by search."""
    kind = await kind_of(client, activities.FORMS[activity.type].object)
    rows = await _related(client, kind, activity) if activity.related else await _newest(client, kind, since)
    found = [row for row in rows if _is_new(row, since) and activities.is_same(activity, row)]
    if found:
        return found[0]
    if not activity.related and client.upstream.clock.now() - since < INDEX_LAG:
        raise _too_early()
    return None


async def _related(client: HubSpotClient, kind: Kind, activity: Activity) -> list[Json]:
    first = activity.related[0]
    source = await kind_of(client, first.object)
    linked = await associations.links_of(client, source.name, [first.id], kind.name)
    # Ids grow, so the newest are the last ones.
    ids = sorted({link.id for link in linked[first.id].links}, key=lambda each: (len(each), each))[
        -LOOKED_AT:
    ]
    rows = await batches.read(client, kind, ids, fields=kind.defaults)
    return [row for row in reversed(rows) if row is not None]


async def _newest(
    client: HubSpotClient, kind: Kind, since: datetime, fields: Sequence[str] = ()
) -> list[Json]:
    """Records made since then, newest first."""
    created = FieldSchema(name=kind.created, label="", type="datetime")
    after = Filter(created, "gte", ((since - CLOCKS).isoformat(),))
    names = tuple(dict.fromkeys((*kind.defaults, *fields)))
    query = Query(names, LOOKED_AT, filters=(after,), sort=kind.created, is_descending=True)
    return (await search(client, kind, query)).rows


async def _assigned(
    client: HubSpotClient, kind: Kind, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
) -> list[Json | None]:
    """For each draft a row with its values; no row serves two drafts."""
    names = [name for draft in drafts for name in draft.fields]
    rows = await _newest(client, kind, since, names)
    assigned: list[Json | None] = []
    for draft in drafts:
        row = next((row for row in rows if has_values(row, draft, schema)), None)
        if row is not None:
            rows.remove(row)
        assigned.append(row)
    return assigned


def _is_new(row: Json, since: datetime) -> bool:
    created = moment_of(row["createdAt"])
    return created is not None and created >= since - CLOCKS


def _written(index: int, row: Json | None, url: Url) -> Written:
    if row is None:
        return batches.failed(index, Trouble(code="upstream_rejected", message="HubSpot has not created it"))
    return Written(index=index, status="ok", id=row["id"], is_new=True, url=url(row["id"]))


def _too_early() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_unknown",
        "HubSpot's search does not show new records at once, so it cannot be known yet whether it was made",
        hint="Call again with the same intent in half a minute",
        retry_after_s=INDEX_LAG.total_seconds(),
    )
