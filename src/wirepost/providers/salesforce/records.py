"""Records: rows of Salesforce as the contract's records, typed, with their addresses in its interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from wirepost.contracts.records import Draft, FieldSchema, Link, ObjectSchema, Record
from wirepost.core.times import to_rfc3339
from wirepost.providers.salesforce import ids
from wirepost.providers.salesforce.client import Json, SalesforceClient
from wirepost.providers.salesforce.kinds import OWNER

CREATED, CHANGED = "CreatedDate", "SystemModstamp"
"""The second moves with every change, also those of Salesforce itself."""
CREATOR = "CreatedById"
GIVEN = frozenset({"text", "long_text", "html", "reference"})
"""Types of values that seldom have a default."""
MOST_SAFE = 2**53

Url = Callable[[str], str | None]


def addresses(client: SalesforceClient, object_name: str) -> Url:
    """Id → address of the record."""
    start = f"{client.upstream.address}/lightning/r/{object_name}/"
    return lambda record_id: f"{start}{record_id}/view"


def columns(schema: ObjectSchema, fields: Iterable[str]) -> list[str]:
    """The fields to ask for, so that `record_of` has all it needs."""
    names = {field.name for field in schema.fields}
    return list(dict.fromkeys(name for name in ("Id", *fields, CREATED, CHANGED) if name in names))


def record_of(
    row: Json,
    schema: ObjectSchema,
    fields: Iterable[str],
    url: Url,
    links: dict[str, list[Link]] | None = None,
) -> Record:
    """A row with the named fields, typed."""
    described = {field.name: field for field in schema.fields}
    record_id = ids.canonical(row["Id"])
    return Record(
        id=record_id,
        object=schema.object,
        fields={name: typed(row.get(name), described[name]) for name in fields if name in described},
        url=url(record_id),
        created_at=_moment(row.get(CREATED)),
        updated_at=_moment(row.get(CHANGED)),
        archived=row.get("IsDeleted") or None,
        links=links,
    )


def typed(value: Any, field: FieldSchema) -> Any:
    """A value as the contract writes it: moments in RFC 3339, whole numbers without fraction."""
    if value == "":
        return None
    if field.type == "datetime" and isinstance(value, str):
        return _moment(value) or value
    if isinstance(value, float) and value.is_integer() and abs(value) < MOST_SAFE:
        return int(value)
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name != "attributes"}
    return value


def has_values(row: Json, draft: Draft, schema: ObjectSchema) -> bool:
    """Whether a row has a draft's values, in whatever form.

    Salesforce trims texts, changes the case of some, rounds, spells ids long and orders choices.
    """
    for name, value in draft.fields.items():
        field = schema.field(name)
        if field is None or _plain(row.get(name), field) != _plain(value, field):
            return False
    return True


def says_more(row: Json, draft: Draft, schema: ObjectSchema) -> bool:
    """Whether a row has a text or a link that a draft does not; Salesforce itself gives new records none."""
    others = [
        field for field in map(schema.field, schema.defaults) if field and field.name not in draft.fields
    ]
    return any(
        field.writable and field.type in GIVEN and field.name != OWNER and row.get(field.name)
        for field in others
    )


def moment_of(text: str) -> datetime | None:
    """A time as Salesforce writes it (`2026-11-25T10:00:00.000+0000`)."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(raw: Any, field: FieldSchema) -> Any:
    """A value in the one form that all its equals have."""
    value = typed(raw, field)
    if isinstance(value, str):
        if field.type == "reference":
            return ids.canonical(value)
        if field.type == "choices":
            return frozenset(" ".join(choice.split()).casefold() for choice in value.split(";")) - {""}
        return " ".join(value.split()).casefold() or None
    return round(value, 2) if isinstance(value, float) else value


def _moment(text: str | None) -> str | None:
    moment = moment_of(text) if text else None
    return None if moment is None else to_rfc3339(moment)
