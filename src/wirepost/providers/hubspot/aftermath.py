"""Aftermath: what a write whose answer was lost has left behind, found by reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from wirepost.contracts.records import (
    Activity,
    Draft,
    FieldSchema,
    Filter,
    LinkTo,
    ObjectSchema,
    Query,
    Trouble,
    Written,
)
from wirepost.contracts.written import failed
from wirepost.core.errors import OutcomeUnknown
from wirepost.core.times import CLOCKS
from wirepost.providers.hubspot import activities, associations, batches
from wirepost.providers.hubspot.client import HubSpotClient, Json
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import moment_of, stored
from wirepost.providers.hubspot.records import Url, has_values
from wirepost.providers.hubspot.schemas import kind_of
from wirepost.providers.hubspot.search import search

STEP = timedelta(seconds=2)
"""How exactly it says its time."""
INDEX_LAG = timedelta(seconds=30)
"""So long a new record may be missing from searches (HubSpot speaks of a few moments)."""
LOOKED_AT = 100
PAGE, PAGES = 200, 5
"""So many records made since a lost write are looked through."""


async def find_created(
    client: HubSpotClient,
    kind: Kind,
    schema: ObjectSchema,
    drafts: Sequence[Draft],
    *,
    since: datetime,
    url: Url,
) -> list[Written] | None:
    """The records made since then with these values and links.

    They are found by a unique value at once, by search after its lag.
    """
    unique = kind.unique
    if unique is not None and all(draft.fields.get(unique) for draft in drafts):
        values = [stored(draft.fields[unique]) for draft in drafts]
        names = list(dict.fromkeys(name for draft in drafts for name in draft.fields))
        rows = await batches.read(client, kind, values, fields=names, id_field=unique)
        is_certain, start = True, _start(client, since)
        for draft, row in zip(drafts, rows, strict=True):
            if (
                row is not None
                and _is_new(row, start)
                and not await _is_made(client, kind, schema, draft, row)
            ):
                raise _another()
    else:
        rows, is_certain = await _assigned(client, kind, schema, drafts, since)
    start = _start(client, since)
    if None in rows and not is_certain:
        raise _too_early()
    if not any(row is not None and _is_new(row, start) for row in rows):
        return None
    return [_written(index, row, start, url) for index, row in enumerate(rows)]


async def find_activity(client: HubSpotClient, activity: Activity, since: datetime) -> Json | None:
    """The activity with that text and links: among those of its first record at once, else by search."""
    kind = await kind_of(client, activities.FORMS[activity.type].object)
    start = _start(client, since)
    related = await _related(client, kind, activity)
    rows, is_certain = await _since(client, kind, since) if related is None else (related, True)
    for row in rows:
        is_same = _is_new(row, start) and activities.is_same(activity, row)
        if is_same and await _is_linked(client, kind, row, activity.related):
            return row
    if not is_certain:
        raise _too_early()
    return None


async def _related(client: HubSpotClient, kind: Kind, activity: Activity) -> list[Json] | None:
    """The newest activities of a record it concerns; `None` where there is none, or too many to be sure."""
    if not activity.related:
        return None
    first = activity.related[0]
    source = await kind_of(client, first.object)
    linked = (await associations.links_of(client, source.name, [first.id], kind.name))[first.id]
    if linked.is_cut:
        return None
    # Ids grow, so the newest are the last ones.
    ids = sorted({link.id for link in linked.links}, key=lambda each: (len(each), each))[-LOOKED_AT:]
    rows = await batches.read(client, kind, ids, fields=kind.defaults)
    return [row for row in reversed(rows) if row is not None]


async def _since(
    client: HubSpotClient, kind: Kind, since: datetime, fields: Sequence[str] = ()
) -> tuple[list[Json], bool]:
    """Records made since then as the index knows them, and whether it can know all of them by now."""
    created = FieldSchema(name=kind.created, label="", type="datetime")
    after = Filter(created, "gte", (_start(client, since).isoformat(),))
    names = tuple(dict.fromkeys((*kind.defaults, *fields)))
    query = Query(names, PAGE, filters=(after,))
    rows: list[Json] = []
    for _ in range(PAGES):
        page = await search(client, kind, query)
        rows += page.rows
        if not page.has_more:
            return rows, client.upstream.clock.now() - since >= INDEX_LAG
        query = replace(query, position=page.after[-1])
    return rows, False


async def _assigned(
    client: HubSpotClient, kind: Kind, schema: ObjectSchema, drafts: Sequence[Draft], since: datetime
) -> tuple[list[Json | None], bool]:
    """For each draft a row of its own with its values and links, and whether those without have none."""
    names = [name for draft in drafts for name in draft.fields]
    rows, is_certain = await _since(client, kind, since, names)
    assigned: list[Json | None] = []
    for draft in drafts:
        for row in rows:
            if await _is_made(client, kind, schema, draft, row):
                rows.remove(row)
                assigned.append(row)
                break
        else:
            assigned.append(None)
    return assigned, is_certain


async def _is_made(client: HubSpotClient, kind: Kind, schema: ObjectSchema, draft: Draft, row: Json) -> bool:
    return has_values(row, draft, schema) and await _is_linked(client, kind, row, draft.links)


async def _is_linked(client: HubSpotClient, kind: Kind, row: Json, links: Sequence[LinkTo]) -> bool:
    """Whether a record has these links, with which it is created; HubSpot may add others."""
    for link in links:
        target = await kind_of(client, link.object)
        linked = (await associations.links_of(client, kind.name, [row["id"]], target.name))[row["id"]]
        if link.id not in {each.id for each in linked.links}:
            return False
    return True


def _start(client: HubSpotClient, since: datetime) -> datetime:
    """A moment of ours by HubSpot's clock, a little earlier to be safe."""
    said = client.upstream.said_at
    if said is None:
        return since - CLOCKS
    text, ours = said
    try:
        return since + (parsedate_to_datetime(text) - ours) - STEP
    except (ValueError, TypeError):
        return since - CLOCKS


def _is_new(row: Json, start: datetime) -> bool:
    created = moment_of(row["createdAt"])
    return created is not None and created >= start


def _written(index: int, row: Json | None, start: datetime, url: Url) -> Written:
    if row is None:
        return failed(index, Trouble(code="upstream_rejected", message="HubSpot has not created it"))
    if not _is_new(row, start):
        return failed(index, Trouble(code="conflict", message="It was there before"), row["id"])
    return Written(index=index, status="ok", id=row["id"], is_new=True, url=url(row["id"]))


def _another() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_unknown",
        "A record with this unique value was made since, but it does not have all that was given",
        hint="Look in HubSpot who made it, and use another intent to change it",
    )


def _too_early() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_unknown",
        "HubSpot's search does not show new records at once, so it cannot be known yet whether it was made",
        hint="Call again with the same intent in half a minute",
        retry_after_s=INDEX_LAG.total_seconds(),
    )
