"""Objects of an organisation and what their records may hold, read once and kept.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_sobject_describe.htm
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wirepost.contracts.records import (
    Choice,
    FieldSchema,
    FieldType,
    LinkType,
    ObjectKind,
    ObjectSchema,
    Pipeline,
    Stage,
)
from wirepost.core.errors import FieldProblem, InvalidCall, NotConnected, Rejected
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import soql
from wirepost.providers.salesforce.client import NOT_MODIFIED, ROOT, Json, SalesforceClient, sobject
from wirepost.providers.salesforce.kinds import BY_NAME, JUNCTIONS, KINDS, NOTE, Kind, Stages
from wirepost.providers.salesforce.refusals import hidden
from wirepost.upstream.client import Ask

DAY_S = 86400.0
LISTED = 20
"""Most fields of a custom object that are returned when none are named."""
MOST_STAGES = 200
_TYPES: dict[str, FieldType] = {
    "boolean": "boolean",
    "int": "integer",
    "long": "integer",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    "reference": "reference",
    "picklist": "choice",
    "multipicklist": "choices",
    "textarea": "long_text",
    "string": "text",
    "combobox": "text",
    "email": "text",
    "phone": "text",
    "url": "text",
    "id": "text",
    "encryptedstring": "text",
}
"""Types of values; what is missing here is `other`."""


@dataclass(frozen=True)
class Reference:
    """A field that holds the id of another record; `name` is the relationship."""

    field: str
    name: str | None
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Child:
    """A field of another object that holds the id of a record of this one."""

    object: str
    field: str


@dataclass(frozen=True)
class Described:
    """An object, with what Salesforce tells beyond the contract's description."""

    schema: ObjectSchema
    prefix: str | None
    """With which the ids of its records start."""
    references: tuple[Reference, ...]
    children: tuple[Child, ...]
    external_ids: frozenset[str]
    not_grouped: frozenset[str]
    is_custom: bool
    read_at: str | None
    """When it was read, by Salesforce's clock."""

    @property
    def name(self) -> str:
        """The object's."""
        return self.schema.object


async def objects(client: SalesforceClient, *, include_custom: bool) -> list[ObjectKind]:
    """Objects with a neutral name first, then Salesforce's others that people work with, then custom ones."""
    rows = await _every(client)
    by_name = {row["name"]: row for row in rows}
    known = [by_name[kind.name] for kind in KINDS if kind.name in by_name]
    others = [row for row in rows if row["name"].lower() not in BY_NAME and _is_worked_with(row)]
    others.sort(key=lambda row: (bool(row.get("custom")), row["name"]))
    return [_kind(row) for row in (*known, *others) if include_custom or not row.get("custom")]


async def name_of(client: SalesforceClient, called: str) -> str:
    """Salesforce's name of an object; raises `InvalidCall` with a suggestion for others."""
    kind = BY_NAME.get(called.lower())
    if kind is not None:
        return kind.name
    rows = await _every(client)
    wanted = called.lower()
    for row in rows:
        if wanted == row["name"].lower():
            return str(row["name"])
    named = [row["name"] for row in rows if wanted == str(row.get("label")).lower() and _is_worked_with(row)]
    if len(named) == 1:
        return str(named[0])
    raise _unknown(called, [str(row["name"]) for row in rows if _is_worked_with(row)])


async def describe(client: SalesforceClient, called: str) -> Described:
    """Everything about an object; kept for some minutes, then asked whether it has changed."""
    name = await name_of(client, called)
    return await client.upstream.cache.get(f"describe:{name}:", lambda: _refreshed(client, name))


async def _refreshed(client: SalesforceClient, name: str) -> Described:
    cache, key = client.upstream.cache, f"read:{name}:"
    is_new = False

    async def load() -> Described:
        nonlocal is_new
        is_new = True
        found = await _read(client, name, None)
        assert found is not None  # noqa: S101 - only a conditional question is answered with nothing
        return found

    kept = await cache.get(key, load, ttl_s=DAY_S)
    if not is_new and kept.read_at is not None:
        newer = await _read(client, name, kept.read_at)
        if newer is not None:
            cache.forget(key)

            async def known() -> Described:
                return newer

            kept = await cache.get(key, known, ttl_s=DAY_S)
    return await _with_pipelines(client, kept)


async def _read(client: SalesforceClient, name: str, since: str | None) -> Described | None:
    """Ask for a description; `None` where it has not changed since."""
    headers = {} if since is None else {"If-Modified-Since": since}
    try:
        answer = await client.answer(Ask("GET", f"{sobject(name)}/describe", headers=headers))
    except Rejected as refusal:
        if refusal.last_status == NOT_MODIFIED:
            return None
        if refusal.code == "not_found" and name.lower() in BY_NAME:
            raise hidden(name) from None
        if refusal.code == "not_found":
            raise _unknown(name, [kind.name for kind in KINDS]) from None
        raise
    return _described(answer.json(), answer.headers.get("last-modified") or answer.headers.get("date"))


async def _with_pipelines(client: SalesforceClient, found: Described) -> Described:
    kind = BY_NAME.get(found.name.lower())
    if kind is None or kind.stages is None or found.schema.field(kind.stages.field) is None:
        return found
    stages = await _stages(client, kind.stages)
    if not stages:
        return found
    label = next(field.label for field in found.schema.fields if field.name == kind.stages.field)
    pipeline = Pipeline(id=kind.stages.field, label=label, stages=stages)
    return replace(found, schema=found.schema.model_copy(update={"pipelines": [pipeline]}))


async def _stages(client: SalesforceClient, stages: Stages) -> list[Stage]:
    """The steps in order; none where the user may not read them, which is no reason to hide the fields."""
    names = ["ApiName", "MasterLabel", "SortOrder", stages.closed]
    names += [each for each in (stages.won, stages.probability) if each]
    where = ["IsActive = TRUE"] if stages.won else []
    statement = soql.select(names, stages.table, where=where, order_by=["SortOrder"], limit=MOST_STAGES)
    try:
        rows = await client.rows(statement)
    except (Rejected, NotConnected) as refusal:
        if refusal.code == "auth_expired":
            raise
        return []
    return [_stage(row, stages) for row in rows]


def _stage(row: Json, stages: Stages) -> Stage:
    percent = row.get(stages.probability) if stages.probability else None
    return Stage(
        id=row["ApiName"],
        label=row["MasterLabel"],
        is_closed=bool(row[stages.closed]),
        is_won=bool(row[stages.won]) if stages.won else None,
        probability=None if percent is None else float(percent) / 100,
    )


async def _every(client: SalesforceClient) -> list[Json]:
    """Every object the user can see."""

    async def load() -> list[Json]:
        rows: list[Json] = (await client.get(f"{ROOT}/sobjects"))["sobjects"]
        kept = ("name", "label", "custom", "queryable", "createable", "layoutable", "customSetting")
        return [{key: row.get(key) for key in kept} for row in rows if not row.get("deprecatedAndHidden")]

    return await client.upstream.cache.get("sobjects", load)


def _described(raw: Json, read_at: str | None) -> Described:
    name, rows = raw["name"], raw["fields"]
    kind = BY_NAME.get(name.lower())
    fields = [_field(row) for row in rows]
    names = {field.name for field in fields}
    references = tuple(
        Reference(row["name"], row.get("relationshipName"), tuple(row.get("referenceTo") or ()))
        for row in rows
        if row["type"] == "reference"
    )
    children = tuple(
        Child(row["childSObject"], row["field"])
        for row in raw.get("childRelationships") or ()
        if row.get("relationshipName") and not row.get("deprecatedAndHidden")
    )
    title = next((row["name"] for row in rows if row.get("nameField")), "Name")
    schema = ObjectSchema(
        object=name,
        label=raw["label"],
        label_field=title if title in names else None,
        fields=fields,
        defaults=_defaults(kind, fields, title),
        aliases={key: own for key, own in (kind.aliases if kind else {}).items() if own in names},
        links=_links(name, references, children) or None,
    )
    return Described(
        schema,
        raw.get("keyPrefix"),
        references,
        children,
        frozenset(row["name"] for row in rows if row.get("externalId")),
        frozenset(row["name"] for row in rows if not row.get("groupable", True)),
        bool(raw.get("custom")),
        read_at,
    )


def _field(raw: Mapping[str, Any]) -> FieldSchema:
    kind = raw["type"]
    options = [
        Choice(value=one["value"], label=one.get("label") or one["value"])
        for one in raw.get("picklistValues") or ()
        if one.get("active", True)
    ]
    found = _TYPES.get(kind, "other")
    if found == "long_text" and (raw.get("htmlFormatted") or raw.get("extraTypeInfo") == "richtextarea"):
        found = "html"
    if found in {"choice", "choices"} and not options:
        found = "text"
    is_writable = bool(raw.get("createable") or raw.get("updateable"))
    has_default = raw.get("nillable") or raw.get("defaultedOnCreate") or kind == "boolean"
    return FieldSchema(
        name=raw["name"],
        label=raw["label"],
        type=found,
        required=bool(raw.get("createable")) and not has_default,
        unique=bool(raw.get("unique") or raw.get("externalId")),
        writable=is_writable,
        is_custom=bool(raw.get("custom")),
        sensitive=bool(raw.get("encrypted")) or kind == "encryptedstring",
        filterable=bool(raw.get("filterable", True)) and found != "other",
        options=options if found in {"choice", "choices"} else None,
        references=list(raw.get("referenceTo") or ()) or None if found == "reference" else None,
    )


def _defaults(kind: Kind | None, fields: Sequence[FieldSchema], title: str) -> list[str]:
    names = [field.name for field in fields]
    if kind is not None:
        return [name for name in kind.defaults if name in names]
    own = [field.name for field in fields if field.is_custom or field.required]
    first = [title] if title in names else []
    return list(dict.fromkeys((*first, *own)))[:LISTED]


def _links(name: str, references: Sequence[Reference], children: Sequence[Child]) -> list[LinkType]:
    """Objects with a name here, and custom ones, that records can be linked to."""
    ways: dict[str, list[str]] = {}
    for reference in references:
        for target in reference.targets:
            ways.setdefault(target, []).append(reference.name or reference.field)
    for child in children:
        ways.setdefault(child.object, [])
    for junction in JUNCTIONS:
        if name in junction.ends:
            others = [end for end in junction.ends if end and end != name]
            if "" in junction.ends:
                others = [kind.name for kind in KINDS if kind.name != name]
            for other in others:
                ways.setdefault(other, [])
    if name != NOTE:
        ways.setdefault(NOTE, [])
    return [
        LinkType(to_object=target, labels=labels if len(labels) > 1 else None)
        for target, labels in ways.items()
        if target.lower() in BY_NAME or target.endswith("__c")
    ]


def _kind(row: Json) -> ObjectKind:
    known = BY_NAME.get(row["name"].lower())
    return ObjectKind(
        object=row["name"],
        label=clean_line(row["label"], 100),
        neutral=known.neutral if known else None,
        is_custom=bool(row["custom"]),
    )


def _is_worked_with(row: Json) -> bool:
    """Whether people see such records; the many helper objects of Salesforce have no layouts."""
    is_shown = row.get("layoutable") is not False and row.get("queryable") is not False
    return is_shown and not row.get("customSetting")


def _unknown(name: str, known: Sequence[str]) -> InvalidCall:
    allowed = list(dict.fromkeys([*(kind.neutral or kind.name for kind in KINDS), *known]))
    by_lower = {each.lower(): each for each in allowed}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    problem = f"is no object here; did you mean {by_lower[close[0]]}?" if close else "is no object here"
    fields = [FieldProblem(path="object", problem=problem, allowed=allowed[:100])]
    return InvalidCall("invalid_arguments", f"object {problem}", fields=fields)
