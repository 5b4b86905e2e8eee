"""What a CRM holds: objects, their fields, pipelines, and the users who own records."""

from __future__ import annotations

from typing import Any, Literal

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import (
    Choice,
    FieldSchema,
    FieldType,
    LinkType,
    ObjectKind,
    ObjectSchema,
    Owner,
    Pipeline,
)
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import ObjectName
from wirepost.toolsets.crm.checking import ask, described, sliced

MOST_OPTIONS = 25
"""So many allowed values of a field are shown in a summary."""


class FieldCard(Result):
    """One field; what is as usual (optional, writable, filterable, …) is not said."""

    name: str
    label: str
    type: FieldType
    required: bool | None = None
    unique: bool | None = None
    writable: bool | None = None
    is_custom: bool | None = None
    sensitive: bool | None = None
    filterable: bool | None = None
    options: list[Choice] | None = None
    references: list[str] | None = None


class ObjectCard(Result):
    """The dictionary of one object."""

    object: str
    label: str
    label_field: str | None = None
    fields: list[FieldCard]
    fields_in_all: int
    defaults: list[str]
    aliases: dict[str, str]
    pipelines: list[Pipeline] | None = None
    links: list[LinkType] | None = None


@tool(Risk.READ, title="List objects (CRM)", example={})
async def crm_list_objects(
    call: Call[Crm], *, include_custom: bool | None = None, name_contains: str | None = None
) -> Page[ObjectKind]:
    """List the kinds of records, custom ones included."""
    kinds = await ask(call, call.api.objects(include_custom=include_custom is not False))
    return sliced(
        call, [kind for kind in kinds if _has(name_contains, kind.object, kind.label, kind.neutral or "")]
    )


@tool(
    Risk.READ,
    title="Describe an object (CRM)",
    example={"object": "contact"},
    long_help="""
    `summary` shows required, unique, custom and commonly filled fields with up to 25 allowed values each;
    `full` shows all. With `name_contains` every field whose name or label contains it is shown. What is
    not said of a field is as usual: optional, not unique, writable, filterable. `aliases` are names that
    every CRM understands on input.
    """,
)
async def crm_describe_object(
    call: Call[Crm],
    *,
    object: ObjectName,
    detail: Literal["summary", "full"] | None = None,
    name_contains: str | None = None,
) -> ObjectCard:
    """Describe an object: fields, types, allowed values, pipelines, links."""

    async def load() -> dict[str, Any]:
        found = await described(call, object)
        return {"schema": found.model_dump(mode="json", exclude_none=True), "warnings": call.warnings}

    kept = await call.remember(object, load)
    schema = ObjectSchema.model_validate(kept["schema"])
    for warning in kept["warnings"]:
        call.warn(warning)
    is_full = detail == "full"
    chosen = [
        field
        for field in schema.fields
        if (
            _has(name_contains, field.name, field.label)
            if name_contains
            else is_full or _is_usual(schema, field)
        )
    ]
    cut = [field for field in chosen if not is_full and len(field.options or ()) > MOST_OPTIONS]
    for field in cut:
        call.warn(f"{field.name} allows {len(field.options or ())} values; detail=full shows all")
    return ObjectCard(
        object=schema.object,
        label=schema.label,
        label_field=schema.label_field,
        fields=[_card(field, None if is_full else MOST_OPTIONS) for field in chosen],
        fields_in_all=len(schema.fields),
        defaults=schema.defaults,
        aliases=schema.aliases,
        pipelines=schema.pipelines,
        links=schema.links,
    )


@tool(Risk.READ, title="List pipelines (CRM)", example={"object": "deal"})
async def crm_list_pipelines(call: Call[Crm], *, object: ObjectName) -> Page[Pipeline]:
    """List the pipelines of deals or tickets, with their stages."""
    schema = await described(call, object)
    return sliced(call, await ask(call, call.api.pipelines(schema)))


@tool(Risk.READ, title="List owners (CRM)", example={"name_contains": "a"})
async def crm_list_owners(
    call: Call[Crm],
    *,
    email: str | None = None,
    name_contains: str | None = None,
    active_only: bool | None = None,
) -> Page[Owner]:
    """List users who can own records; active ones unless active_only is false."""
    wanted = int(call.position or 0) + call.limit
    owners = await ask(
        call,
        call.api.owners(
            email=email,
            name_contains=name_contains,
            is_active=None if active_only is False else True,
            limit=wanted + 1,
        ),
    )
    return sliced(call, owners, is_whole=len(owners) <= wanted)


def _has(part: str | None, *names: str) -> bool:
    return not part or any(part.casefold() in name.casefold() for name in names)


def _is_usual(schema: ObjectSchema, field: FieldSchema) -> bool:
    known = {*schema.defaults, *schema.aliases.values(), schema.label_field}
    return field.required or field.unique or field.is_custom or field.name in known


def _card(field: FieldSchema, most_options: int | None) -> FieldCard:
    return FieldCard(
        name=field.name,
        label=field.label,
        type=field.type,
        required=field.required or None,
        unique=field.unique or None,
        writable=None if field.writable else False,
        is_custom=field.is_custom or None,
        sensitive=field.sensitive or None,
        filterable=None if field.filterable else False,
        options=field.options[:most_options] if field.options else None,
        references=field.references,
    )
