"""Properties: their definitions as described fields, and their values, which HubSpot keeps as strings.

https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from wirepost.contracts.records import Choice, FieldSchema, FieldType, Pipeline, Stage, Value
from wirepost.core.text import clean_line
from wirepost.core.times import to_rfc3339
from wirepost.providers.hubspot.kinds import Kind

MAX_LABEL = 200
MOST_SAFE = 2**53
"""Whole numbers beyond this lose digits in many JSON readers, so they stay text."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IDS = frozenset({"hs_object_id"})
"""Numbers that are names: ids are text everywhere."""
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_EPOCH_MS = re.compile(r"-?\d{11,15}|0", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TEXTS: dict[str, FieldType] = {"textarea": "long_text", "html": "html"}
_PLAIN: dict[str, FieldType] = {
    "number": "number",
    "date": "date",
    "datetime": "datetime",
    "bool": "boolean",
    "phone_number": "text",
}


def field_of(raw: Mapping[str, Any], kind: Kind) -> FieldSchema:
    """A property definition as a described field."""
    name, found = raw["name"], _type(raw)
    rights = raw.get("modificationMetadata") or {}
    shown = [Choice(value=one["value"], label=_label(one)) for one in raw["options"] if not one.get("hidden")]
    refers = raw.get("referencedObjectType")
    return FieldSchema(
        name=name,
        label=_label(raw),
        type=found,
        required=name in kind.required,
        unique=bool(raw.get("hasUniqueValue")) or name == kind.unique,
        writable=not (rights.get("readOnlyValue") or raw.get("calculated")),
        is_custom=not raw.get("hubspotDefined"),
        sensitive=raw.get("dataSensitivity", "non_sensitive") != "non_sensitive",
        filterable=found != "other",
        options=shown if found in {"choice", "choices"} and shown else None,
        references=[refers.lower()] if found == "reference" and refers else None,
    )


def pipeline_of(raw: Mapping[str, Any]) -> Pipeline:
    """A pipeline with its stages in order."""
    stages = sorted(raw["stages"], key=lambda stage: int(stage["displayOrder"]))
    return Pipeline(id=raw["id"], label=_label(raw), stages=[_stage(stage) for stage in stages])


def with_stages(fields: Iterable[FieldSchema], pipelines: list[Pipeline], kind: Kind) -> list[FieldSchema]:
    """Pipelines and stages as choices of their properties, whose definitions often leave them out."""
    choices = {
        kind.pipeline: [Choice(value=pipeline.id, label=pipeline.label) for pipeline in pipelines],
        kind.stage: [
            Choice(value=stage.id, label=stage.label) for pipeline in pipelines for stage in pipeline.stages
        ],
    }
    return [
        one.model_copy(update={"type": "choice", "options": choices[one.name]})
        if choices.get(one.name)
        else one
        for one in fields
    ]


def typed(text: str | None, field: FieldSchema) -> Value:
    """A stored value as its type; what does not fit its type stays text."""
    if text is None or text == "":
        return None
    read = _READERS.get(field.type)
    return text if read is None else read(text)


def stored(value: Value) -> str:
    """A typed value as HubSpot stores it; an empty string empties a property."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


def sought(value: Value, field: FieldSchema) -> str:
    """A typed value as a filter compares it: times are milliseconds since 1970, dates their midnight UTC."""
    text = stored(value)
    moment = moment_of(text) if field.type in {"date", "datetime"} else None
    return text if moment is None else str(epoch_ms(moment))


def moment_of(text: str) -> datetime | None:
    """A stored time: ISO 8601, a date, or milliseconds since 1970; `None` for anything else."""
    if _EPOCH_MS.fullmatch(text):
        try:
            return _EPOCH + timedelta(milliseconds=int(text))
        except OverflowError:
            return None
    if not _DATE.match(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _label(raw: Mapping[str, Any]) -> str:
    """A name that somebody in the account has chosen."""
    return clean_line(raw["label"], MAX_LABEL)


def _type(raw: Mapping[str, Any]) -> FieldType:
    kind, shown = raw["type"], raw["fieldType"]
    if raw["name"] in _IDS:
        return "text"
    if kind == "string":
        return _TEXTS.get(shown, "text")
    if kind == "enumeration":
        if raw.get("referencedObjectType"):
            return "reference"
        if shown == "booleancheckbox":
            return "boolean"
        return "choices" if shown == "checkbox" else "choice"
    return _PLAIN.get(kind, "other")


def _stage(raw: Mapping[str, Any]) -> Stage:
    facts = raw.get("metadata") or {}
    share = _number(str(facts.get("probability", "")))
    probability = float(share) if isinstance(share, int | float) else None
    is_closed = str(facts.get("isClosed", "")).lower() == "true" or facts.get("ticketState") == "CLOSED"
    return Stage(
        id=raw["id"],
        label=_label(raw),
        is_closed=is_closed,
        is_won=None if probability is None else is_closed and probability == 1.0,
        probability=probability,
    )


def _number(text: str) -> int | float | str:
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    if number == number.to_integral_value():
        return int(number) if abs(number) <= MOST_SAFE else text
    return float(number) if str(Decimal(repr(float(number))).normalize()) == str(number.normalize()) else text


def _boolean(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.lower(), text)


def _date(text: str) -> str:
    moment = moment_of(text)
    return text if moment is None else moment.date().isoformat()


def _datetime(text: str) -> str:
    moment = moment_of(text)
    return text if moment is None else to_rfc3339(moment)


def _choices(text: str) -> str:
    """Some of HubSpot's own forms put a semicolon first, to add to what is there."""
    return text.strip(";")


_READERS: dict[FieldType, Callable[[str], Value]] = {
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "choices": _choices,
}
