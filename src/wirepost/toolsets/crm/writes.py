"""Records that are created, changed, or both by a unique field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Draft, ObjectSchema
from wirepost.tools.context import Call
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import ChangedRecord, Moment, NewRecord, ObjectName, WholeRecord
from wirepost.toolsets.crm.checking import ask, described, id_of, moment_of, note_repeated, sized
from wirepost.toolsets.crm.drafts import Writer, links_of
from wirepost.toolsets.crm.outcomes import Outcomes, all_done, outcomes_of


@tool(
    Risk.WRITE,
    title="Create records (CRM)",
    example={
        "object": "contact",
        "records": [
            {
                "fields": [
                    {"name": "first_name", "value": "Kim"},
                    {"name": "last_name", "value": "Larsen"},
                    {"name": "email", "value": "kim.larsen@nordlicht.example"},
                ]
            }
        ],
        "intent": "contact-kim-larsen",
    },
    long_help="""
    Values are text: numbers as `1250.5`, `true` or `false`, dates as `2026-11-25`, moments in RFC 3339,
    choices by value or label, several joined with `;`, an owner by id or e-mail. `results` tells what
    became of each record; the call fails only if every record did. `on_duplicate: skip` reports a record
    that exists already with its id instead of failing it.
    """,
)
async def crm_create_records(
    call: Call[Crm],
    *,
    object: ObjectName,
    records: list[NewRecord],
    on_duplicate: Literal["fail", "skip"] | None = None,
) -> Outcomes:
    """Create up to 100 records, with links to others; results tells of each."""
    schema = await described(call, object)
    drafts = await _new(call, schema, records)
    made = await ask(
        call, call.api.create(schema, drafts, skip_duplicates=on_duplicate == "skip", key=call.key)
    )
    return outcomes_of(made)


@crm_create_records.reconcile
async def find_created(
    call: Call[Crm],
    *,
    object: ObjectName,
    records: list[NewRecord],
    on_duplicate: Literal["fail", "skip"] | None = None,
) -> Outcomes | None:
    """The records that an earlier attempt made."""
    schema = await described(call, object)
    drafts = await _new(call, schema, records)
    found = await ask(call, call.api.find_created(schema, drafts, call.dispatched_at or call.now))
    return None if found is None else outcomes_of(found)


@tool(
    Risk.WRITE,
    title="Update records (CRM)",
    example={
        "object": "contact",
        "records": [{"id": "100001", "fields": [{"name": "phone", "value": "+49 30 1234567"}]}],
        "intent": "phone-100001",
    },
    long_help="""
    Only the named fields change; an empty value clears one. A record that was changed after
    `if_unchanged_since` (its `updated_at` when you read it) is not written and reported as `conflict`.
    """,
)
async def crm_update_records(
    call: Call[Crm],
    *,
    object: ObjectName,
    records: list[ChangedRecord],
    if_unchanged_since: Moment | None = None,
) -> Outcomes:
    """Change the named fields of up to 100 records."""
    schema = await described(call, object)
    drafts = await _changed(call, Writer(call, schema), records)
    since = moment_of(call, if_unchanged_since, "if_unchanged_since")
    return outcomes_of(await ask(call, call.api.update(schema, drafts, unchanged_since=since, key=call.key)))


@crm_update_records.reconcile
async def find_updated(
    call: Call[Crm],
    *,
    object: ObjectName,
    records: list[ChangedRecord],
    if_unchanged_since: Moment | None = None,
) -> Outcomes | None:
    """All of them, if every record has the values it should have got."""
    writer = Writer(call, await described(call, object))
    drafts = await _changed(call, writer, records)
    return await _as_wanted(call, writer, drafts, [draft.id or "" for draft in drafts], id_field=None)


@tool(
    Risk.WRITE,
    title="Create or update records (CRM)",
    example={
        "object": "contact",
        "match_field": "email",
        "records": [
            {
                "fields": [
                    {"name": "email", "value": "anna.lindqvist@example.com"},
                    {"name": "phone", "value": "+49 30 1234567"},
                ]
            }
        ],
        "intent": "phone-anna",
    },
    long_help="""
    Each record names `match_field`, a unique field, among its fields: the record with that value is
    changed, or a new one created. `is_new` in the results tells which.
    """,
)
async def crm_upsert_records(
    call: Call[Crm], *, object: ObjectName, match_field: str, records: list[WholeRecord]
) -> Outcomes:
    """Change the records whose unique match_field has the given value, or create them (up to 100)."""
    schema = await described(call, object)
    writer = Writer(call, schema)
    field = writer.match_field(match_field, "match_field").name
    drafts = await _matched(writer, records, field)
    return outcomes_of(await ask(call, call.api.upsert(schema, drafts, match_field=field, key=call.key)))


@crm_upsert_records.reconcile
async def find_upserted(
    call: Call[Crm], *, object: ObjectName, match_field: str, records: list[WholeRecord]
) -> Outcomes | None:
    """All of them, if every record is there with its values."""
    writer = Writer(call, await described(call, object))
    field = writer.match_field(match_field, "match_field").name
    drafts = await _matched(writer, records, field)
    return await _as_wanted(
        call, writer, drafts, [str(draft.fields[field]) for draft in drafts], id_field=field
    )


async def _new(call: Call[Crm], schema: ObjectSchema, records: Sequence[NewRecord]) -> list[Draft]:
    writer = Writer(call, schema)
    drafts = []
    for index, record in enumerate(sized(records, "records")):
        path = f"records[{index}]"
        fields = await writer.fields(record.fields, f"{path}.fields")
        links = await links_of(call, record.links, f"{path}.links")
        given = {name: value for name, value in fields.items() if value is not None}
        drafts.append(Draft(given, links=links))
    writer.problems.refuse()
    return drafts


async def _changed(call: Call[Crm], writer: Writer, records: Sequence[ChangedRecord]) -> list[Draft]:
    drafts = [
        Draft(await writer.fields(record.fields, f"records[{index}].fields"), id=id_of(call, record.id))
        for index, record in enumerate(sized(records, "records"))
    ]
    for index, draft in enumerate(drafts):
        if not draft.id:
            writer.problems.add(f"records[{index}].id", "must not be empty")
    note_repeated(writer.problems, [draft.id or "" for draft in drafts], "records[{}].id")
    writer.problems.refuse()
    return drafts


async def _matched(writer: Writer, records: Sequence[WholeRecord], match_field: str) -> list[Draft]:
    drafts = [
        Draft(await writer.fields(record.fields, f"records[{index}].fields"))
        for index, record in enumerate(sized(records, "records"))
    ]
    keys = [str(draft.fields.get(match_field) or "") for draft in drafts]
    for index, key in enumerate(keys):
        if not key:
            writer.problems.add(
                f"records[{index}].fields", f"must name {match_field}, by which records are found"
            )
    note_repeated(writer.problems, [key.casefold() for key in keys], "records[{}].fields")
    writer.problems.refuse()
    return drafts


async def _as_wanted(
    call: Call[Crm], writer: Writer, drafts: Sequence[Draft], ids: Sequence[str], *, id_field: str | None
) -> Outcomes | None:
    """A lost write that sets values happened if they are there; where one is not, it can be repeated."""
    names = tuple(dict.fromkeys(name for draft in drafts for name in draft.fields))
    found = await ask(call, call.api.get(writer.schema, ids, id_field=id_field, fields=names, links=()))
    present = [record for record in found if record is not None]
    if len(present) < len(drafts):
        return None
    is_done = all(writer.has_values(record, draft) for record, draft in zip(present, drafts, strict=True))
    return all_done([record.id for record in present]) if is_done else None
