"""Links between records: list, make, remove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Link, ObjectSchema
from wirepost.core.errors import Rejected
from wirepost.tools.context import Call
from wirepost.tools.results import Effect, Page, Plan
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import ObjectName, Pair
from wirepost.toolsets.crm.checking import Problems, ask, described, id_of, note_repeated, refusal, sized
from wirepost.toolsets.crm.outcomes import Outcomes, all_done, outcomes_of

SHOWN = 20
"""So many links of a plan are described one by one."""

OtherObject = str
Pairs = Annotated[list[Pair], Field(description="Up to 100")]


@tool(
    Risk.READ,
    title="List links (CRM)",
    example={"object": "contact", "id": "100001", "to_object": "deal"},
    long_help="`label` keeps links of that kind only; crm_describe_object lists the kinds.",
)
async def crm_list_links(
    call: Call[Crm], *, object: ObjectName, id: str, to_object: OtherObject, label: str | None = None
) -> Page[Link]:
    """List the records of one object that a record is linked to."""
    schema, to = await described(call, object), await described(call, to_object, "to_object")
    kind = _label(schema, to, label)
    page = await ask(
        call, call.api.links(schema, id_of(call, id), to, limit=call.limit, position=call.position)
    )
    return page if kind is None else _only(page, kind)


@tool(
    Risk.WRITE,
    title="Link records (CRM)",
    example={
        "from_object": "contact",
        "to_object": "company",
        "pairs": [{"from_id": "100001", "to_id": "200001"}],
        "intent": "link-100001-200001",
    },
    long_help="`label` names the kind of link; crm_describe_object lists the kinds.",
)
async def crm_link_records(
    call: Call[Crm],
    *,
    from_object: ObjectName,
    to_object: OtherObject,
    pairs: Pairs,
    label: str | None = None,
) -> Outcomes:
    """Link records of two objects, pair by pair; what is linked stays linked."""
    asked = await _asked(call, from_object, to_object, pairs, label)
    done = call.api.link(asked.schema, asked.to, asked.pairs, label=asked.label, key=call.key)
    return outcomes_of(await ask(call, done), "pairs")


@crm_link_records.reconcile
async def find_linked(
    call: Call[Crm],
    *,
    from_object: ObjectName,
    to_object: OtherObject,
    pairs: Pairs,
    label: str | None = None,
) -> Outcomes | None:
    """All of them, if every pair is linked."""
    asked = await _asked(call, from_object, to_object, pairs, label)
    linked = await _linked(call, asked)
    return (
        all_done([to_id for _, to_id in asked.pairs]) if all(pair in linked for pair in asked.pairs) else None
    )


@tool(
    Risk.DESTRUCTIVE,
    title="Unlink records (CRM)",
    example={
        "from_object": "contact",
        "to_object": "company",
        "pairs": [{"from_id": "100025", "to_id": "200008"}],
    },
    long_help="With `label` only links of that kind are removed. The records themselves stay.",
)
async def crm_unlink_records(
    call: Call[Crm],
    *,
    from_object: ObjectName,
    to_object: OtherObject,
    pairs: Pairs,
    label: str | None = None,
) -> Outcomes:
    """Remove links between records of two objects, pair by pair."""
    asked = await _asked(call, from_object, to_object, pairs, label)
    done = call.api.unlink(asked.schema, asked.to, asked.pairs, label=asked.label, key=call.key)
    return outcomes_of(await ask(call, done), "pairs")


@crm_unlink_records.plan
async def plan_unlink(
    call: Call[Crm],
    *,
    from_object: ObjectName,
    to_object: OtherObject,
    pairs: Pairs,
    label: str | None = None,
) -> Plan:
    """Which links would go."""
    asked = await _asked(call, from_object, to_object, pairs, label)
    linked = await _linked(call, asked)
    going = [pair for pair in asked.pairs if pair in linked]
    if not going:
        raise Rejected(
            "not_found", "None of the pairs is linked", fields=[{"path": "pairs", "problem": "no link"}]
        )
    names = [f"{asked.schema.object} {from_id} – {asked.to.object} {to_id}" for from_id, to_id in going]
    effects = [
        Effect(what=name, before=", ".join(linked[pair]) or "linked", after=asked.after)
        for name, pair in list(zip(names, going, strict=True))[:SHOWN]
    ]
    if rest := names[SHOWN:]:
        effects.append(Effect(what=f"Unlinked as well: {'; '.join(rest)}"))
    missing = [f"{from_id} – {to_id}" for from_id, to_id in asked.pairs if (from_id, to_id) not in linked]
    return Plan(
        summary=f"Remove {len(going)} links from {asked.schema.object} to {asked.to.object}",
        effects=effects,
        reversible=True,
        state=[[*pair, *linked[pair]] for pair in sorted(going)],
        notes=(f"Not linked: {'; '.join(missing)}",) if missing else (),
    )


@crm_unlink_records.reconcile
async def find_unlinked(
    call: Call[Crm],
    *,
    from_object: ObjectName,
    to_object: OtherObject,
    pairs: Pairs,
    label: str | None = None,
) -> Outcomes | None:
    """All of them, once no pair is linked any more."""
    asked = await _asked(call, from_object, to_object, pairs, label)
    linked = await _linked(call, asked)
    return None if any(pair in linked for pair in asked.pairs) else all_done([to for _, to in asked.pairs])


@dataclass(frozen=True)
class _Asked:
    """Pairs of two described objects, and the kind of link."""

    schema: ObjectSchema
    to: ObjectSchema
    pairs: list[tuple[str, str]]
    label: str | None

    @property
    def after(self) -> str:
        """What a removed link leaves."""
        return f"no longer {self.label}" if self.label else "not linked"


async def _asked(
    call: Call[Crm], from_object: str, to_object: str, pairs: Sequence[Pair], label: str | None
) -> _Asked:
    schema = await described(call, from_object, "from_object")
    to = await described(call, to_object, "to_object")
    named = [(id_of(call, pair.from_id), id_of(call, pair.to_id)) for pair in sized(pairs, "pairs")]
    if not all(from_id and to_id for from_id, to_id in named):
        raise refusal("pairs", "must not contain an empty id")
    problems = Problems()
    note_repeated(problems, named, "pairs[{}]")
    problems.refuse()
    return _Asked(schema, to, named, _label(schema, to, label))


def _label(schema: ObjectSchema, to: ObjectSchema, label: str | None) -> str | None:
    """The kind of link in the vendor's spelling; raises `InvalidCall` for one that is not described."""
    if label is None:
        return None
    kinds = [kind for kind in schema.links or () if kind.to_object == to.object]
    known = [name for kind in kinds for name in kind.labels or ()]
    found = [name for name in known if name.casefold() == label.casefold()]
    if known and not found:
        raise refusal("label", f"is no kind of link from {schema.object} to {to.object}", known)
    return found[0] if found else label


async def _linked(call: Call[Crm], asked: _Asked) -> dict[tuple[str, str], list[str]]:
    """Pairs that are linked (in the way asked for) → labels of the link."""
    sources = list(dict.fromkeys(from_id for from_id, _ in asked.pairs))
    found = await ask(
        call, call.api.get(asked.schema, sources, id_field=None, fields=(), links=(asked.to.object,))
    )
    return {
        (source, link.id): sorted(link.labels or ())
        for source, record in zip(sources, found, strict=True)
        if record is not None
        for link in (record.links or {}).get(asked.to.object, ())
        if asked.label is None or asked.label in (link.labels or ())
    }


def _only(page: Page[Link], label: str) -> Page[Link]:
    """The links of one kind; how many there are in all is not known then."""
    kept = [index for index, link in enumerate(page.records) if label in (link.labels or ())]
    end = page.after[-1] if page.after else page.next
    after = [page.after[index] for index in kept] if page.after else None
    if after and end:
        after[-1] = end
    return Page(
        [page.records[index] for index in kept],
        has_more=page.has_more,
        after=after or None,
        next=end,
    )
