"""Imports: many records written by one job."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Draft, Import, ImportOperation, ObjectSchema
from wirepost.tools.context import Call
from wirepost.tools.jobs import Started
from wirepost.tools.results import Effect, Plan
from wirepost.tools.tool import Argument, Risk, tool
from wirepost.toolsets.crm.arguments import FieldValue, ObjectName
from wirepost.toolsets.crm.checking import NAMED, ask, described, id_of, refusal, sized
from wirepost.toolsets.crm.drafts import Writer

MOST_ROWS = 50_000
SHOWN = 5
"""So many records of a plan are described one by one."""
OVERWRITES = "Values that are overwritten cannot be restored from here"
ID = "id"
"""The column of a file that holds the id of a record, in upper or lower case."""
Given = tuple[str, str | None, list[FieldValue]]
"""Where it stands, the id it names, its values."""


class ImportedRecord(Argument):
    """A record, by its id where it is to be updated without match_field."""

    id: str | None = None
    fields: list[FieldValue]


@tool(
    Risk.DESTRUCTIVE,
    title="Start an import (CRM)",
    example={
        "object": "contact",
        "operation": "create",
        "records": [
            {
                "fields": [
                    {"name": "last_name", "value": "Larsen"},
                    {"name": "email", "value": "kim.larsen@example.com"},
                ]
            }
        ],
        "intent": "contacts of the fair",
    },
    long_help="""
    For more records than crm_create_records and its siblings take. Either `records` (1 to 100) or `file_ref`:
    a file of yours (`wirepost files put`, a job's result) whose rows have the values under the names of
    fields; an empty value clears the field. `update` finds records by match_field, else by `id`; `upsert`
    needs a match_field. All rows are checked before anything is sent. job_get_result tells what became of
    each.
    """,
)
async def crm_start_import(
    call: Call[Crm],
    *,
    object: ObjectName,
    operation: ImportOperation,
    match_field: str | None = None,
    records: list[ImportedRecord] | None = None,
    file_ref: str | None = None,
) -> Started:
    """Create, update or upsert many records, as a job."""
    schema, wanted = await _wanted(
        call, object, operation, match_field=match_field, records=records, file_ref=file_ref
    )
    return await ask(call, call.api.start_import(schema, wanted, key=call.key))


@crm_start_import.plan
async def plan_import(
    call: Call[Crm],
    *,
    object: ObjectName,
    operation: ImportOperation,
    match_field: str | None = None,
    records: list[ImportedRecord] | None = None,
    file_ref: str | None = None,
) -> Plan:
    """How many records would be written and which fields of them; bound to every value."""
    schema, wanted = await _wanted(
        call, object, operation, match_field=match_field, records=records, file_ref=file_ref
    )
    names = list(dict.fromkeys(name for draft in wanted.drafts for name in draft.fields))
    by = f", found by {wanted.match_field}" if wanted.match_field else ""
    count = len(wanted.drafts)
    effects = [Effect(what=f"{operation} {_shown(draft)}") for draft in wanted.drafts[:SHOWN]]
    if count > SHOWN:
        effects.append(Effect(what=f"{operation} {count - SHOWN} more"))
    return Plan(
        summary=f"{operation.capitalize()} {count} {schema.object}{by}",
        effects=effects,
        reversible=False,
        state={"records": _digest(wanted.drafts)},
        notes=(f"Fields: {', '.join(names)}", *(() if operation == "create" else (OVERWRITES,))),
    )


@crm_start_import.reconcile
async def find_import(
    call: Call[Crm],
    *,
    object: ObjectName,
    operation: ImportOperation,
    match_field: str | None = None,
    records: list[ImportedRecord] | None = None,
    file_ref: str | None = None,
) -> Started | None:
    """The job that carries the intent."""
    schema, wanted = await _wanted(
        call, object, operation, match_field=match_field, records=records, file_ref=file_ref
    )
    return await ask(call, call.api.find_import(schema, wanted, call.dispatched_at or call.now))


async def _wanted(
    call: Call[Crm],
    object_name: str,
    operation: ImportOperation,
    *,
    match_field: str | None,
    records: Sequence[ImportedRecord] | None,
    file_ref: str | None,
) -> tuple[ObjectSchema, Import]:
    """What is to be written, wholly checked; raises `InvalidCall`."""
    if (records is None) == (file_ref is None):
        raise refusal("records", "or file_ref: exactly one of the two is needed")
    schema = await described(call, object_name)
    writer = Writer(call, schema)
    match = None if match_field is None else writer.match_field(match_field, "match_field").name
    if operation == "upsert" and match is None:
        raise refusal("match_field", "is needed, by which records are found")
    if operation == "create" and match is not None:
        raise refusal("match_field", "is for update and upsert; create finds nothing")
    given = _listed(records) if records is not None else _filed(call, file_ref or "")
    drafts = await _drafts(call, writer, given, needs_id=operation == "update" and match is None, match=match)
    return schema, Import(operation, drafts, match, f"Wirepost {call.intent or ''}".strip())


async def _listed(
    records: Sequence[ImportedRecord],
) -> AsyncIterator[Given]:
    for index, each in enumerate(sized(records, "records")):
        yield f"records[{index}]", each.id, each.fields


async def _filed(call: Call[Crm], file_ref: str) -> AsyncIterator[Given]:
    number = 0
    async for row in call.rows_of(file_ref):
        number += 1
        if number > MOST_ROWS:
            raise refusal("file_ref", f"must have at most {MOST_ROWS} rows")
        texts = {name: _text(value) for name, value in row.items()}
        named = [texts.pop(name) for name in row if name.casefold() == ID]
        fields = [FieldValue(name=name, value=text) for name, text in texts.items()]
        yield f"file_ref row {number}", named[0] if named else None, fields
    if not number:
        raise refusal("file_ref", "has no rows")


async def _drafts(
    call: Call[Crm],
    writer: Writer,
    given: AsyncIterator[Given],
    *,
    needs_id: bool,
    match: str | None,
) -> list[Draft]:
    """All records with typed values; raises `InvalidCall` with the first of what is wrong."""
    drafts: list[Draft] = []
    seen: set[str] = set()
    async for path, record_id, fields in given:
        draft = Draft(await writer.fields(fields, path), id=id_of(call, record_id or "") or None)
        if draft.id and not needs_id:
            writer.problems.add(path, f"has an {ID}; leave it out: only update without match_field reads it")
        if needs_id or match:
            key = draft.fields.get(match) if match else draft.id
            _check_key(writer, path, str(key or ""), match or ID, seen)
        if len(writer.problems.found) >= NAMED:
            break
        drafts.append(draft)
    writer.problems.refuse()
    return drafts


def _check_key(writer: Writer, path: str, key: str, name: str, seen: set[str]) -> None:
    """What finds a record is there, and finds no other row's."""
    if not key:
        writer.problems.add(path, f"must name {name}, by which the record is found")
    elif key.casefold() in seen:
        writer.problems.add(path, f"repeats the {name} of an earlier one")
    seen.add(key.casefold())


def _text(value: Any) -> str:
    """A value of a row as people write it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _shown(draft: Draft) -> str:
    values: Mapping[str, Any] = ({ID: draft.id} if draft.id else {}) | dict(draft.fields)
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _digest(drafts: Sequence[Draft]) -> str:
    sha = hashlib.sha256()
    for draft in drafts:
        sha.update(orjson.dumps([draft.id, dict(draft.fields)], option=orjson.OPT_SORT_KEYS) + b"\n")
    return sha.hexdigest()
