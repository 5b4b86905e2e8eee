"""Batches: up to 100 records in one request, and what became of each of them.

A batch may succeed in part (status 207). Every input carries a trace id, by which results and errors are told
apart: https://developers.hubspot.com/docs/api-reference/error-handling#multi-status-errors
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wirepost.contracts.records import Draft, FieldTrouble, ObjectSchema, Trouble, Written
from wirepost.contracts.written import failed
from wirepost.core.errors import OutcomeUnknown
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import stored
from wirepost.providers.hubspot.refusals import read_error

TRACE = "objectWriteTraceId"
OTHER_MAILS = "hs_additional_emails"
"""Further addresses of a contact; each of them finds it."""

Url = Callable[[str], str | None]


async def read(
    client: HubSpotClient,
    kind: Kind,
    ids: Sequence[str],
    *,
    fields: Sequence[str],
    id_field: str | None = None,
) -> list[Json | None]:
    """Rows by id, or by a unique property in any case of letters; in input order, `None` for none."""
    wanted = list(dict.fromkeys(each for each in ids if id_field is not None or is_id(each)))
    if not wanted:
        return [None] * len(ids)
    also = () if id_field is None else (id_field, OTHER_MAILS) if id_field == "email" else (id_field,)
    body: Json = {
        "inputs": [{"id": each} for each in wanted],
        "properties": list(dict.fromkeys((*fields, *also))),
        "propertiesWithHistory": [],
    }
    if id_field is not None:
        body["idProperty"] = id_field
    answer = await client.read(dated("crm/objects", kind.name, "batch", "read"), body)
    found: dict[str, Json] = {}
    for row in answer["results"]:
        for called in _called(row, id_field):
            found[called] = row
    return [found.get(each if id_field is None else each.casefold()) for each in ids]


def is_id(text: str) -> bool:
    """Whether this can be the id of a record; HubSpot refuses a whole batch for one that cannot."""
    return text.isascii() and text.isdigit()


async def create(
    client: HubSpotClient,
    kind: Kind,
    inputs: Sequence[Json],
    *,
    schema: ObjectSchema,
    url: Url,
) -> list[Written]:
    """New records; never repeated, because HubSpot would make them twice."""
    traced = [{**each, TRACE: str(index)} for index, each in enumerate(inputs)]
    answer = await client.write(
        dated("crm/objects", kind.name, "batch", "create"), {"inputs": traced}, key=None
    )
    return _outcomes(traced, answer, schema, url, is_new=True)


async def update(
    client: HubSpotClient,
    kind: Kind,
    drafts: Sequence[tuple[str, Draft]],
    *,
    schema: ObjectSchema,
    url: Url,
    key: str | None,
) -> list[Written]:
    """Change properties of records by id; the same values again change nothing."""
    inputs = [
        {"id": record_id, "properties": properties(draft), TRACE: str(index)}
        for index, (record_id, draft) in enumerate(drafts)
    ]
    answer = await client.write(
        dated("crm/objects", kind.name, "batch", "update"), {"inputs": inputs}, key=key
    )
    return _outcomes(inputs, answer, schema, url, is_new=False)


async def upsert(
    client: HubSpotClient,
    kind: Kind,
    drafts: Sequence[tuple[str, Draft]],
    *,
    match_field: str,
    schema: ObjectSchema,
    url: Url,
    key: str | None,
) -> list[Written]:
    """Change or create records by a unique property of the account; harmless to repeat."""
    inputs = [
        {"id": value, "idProperty": match_field, "properties": properties(draft), TRACE: str(index)}
        for index, (value, draft) in enumerate(drafts)
    ]
    answer = await client.write(
        dated("crm/objects", kind.name, "batch", "upsert"), {"inputs": inputs}, key=key
    )
    return _outcomes(inputs, answer, schema, url, is_new=None)


async def archive(client: HubSpotClient, kind: Kind, ids: Sequence[str], *, key: str | None) -> None:
    """Move records to the recycle bin; HubSpot says nothing about single ones."""
    body = {"inputs": [{"id": each} for each in ids]}
    await client.write(dated("crm/objects", kind.name, "batch", "archive"), body, key=key)


def properties(draft: Draft) -> dict[str, str]:
    """A draft's values as HubSpot stores them."""
    return {name: stored(value) for name, value in draft.fields.items()}


def _called(row: Json, id_field: str | None) -> list[str]:
    """Every value of the property that finds a row."""
    if id_field is None:
        return [row["id"]]
    values = [row["properties"].get(id_field)]
    if id_field == "email":
        values += (row["properties"].get(OTHER_MAILS) or "").split(";")
    return [value.casefold() for value in values if value]


def _outcomes(
    inputs: Sequence[Json], answer: Json, schema: ObjectSchema, url: Url, *, is_new: bool | None
) -> list[Written]:
    """One outcome for each input, whatever order the answer has."""
    written: dict[int, Written] = {}
    errors = [(raw, _named(raw.get("context") or {}, inputs)) for raw in answer.get("errors", [])]
    for raw, named in errors:
        written |= {index: _refused(raw, index, inputs[index], schema) for index in named}
    for row in answer.get("results", []):
        place = _place(row, inputs, written)
        if place is None:
            continue
        is_made = bool(row["new"]) if is_new is None else is_new
        written[place] = Written(
            index=place, status="ok", id=row["id"], is_new=is_made, url=row.get("url") or url(row["id"])
        )
    for raw in (raw for raw, named in errors if not named):
        # It does not say which records it is about: those that were not written.
        left = [index for index in range(len(inputs)) if index not in written]
        written |= {index: _refused(raw, index, inputs[index], schema) for index in left}
    if len(written) < len(inputs):
        raise OutcomeUnknown(
            "outcome_unknown",
            "HubSpot did not say of every record whether it was written",
            hint="Call again with the same intent, and it is looked up",
        )
    return [written[index] for index in range(len(inputs))]


def with_choices(trouble: Trouble, schema: ObjectSchema) -> Trouble:
    """The same with the allowed values of each field it names."""
    if not trouble.fields:
        return trouble

    def explained(problem: FieldTrouble) -> FieldTrouble:
        field = schema.field(problem.path)
        options = field.options if field is not None else None
        return problem.model_copy(update={"allowed": [one.value for one in options]}) if options else problem

    return trouble.model_copy(update={"fields": [explained(problem) for problem in trouble.fields]})


def _refused(raw: Json, index: int, given: Json, schema: ObjectSchema) -> Written:
    said = read_error(raw)
    return failed(index, with_choices(said.trouble, schema), said.existing_id or given.get("id"))


def _named(context: Mapping[str, Any], inputs: Sequence[Json]) -> list[int]:
    """The inputs that an error names by trace id, else by id."""
    traces = {str(value) for value in context.get(TRACE, [])}
    ids = {str(value) for name in ("ids", "id") for value in context.get(name, [])}
    return [
        index
        for index, each in enumerate(inputs)
        if each[TRACE] in traces or (not traces and each.get("id") in ids)
    ]


def _place(row: Json, inputs: Sequence[Json], taken: Mapping[int, Written]) -> int | None:
    """The input a result belongs to: by trace id, by id, or by its values."""
    free = [index for index in range(len(inputs)) if index not in taken]
    for is_meant in (_has_trace, _has_id, _has_values):
        for index in free:
            if is_meant(row, inputs[index]):
                return index
    return None


def _has_trace(row: Json, given: Json) -> bool:
    return bool(row.get(TRACE) == given[TRACE])


def _has_id(row: Json, given: Json) -> bool:
    if "idProperty" in given:
        value = row["properties"].get(given["idProperty"])
        return bool(value) and value.casefold() == given["id"].casefold()
    return bool(row["id"] == given.get("id"))


def _has_values(row: Json, given: Json) -> bool:
    """A new record; HubSpot may change the case of letters."""
    if "id" in given:
        return False
    kept = row["properties"]
    return all(
        (kept.get(name) or "").casefold() == value.casefold() for name, value in given["properties"].items()
    )
