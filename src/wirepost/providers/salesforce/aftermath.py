"""Aftermath: what a write whose answer was lost has left behind, found by reading.

Statements see every record at once, so what they do not find was not made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from wirepost.contracts.records import Activity, Draft, ObjectSchema, Trouble, Written
from wirepost.contracts.written import failed
from wirepost.core.errors import OutcomeUnknown
from wirepost.core.times import CLOCKS
from wirepost.providers.salesforce import activities, ids, soql
from wirepost.providers.salesforce.client import Json, SalesforceClient
from wirepost.providers.salesforce.describe import Described, describe
from wirepost.providers.salesforce.records import CREATED, CREATOR, Url, columns, has_values, says_more

STEP = timedelta(seconds=2)
"""How exactly it says its time."""
LOOKED_AT = 2000
"""So many records made since a lost write are looked through."""
HOLDERS = ("005", "00D", "058")
"""Ids of users, of the organisation and of libraries, which hold a note without its being about them."""
NOT_MADE = Trouble(code="upstream_rejected", message="Salesforce has not created it")


async def find_created(
    client: SalesforceClient, described: Described, drafts: Sequence[Draft], *, since: datetime, url: Url
) -> list[Written] | None:
    """The records that this user has made since then with these values; raises where another may have them.

    The drafts' links are among their fields, as far as a record is created with them.
    """
    names = [name for draft in drafts for name in draft.fields]
    rows = await _since(client, described, [*names, CREATOR, *described.schema.defaults], since)
    is_certain = len(rows) < LOOKED_AT
    made = _assigned(await _of_user(client, described, rows, drafts), drafts, described.schema)
    if None in made and not is_certain:
        raise _too_many()
    if not any(made):
        return None
    return [_written(index, row, url) for index, row in enumerate(made)]


async def _of_user(
    client: SalesforceClient, described: Described, rows: Sequence[Json], drafts: Sequence[Draft]
) -> list[Json]:
    """The rows with the values of a draft, without those that say that another user made them."""
    found = [row for row in rows if any(has_values(row, draft, described.schema) for draft in drafts)]
    user = (await client.who()).get("user_id") if found else None
    if user is None:
        return found
    return [row for row in found if ids.same_id(row.get(CREATOR) or user, user)]


def _assigned(rows: list[Json], drafts: Sequence[Draft], schema: ObjectSchema) -> list[Json | None]:
    """For each draft a row with its values and no more; no row serves two."""
    assigned: list[Json | None] = []
    for draft in drafts:
        same = (row for row in rows if has_values(row, draft, schema) and not says_more(row, draft, schema))
        row = next(same, None)
        if row is not None:
            rows.remove(row)
        assigned.append(row)
    missing = [draft for draft, row in zip(drafts, assigned, strict=True) if row is None]
    if any(has_values(row, draft, schema) for draft in missing for row in rows):
        raise _unsure()
    return assigned


async def find_activity(client: SalesforceClient, activity: Activity, since: datetime) -> Json | None:
    """The activity with that text on the same records, of those made since then; their ids are canonical."""
    described = await describe(client, activities.FORMS[activity.type].object)
    names = [*activities.read_back(activity), *activities.ENDS, *described.schema.defaults]
    rows = await _since(client, described, names, since)
    for row in rows:
        if activities.is_same(activity, row) and await _is_on(client, activity, row):
            return row
    if len(rows) >= LOOKED_AT:
        raise _too_many()
    return None


async def _is_on(client: SalesforceClient, activity: Activity, row: Json) -> bool:
    """Whether an activity stands on the records asked for; those of a note are links of their own."""
    if activity.type != "note":
        return activities.is_concerned(activity, row)
    where = [f"ContentDocumentId = {soql.text(row['Id'])}"]
    statement = soql.select(
        ["LinkedEntityId"], "ContentDocumentLink", where=where, order_by=["Id"], limit=LOOKED_AT
    )
    linked = {ids.canonical(link["LinkedEntityId"]) for link in await client.rows(statement)}
    asked = {each.id for each in activity.related}
    return asked <= linked and all(each.startswith(HOLDERS) for each in linked - asked)


async def _since(
    client: SalesforceClient, described: Described, names: Sequence[str], since: datetime
) -> list[Json]:
    where = [f"{CREATED} >= {soql.moment(start_of(client, since))}"]
    statement = soql.select(
        columns(described.schema, names), described.name, where=where, order_by=["Id"], limit=LOOKED_AT
    )
    return await client.rows(statement)


def start_of(client: SalesforceClient, since: datetime) -> datetime:
    """A moment of ours by Salesforce's clock, a little earlier to be safe."""
    said = client.upstream.said_at
    if said is None:
        return since - CLOCKS
    text, ours = said
    try:
        return since + (parsedate_to_datetime(text) - ours) - STEP
    except (ValueError, TypeError):
        return since - CLOCKS


def _written(index: int, row: Json | None, url: Url) -> Written:
    if row is None:
        return failed(index, NOT_MADE)
    return Written(index=index, status="ok", id=row["Id"], is_new=True, url=url(row["Id"]))


def _unsure() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_unknown",
        "A record with these values was made since, but it has others besides, so it may be another one",
        hint="Look in Salesforce whether it was made, and use another intent to make it",
    )


def _too_many() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_unknown",
        f"More than {LOOKED_AT} records were made since, and the first ones do not have these values",
        hint="Look in Salesforce whether it was made, and use another intent to make it",
    )
