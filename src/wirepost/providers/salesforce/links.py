"""Links: lookups of either side, and records of objects that only link two others.

A lookup holds one id, so a record has one such link at most; the other side has any number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wirepost.contracts.records import LINKS, Link, LinkTo, Trouble, Written
from wirepost.contracts.written import failed
from wirepost.core.errors import FieldProblem, InvalidCall, Rejected
from wirepost.providers.salesforce import ids, soql, writes
from wirepost.providers.salesforce.client import Json, SalesforceClient
from wirepost.providers.salesforce.describe import Child, Described, describe
from wirepost.providers.salesforce.kinds import JUNCTIONS, NOTE
from wirepost.providers.salesforce.refusals import NO_SUCH_OBJECT, hidden
from wirepost.tools.results import Page

ID = "Id"
MOST = 10_000
"""Most links that are read at once."""
SET = 100


@dataclass(frozen=True)
class Relation:
    """Where links of one kind are kept: in rows of `table`, with an id of each end."""

    table: str
    source: str
    target: str
    label: str | None = None
    """What this kind is called, where there are several."""
    label_field: str | None = None
    """The column that tells the label of each link."""
    where: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def is_junction(self) -> bool:
        """Whether a link is a record of its own."""
        return ID not in (self.source, self.target)

    @property
    def pointer(self) -> str:
        """The field that is set to link two records."""
        return self.target if self.source == ID else self.source

    @property
    def filled(self) -> tuple[str, ...]:
        """The condition of a link being there at all."""
        return () if self.is_junction else (f"{soql.path(self.pointer)} != NULL",)


def relation(source: Described, target: Described, label: str | None = None) -> Relation:
    """How two objects are linked; raises `InvalidCall` where they are not, or not under this label."""
    junction = _junction(source, target)
    if junction is not None:
        return junction
    ways = [*_lookups(source, target), *_children(source, target)]
    if not ways:
        ways = _custom_junctions(source, target)
    if label is None and ways:
        return ways[0]
    wanted = label.casefold() if label else ""
    for way in ways:
        if way.label is not None and way.label.casefold() == wanted:
            return way
    allowed = [way.label for way in ways if way.label]
    between = f"{source.name} and {target.name}"
    problem = f"is no kind of link between {between}" if ways else f"Salesforce has no link between {between}"
    fields = [FieldProblem(path="label", problem=problem, allowed=allowed)]
    raise InvalidCall("invalid_arguments", f"label {problem}" if ways else problem, fields=fields)


async def page_of_links(
    client: SalesforceClient,
    source: Described,
    record_id: str,
    target: Described,
    *,
    limit: int,
    position: str | None,
) -> Page[Link]:
    """One page of a record's links, in the order of the ids they lead to."""
    way = relation(source, target)
    # A place is the row's own id, as two links may lead to the same record.
    where = [_is_one_of(way.source, [record_id]), *way.filled, *way.where]
    if position is not None:
        where.append(f"{ID} > {soql.text(position)}")
    rows = await _read(client, way, where, limit + 1)
    shown = rows[:limit]
    is_all = position is None and len(rows) <= limit
    return Page(
        [_link(row, way, target) for row in shown],
        has_more=len(rows) > limit,
        after=[row[ID] for row in shown],
        total=len(rows) if is_all else None,
        total_is="exact" if is_all else "unknown",
    )


async def links_of(
    client: SalesforceClient, source: Described, record_ids: Sequence[str], target: Described
) -> tuple[dict[str, list[Link]], bool]:
    """Links of several records, `LINKS` of each at most, and whether some were left out."""
    way = relation(source, target)
    rows = await _rows(client, way, record_ids)
    found: dict[str, list[Link]] = {record_id: [] for record_id in record_ids}
    for row in rows:
        found.setdefault(_id(row, way.source), []).append(_link(row, way, target))
    is_cut = len(rows) >= MOST or any(len(links) > LINKS for links in found.values())
    return {record_id: links[:LINKS] for record_id, links in found.items()}, is_cut


async def link(
    client: SalesforceClient,
    source: Described,
    target: Described,
    pairs: Sequence[tuple[str, str]],
    *,
    label: str | None,
    key: str | None,
) -> tuple[list[Written], list[str]]:
    """Link records; a link that exists stays. Warnings name lookups that led elsewhere before."""
    way = relation(source, target, label)
    outcomes = _impossible(source, target, pairs)
    chosen = {index: pair for index, pair in enumerate(pairs) if index not in outcomes}
    rows = await _touched(client, way, chosen.values())
    present = {_pair(row, way) for row in rows if _is_labelled(row, way, label)}
    open_pairs = {index: pair for index, pair in chosen.items() if pair not in present}
    warnings: list[str] = []
    if way.is_junction:
        done = await _make(client, way, open_pairs, label)
    else:
        done, warnings = await _point(client, way, open_pairs, present, key)
    for index, pair in chosen.items():
        if index not in open_pairs:
            done[index] = Written(index=index, status="ok", id=pair[1])
    return [(outcomes | done)[index] for index in range(len(pairs))], warnings


async def unlink(
    client: SalesforceClient,
    source: Described,
    target: Described,
    pairs: Sequence[tuple[str, str]],
    *,
    label: str | None,
    key: str | None,
) -> list[Written]:
    """Remove links; two records that are not linked stay so."""
    way = relation(source, target, label)
    outcomes = _impossible(source, target, pairs)
    chosen = {index: pair for index, pair in enumerate(pairs) if index not in outcomes}
    rows = [row for row in await _touched(client, way, chosen.values()) if _is_labelled(row, way, label)]
    going = [(row, index) for index, pair in chosen.items() for row in rows if _pair(row, way) == pair]
    failures = await _remove(client, way, going, key) if going else {}
    for index, pair in chosen.items():
        done = Written(index=index, status="ok", id=pair[1])
        outcomes[index] = failures.get(index, done)
    return [outcomes[index] for index in range(len(pairs))]


async def inputs_of(
    client: SalesforceClient, source: Described, links: Sequence[LinkTo]
) -> tuple[Json, list[LinkTo]]:
    """Lookups that a new record is created with, and the links that can only be made afterwards."""
    fields: Json = {}
    later = []
    for each in links:
        way = relation(source, await describe(client, each.object), each.label)
        if way.source == ID and way.target not in fields:
            fields[way.target] = each.id
        else:
            later.append(each)
    return fields, later


def _junction(source: Described, target: Described) -> Relation | None:
    for junction in JUNCTIONS:
        names = {source.name, target.name}
        if not {end for end in junction.ends if end} <= names or (len(junction.ends) > len(names)):
            continue
        one, other = junction.end(source.name), junction.end(target.name)
        if one is None or other is None or one == other:
            continue
        return Relation(
            junction.object,
            one,
            other,
            label_field=junction.label,
            where=_of_type(junction.object, target),
            fixed=tuple(junction.fixed.items()),
        )
    return None


def _of_type(junction: str, target: Described) -> tuple[str, ...]:
    """Ends of notes may be of any object, and documents be other things than notes."""
    if junction != "ContentDocumentLink":
        return ()
    if target.name == NOTE:
        return (f"{soql.path('ContentDocument.FileType')} = {soql.text('SNOTE')}",)
    return (f"{soql.path('LinkedEntity.Type')} = {soql.text(target.name)}",)


def _lookups(source: Described, target: Described) -> list[Relation]:
    """Fields of the source that lead to the target."""
    ways = []
    for reference in source.references:
        if target.name not in reference.targets:
            continue
        where: tuple[str, ...] = ()
        if len(reference.targets) > 1 and reference.name:
            where = (f"{soql.path(f'{reference.name}.Type')} = {soql.text(target.name)}",)
        label = reference.name or reference.field
        ways.append(Relation(source.name, ID, reference.field, label, where=where))
    return ways


def _children(source: Described, target: Described) -> list[Relation]:
    """Fields of the target that lead to the source."""
    names = {reference.field: reference.name for reference in target.references}
    return [
        Relation(target.name, child.field, ID, names.get(child.field) or child.field)
        for child in source.children
        if child.object == target.name
    ]


def _custom_junctions(source: Described, target: Described) -> list[Relation]:
    """Custom objects whose records lead to both."""
    others: dict[str, Child] = {child.object: child for child in target.children}
    return [
        Relation(child.object, child.field, others[child.object].field, child.object)
        for child in source.children
        if child.object in others and child.object.endswith("__c")
    ]


async def _read(client: SalesforceClient, way: Relation, where: Sequence[str], limit: int) -> list[Json]:
    """Rows of links in the order of their ids; raises `NotConnected` where the user may not see any."""
    statement = soql.select(_columns(way), way.table, where=where, order_by=[ID], limit=limit)
    try:
        return await client.rows(statement)
    except Rejected as refusal:
        if refusal.provider_code == NO_SUCH_OBJECT:
            raise hidden(way.table) from None
        raise


async def _rows(client: SalesforceClient, way: Relation, record_ids: Sequence[str]) -> list[Json]:
    """Rows of the links that start at these records."""
    where = [_is_one_of(way.source, record_ids), *way.filled, *way.where]
    return await _read(client, way, where, MOST)


async def _touched(client: SalesforceClient, way: Relation, pairs: Iterable[tuple[str, str]]) -> list[Json]:
    """Rows that a change of these links may touch: of a junction, or the records with the lookup."""
    place = 1 if way.target == ID else 0
    ends = list(dict.fromkeys(pair[place] for pair in pairs))
    if not ends:
        return []
    if way.is_junction:
        return await _rows(client, way, ends)
    where = [_is_one_of(ID, ends), *way.filled]
    return await _read(client, way, where, MOST)


async def _make(
    client: SalesforceClient, way: Relation, pairs: dict[int, tuple[str, str]], label: str | None
) -> dict[int, Written]:
    """New records of a junction; never repeated."""
    if not pairs:
        return {}
    table = await describe(client, way.table)
    extra: Json = dict(way.fixed)
    if label is not None and way.label_field:
        extra[way.label_field] = label
    bodies = [{way.source: one, way.target: other, **extra} for one, other in pairs.values()]
    made = await writes.create(client, table.schema, bodies, url=_nowhere)
    return _placed(made, pairs)


async def _point(
    client: SalesforceClient,
    way: Relation,
    pairs: dict[int, tuple[str, str]],
    present: set[tuple[str, str]],
    key: str | None,
) -> tuple[dict[int, Written], list[str]]:
    """Set lookups; a record that is named twice can only lead to one."""
    holds = 0 if way.source == ID else 1
    done: dict[int, Written] = {}
    chosen: dict[int, tuple[str, str]] = {}
    held = {pair[holds] for pair in present}
    warnings = []
    taken: set[str] = set()
    for index, pair in pairs.items():
        owner = pair[holds]
        if owner in taken:
            message = "A record can have one link of this kind only, and an earlier pair sets it"
            done[index] = failed(index, Trouble(code="conflict", message=message), pair[1])
            continue
        taken.add(owner)
        chosen[index] = pair
        if owner in held:
            warnings.append(
                f"{way.table} {owner} was linked to another record before; it holds one link only"
            )
    if chosen:
        bodies = [(pair[holds], {way.pointer: pair[1 - holds]}) for pair in chosen.values()]
        table = await describe(client, way.table)
        made = await writes.update(client, table.schema, bodies, url=_nowhere, key=key)
        done |= _placed(made, chosen)
    return done, warnings


async def _remove(
    client: SalesforceClient, way: Relation, going: Sequence[tuple[Json, int]], key: str | None
) -> dict[int, Written]:
    """Delete the rows of a junction, or empty the lookups; what failed, by the index of its pair."""
    table = await describe(client, way.table)
    failures: dict[int, Written] = {}
    for start in range(0, len(going), SET):
        part = going[start : start + SET]
        row_ids = [row[ID] for row, _ in part]
        if way.is_junction:
            done = await writes.delete(client, table.schema, row_ids, key=key)
        else:
            bodies: list[tuple[str, Json]] = [(row_id, {way.pointer: None}) for row_id in row_ids]
            done = await writes.update(client, table.schema, bodies, url=_nowhere, key=key)
        for one, (row, index) in zip(done, part, strict=True):
            if one.status == "failed":
                failures[index] = one.model_copy(update={"index": index, "id": _id(row, way.target)})
    return failures


def _is_labelled(row: Json, way: Relation, label: str | None) -> bool:
    """Whether a row is a link of that kind; lookups have been chosen by it."""
    return label is None or way.label_field is None or row.get(way.label_field) == label


def _impossible(source: Described, target: Described, pairs: Sequence[tuple[str, str]]) -> dict[int, Written]:
    """Outcomes of pairs with an id that is none of its object."""
    return {
        index: failed(index, writes.GONE, other)
        for index, (one, other) in enumerate(pairs)
        if not (is_of(source, one) and is_of(target, other))
    }


def is_of(described: Described, record_id: str) -> bool:
    """Whether an id can be one of the object."""
    if not ids.is_id(record_id):
        return False
    return described.prefix is None or record_id.startswith(described.prefix)


def _columns(way: Relation) -> list[str]:
    return list(dict.fromkeys(filter(None, (ID, way.source, way.target, way.label_field))))


def _is_one_of(column: str, record_ids: Sequence[str]) -> str:
    """Some objects, such as the links of notes, can only be asked with `=` for one id."""
    name = soql.path(column)
    if len(record_ids) == 1:
        return f"{name} = {soql.text(record_ids[0])}"
    return f"{name} IN {soql.in_list(record_ids)}"


def _pair(row: Json, way: Relation) -> tuple[str, str]:
    return _id(row, way.source), _id(row, way.target)


def _id(row: Json, column: str) -> str:
    return ids.canonical(str(row.get(column) or ""))


def _link(row: Json, way: Relation, target: Described) -> Link:
    label = row.get(way.label_field) if way.label_field else None
    return Link(id=_id(row, way.target), object=target.name, labels=[str(label)] if label else None)


def _placed(outcomes: Sequence[Written], pairs: dict[int, tuple[str, str]]) -> dict[int, Written]:
    """Outcomes with the places and ids of their pairs."""
    return {
        index: one.model_copy(update={"index": index, "id": other, "is_new": None, "url": None})
        for one, (index, (_, other)) in zip(outcomes, pairs.items(), strict=True)
    }


def _nowhere(record_id: str) -> str | None:
    del record_id
    return None
