"""Writes: many records in one request, with an outcome for each.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/
resources_composite_sobjects_collections.htm
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from wirepost.contracts.records import Draft, ObjectSchema, Trouble, Written
from wirepost.contracts.written import failed
from wirepost.core.errors import OutcomeUnknown, Rejected
from wirepost.providers.salesforce.client import Json, SalesforceClient, collection, sobject
from wirepost.providers.salesforce.records import Url
from wirepost.providers.salesforce.refusals import DELETED, read_errors

GONE = Trouble(code="not_found", message="Salesforce has no such record")
NO_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=false"}
"""https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_duplicaterules.htm"""


async def create(
    client: SalesforceClient, schema: ObjectSchema, bodies: Sequence[Json], *, url: Url
) -> list[Written]:
    """New records; never repeated."""
    results = await client.write(
        "POST", collection(), _records(schema, bodies), key=None, headers=NO_DUPLICATES
    )
    return _outcomes(results, len(bodies), schema, url=url, is_new=True)


async def update(
    client: SalesforceClient,
    schema: ObjectSchema,
    bodies: Sequence[tuple[str, Json]],
    *,
    url: Url,
    key: str | None,
) -> list[Written]:
    """Change records by id; the same values again change nothing."""
    records = [{"id": record_id, **body} for record_id, body in bodies]
    results = await client.write("PATCH", collection(), _records(schema, records), key=key)
    named = [record_id for record_id, _ in bodies]
    return _outcomes(results, len(bodies), schema, url=url, is_new=False, ids=named)


async def update_unchanged(
    client: SalesforceClient,
    schema: ObjectSchema,
    record_id: str,
    body: Json,
    *,
    since: datetime,
    url: Url,
    key: str | None,
) -> Written:
    """Change one record if nobody has changed it since; raises `Rejected` (`conflict`) otherwise.

    https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_conditional.htm
    """
    headers = {"If-Unmodified-Since": format_datetime(since, usegmt=True)}
    path = sobject(schema.object, record_id)
    try:
        await client.write("PATCH", path, body, key=key, headers=headers)
    except Rejected as refusal:
        raise with_choices(refusal, schema) from None
    return Written(index=0, status="ok", id=record_id, is_new=False, url=url(record_id))


async def upsert(
    client: SalesforceClient,
    schema: ObjectSchema,
    bodies: Sequence[Json],
    *,
    match_field: str,
    url: Url,
    key: str | None,
) -> list[Written]:
    """Change or create records by an external id; harmless to repeat."""
    path = collection(schema.object, match_field)
    results = await client.write("PATCH", path, _records(schema, bodies), key=key, headers=NO_DUPLICATES)
    return _outcomes(results, len(bodies), schema, url=url, is_new=None)


async def delete(
    client: SalesforceClient, schema: ObjectSchema, ids: Sequence[str], *, key: str | None
) -> list[Written]:
    """Move records to the recycle bin; one that is there already stays there."""
    query = {"ids": ",".join(ids), "allOrNone": "false"}
    results = await client.write("DELETE", collection(), key=key, query=query)
    rows = [
        {"success": True, "id": record_id} if _is_deleted(row) else row
        for row, record_id in zip(_complete(results, len(ids)), ids, strict=True)
    ]
    return _outcomes(rows, len(ids), schema, url=_nowhere, is_new=None, ids=ids)


def body_of(draft: Draft) -> Json:
    """A draft's values as Salesforce takes them; `null` empties a field."""
    return dict(draft.fields)


def with_choices(refusal: Rejected, schema: ObjectSchema) -> Rejected:
    """The same with the allowed values of each field it names."""
    for problem in refusal.fields:
        field = schema.field(problem["path"])
        if field is not None and field.options:
            problem["allowed"] = [option.value for option in field.options]
    return refusal


def _records(schema: ObjectSchema, bodies: Iterable[Json]) -> Json:
    records = [{"attributes": {"type": schema.object}, **body} for body in bodies]
    return {"allOrNone": False, "records": records}


def _outcomes(
    results: Any,
    size: int,
    schema: ObjectSchema,
    *,
    url: Url,
    is_new: bool | None,
    ids: Sequence[str] | None = None,
) -> list[Written]:
    """One outcome for each record: Salesforce answers in the order of the request."""
    written = []
    for index, row in enumerate(_complete(results, size)):
        named = ids[index] if ids else None
        if row.get("success"):
            record_id = row.get("id") or named
            made = bool(row["created"]) if is_new is None and "created" in row else is_new
            shown = url(record_id) if record_id else None
            written.append(Written(index=index, status="ok", id=record_id, is_new=made, url=shown))
        else:
            said = read_errors(row.get("errors"), schema=schema)
            written.append(failed(index, said.trouble, said.existing_id or named))
    return written


def _complete(results: Any, size: int) -> list[Json]:
    if isinstance(results, list) and len(results) == size and all(isinstance(row, dict) for row in results):
        return results
    raise OutcomeUnknown(
        "outcome_unknown",
        "Salesforce did not say of every record whether it was written",
        hint="Call again with the same intent, and it is looked up",
    )


def _is_deleted(row: Json) -> bool:
    return not row.get("success") and read_errors(row.get("errors")).provider_code == DELETED


def _nowhere(record_id: str) -> str | None:
    del record_id
    return None
