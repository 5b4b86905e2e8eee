"""Records by id: read them, move them to the recycle bin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import Field

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import ObjectSchema, Record
from wirepost.core.errors import Rejected
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Plan, Result
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import ObjectName
from wirepost.toolsets.crm.checking import Problems, Reader, ask, described, filled, id_of, note_repeated
from wirepost.toolsets.crm.drafts import Writer
from wirepost.toolsets.crm.outcomes import Outcomes, all_done, outcomes_of
from wirepost.toolsets.crm.values import readable

SHOWN = 20
"""So many records of a plan are described one by one."""

Ids = Annotated[list[str], Field(description="Up to 100")]


class Records(Result):
    """Records that were asked for by id, in that order."""

    chooses_fields: ClassVar[bool] = True

    records: list[Record]
    missing: list[str] | None = None


@tool(
    Risk.READ,
    title="Get records (CRM)",
    example={"object": "contact", "ids": ["anna.lindqvist@example.com"], "id_field": "email"},
    long_help="""
    `id_field` names another unique field whose values `ids` are. `include_links` names objects; each
    record then comes with what it is linked to. `missing` lists ids without a record. Long texts
    are whole up to max_tokens; where more was left out, meta.truncated says so.
    """,
)
async def crm_get_records(
    call: Call[Crm],
    *,
    object: ObjectName,
    ids: Ids,
    id_field: str | None = None,
    include_links: Annotated[list[str] | None, Field(description="Objects")] = None,
) -> Records:
    """Get records by id or another unique field, with the records they are linked to."""
    schema = await described(call, object)
    unique = Writer(call, schema).match_field(id_field, "id_field").name if id_field else None
    named = filled(ids, "ids")
    wanted = list(dict.fromkeys(named if unique else (id_of(call, each) for each in named)))
    links = [(await described(call, name, "include_links")).object for name in include_links or ()]
    fields = Reader(call, schema).selected()
    found = await ask(call, call.api.get(schema, wanted, id_field=unique, fields=fields, links=links))
    missing = [each for each, record in zip(wanted, found, strict=True) if record is None]
    if len(missing) == len(wanted):
        raise _not_found(schema, missing)
    records = readable(schema, [record for record in found if record is not None])
    return Records(records=records, missing=missing or None)


@tool(
    Risk.DESTRUCTIVE,
    title="Archive records (CRM)",
    example={"object": "contact", "ids": ["100002"]},
    long_help="Records go to the vendor's recycle bin, from which people can restore them for some time.",
)
async def crm_archive_records(call: Call[Crm], *, object: ObjectName, ids: Ids) -> Outcomes:
    """Move records to the vendor's recycle bin."""
    schema = await described(call, object)
    return outcomes_of(await ask(call, call.api.archive(schema, _once(call, ids), key=call.key)), "ids")


@crm_archive_records.plan
async def plan_archive(call: Call[Crm], *, object: ObjectName, ids: Ids) -> Plan:
    """Which records would go, by id: their names are outsiders' words."""
    schema = await described(call, object)
    wanted = _once(call, ids)
    found = await _present(call, schema, wanted)
    missing = [each for each in wanted if each not in found]
    if not found:
        raise _not_found(schema, missing)
    effects = [_effect(schema, record) for record in list(found.values())[:SHOWN]]
    if rest := list(found)[SHOWN:]:
        effects.append(Effect(what=f"Archived as well: {', '.join(rest)}"))
    return Plan(
        summary=f"Archive {len(found)} {schema.object} records",
        effects=effects,
        reversible=True,
        state={each: found[each].updated_at if each in found else None for each in sorted(wanted)},
        notes=(
            "They can be restored from the vendor's recycle bin for a limited time",
            *([f"Not found: {', '.join(missing)}"] if missing else []),
        ),
    )


@crm_archive_records.reconcile
async def find_archived(call: Call[Crm], *, object: ObjectName, ids: Ids) -> Outcomes | None:
    """All of them, once none is there any more."""
    schema = await described(call, object)
    wanted = _once(call, ids)
    return None if await _present(call, schema, wanted) else all_done(wanted)


def _once(call: Call[Crm], ids: Sequence[str]) -> list[str]:
    """Ids without repetition, so that each result belongs to the id at its index."""
    named, problems = [id_of(call, each) for each in filled(ids, "ids")], Problems()
    note_repeated(problems, named, "ids[{}]")
    problems.refuse()
    return named


async def _present(call: Call[Crm], schema: ObjectSchema, ids: Sequence[str]) -> dict[str, Record]:
    """Id as it was given → record that is not archived."""
    found = await ask(call, call.api.get(schema, ids, id_field=None, fields=(), links=()))
    return {
        each: record
        for each, record in zip(ids, found, strict=True)
        if record is not None and not record.archived
    }


def _effect(schema: ObjectSchema, record: Record) -> Effect:
    place = f" ({record.url})" if record.url else ""
    changed = f"last changed {record.updated_at}" if record.updated_at else "there"
    return Effect(what=f"{schema.object} {record.id}{place}", before=changed, after="archived")


def _not_found(schema: ObjectSchema, missing: Sequence[str]) -> Rejected:
    named = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")  # noqa: PLR2004 - enough to see what is meant
    return Rejected(
        "not_found",
        f"There is no {schema.object} record {named[:200]}",
        hint="crm_search_records finds ids",
        fields=[{"path": "ids", "problem": "names no record"}],
    )
