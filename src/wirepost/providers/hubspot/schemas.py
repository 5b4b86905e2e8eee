"""Objects of an account and what their records may hold, read once and kept for some minutes."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from wirepost.contracts.records import FieldSchema, LinkType, ObjectKind, ObjectSchema, Pipeline
from wirepost.core.errors import FieldProblem, InvalidCall, NotConnected, Rejected
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.associations import link_kinds
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated, gathered
from wirepost.providers.hubspot.kinds import ACTIVITIES, BY_NAME, CORE, KINDS, Kind
from wirepost.providers.hubspot.properties import field_of, pipeline_of, with_stages

CUSTOM_SCOPE = "crm.objects.custom.read"
LISTED = 20
"""Most fields of a custom object that are returned when none are named."""


async def objects(client: HubSpotClient, *, include_custom: bool) -> list[ObjectKind]:
    """Standard objects that the token may read, and the account's own."""
    granted = await client.granted()
    kinds = [kind for kind in KINDS if granted is None or set(kind.scopes) & set(granted)]
    if include_custom and (granted is None or CUSTOM_SCOPE in granted):
        kinds += await custom_kinds(client)
    return [
        ObjectKind(object=kind.name, label=kind.label, neutral=kind.neutral, is_custom=kind.is_custom)
        for kind in kinds
    ]


async def kind_of(client: HubSpotClient, name: str) -> Kind:
    """The object of that name, neutral or HubSpot's; raises `InvalidCall` with a suggestion for others."""
    kind = BY_NAME.get(name) or BY_NAME.get(name.lower())
    if kind is not None:
        return kind
    try:
        customs = await custom_kinds(client)
    except NotConnected as refusal:
        if refusal.code != "missing_scope":
            raise
        customs = []
    wanted = name.lower()
    for custom in customs:
        if wanted in {custom.name.lower(), custom.type_id, custom.label.lower(), custom.plural.lower()}:
            return custom
    raise _unknown(name, customs)


async def custom_kinds(client: HubSpotClient) -> list[Kind]:
    """Objects that the account has defined."""

    async def load() -> list[Kind]:
        answer = await client.get(dated("crm-object-schemas", "schemas"))
        return [_custom(raw) for raw in answer["results"]]

    return await client.upstream.cache.get("schemas", load)


async def describe(client: HubSpotClient, name: str) -> ObjectSchema:
    """Everything about an object."""
    kind = await kind_of(client, name)
    return await client.upstream.cache.get(f"describe:{kind.name}", lambda: _describe(client, kind))


async def pipelines(client: HubSpotClient, kind: Kind) -> list[Pipeline]:
    """The pipelines of an object; none for objects without."""
    if kind.stage is None:
        return []
    try:
        answer = await client.get(dated("crm/pipelines", kind.name))
    except Rejected:
        if kind.is_custom:  # most have none, and HubSpot has no property that tells
            return []
        raise
    return [pipeline_of(raw) for raw in sorted(answer["results"], key=lambda raw: int(raw["displayOrder"]))]


async def _describe(client: HubSpotClient, kind: Kind) -> ObjectSchema:
    answers: list[Any] = await gathered(
        [
            client.get(dated("crm/properties", kind.name)),
            pipelines(client, kind),
            _links(client, kind),
        ]
    )
    properties, steps, links = answers
    fields = [field_of(raw, kind) for raw in properties["results"] if not raw.get("archived")]
    if steps:
        fields = with_stages(fields, steps, kind)
    return ObjectSchema(
        object=kind.name,
        label=kind.label,
        label_field=kind.label_field,
        fields=fields,
        defaults=_defaults(kind, fields),
        aliases=dict(kind.aliases),
        pipelines=steps or None,
        links=links or None,
    )


async def _links(client: HubSpotClient, kind: Kind) -> list[LinkType]:
    """What records can be linked to; only the core objects have labels."""
    labels = await gathered([_labels(client, kind.name, target) for target in kind.links])
    made = [
        LinkType(to_object=target, labels=found or None)
        for target, found in zip(kind.links, labels, strict=True)
    ]
    if kind.name in CORE or kind.is_custom:
        made += [LinkType(to_object=name) for name in ACTIVITIES]
    return made


async def _labels(client: HubSpotClient, source: str, target: str) -> list[str]:
    try:
        kinds = await link_kinds(client, source, target)
    except NotConnected as refusal:
        if refusal.code == "missing_scope":  # no reason to hide the fields of the object
            return []
        raise
    return [clean_line(kind.label, 100) for kind in kinds if kind.label]


def _defaults(kind: Kind, fields: Sequence[FieldSchema]) -> list[str]:
    names = {field.name for field in fields}
    own = kind.defaults or [field.name for field in fields if field.is_custom][:LISTED]
    return [name for name in own if name in names]


def _custom(raw: Json) -> Kind:
    name = raw.get("fullyQualifiedName") or raw["name"]
    type_id = str(raw.get("objectTypeId") or raw["id"])
    shown = raw.get("primaryDisplayProperty")
    secondary = raw.get("secondaryDisplayProperties") or []
    labels = raw.get("labels") or {}
    targets = {
        BY_NAME[each["toObjectTypeId"]].name
        for each in raw.get("associations", [])
        if each["toObjectTypeId"] in BY_NAME
    }
    return Kind(
        name,
        type_id,
        clean_line(labels.get("singular") or raw["name"], 100),
        label_field=shown,
        created="hs_createdate",
        required=tuple(raw.get("requiredProperties") or ()),
        defaults=tuple(
            dict.fromkeys(filter(None, (shown, *secondary, *(raw.get("requiredProperties") or ()))))
        ),
        stage="hs_pipeline_stage",
        pipeline="hs_pipeline",
        links=tuple(sorted(targets & set(CORE))),
        scopes=(CUSTOM_SCOPE,),
        is_custom=True,
        plural=clean_line(labels.get("plural") or "", 100),
    )


def _unknown(name: str, customs: Sequence[Kind]) -> InvalidCall:
    allowed = [kind.neutral or kind.name for kind in KINDS] + [custom.name for custom in customs]
    close = difflib.get_close_matches(name.lower(), allowed, n=1)
    problem = f"is no object here; did you mean {close[0]}?" if close else "is no object here"
    fields = [FieldProblem(path="object", problem=problem, allowed=allowed)]
    return InvalidCall("invalid_arguments", f"object {problem}", fields=fields)
