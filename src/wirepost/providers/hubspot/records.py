"""Records: rows of HubSpot as the contract's records, and their addresses in HubSpot's interface."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wirepost.contracts.records import Draft, Link, ObjectSchema, Record
from wirepost.core.errors import NotConnected, Rejected
from wirepost.core.times import to_rfc3339
from wirepost.providers.hubspot.client import HubSpotClient, Json
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import moment_of, stored, typed

Url = Callable[[str], str | None]


async def addresses(client: HubSpotClient, kind: Kind) -> Url:
    """Id → address of the record; none for objects without pages or where the account cannot be read."""
    if not kind.has_page:
        return _nowhere
    try:
        account = await client.account()
    except (NotConnected, Rejected):
        return _nowhere
    start = f"https://{account['uiDomain']}/contacts/{account['portalId']}/record/{kind.type_id}/"
    return lambda record_id: start + record_id


def record_of(
    row: Json,
    schema: ObjectSchema,
    fields: Iterable[str],
    url: Url,
    links: dict[str, list[Link]] | None = None,
) -> Record:
    """A row with the named fields, typed."""
    values = row["properties"]
    described = {field.name: field for field in schema.fields}
    return Record(
        id=row["id"],
        object=schema.object,
        fields={name: typed(values.get(name), described[name]) for name in fields if name in described},
        url=row.get("url") or url(row["id"]),
        created_at=_moment(row.get("createdAt")),
        updated_at=_moment(row.get("updatedAt")),
        archived=row.get("archived") or None,
        links=links,
    )


def has_values(row: Json, draft: Draft, schema: ObjectSchema) -> bool:
    """Whether a row has a draft's values; HubSpot may change the case of letters and the form of times."""
    for name, value in draft.fields.items():
        field = schema.field(name)
        if field is None:
            return False
        kept, wanted = typed(row["properties"].get(name), field), typed(stored(value), field)
        if _plain(kept) != _plain(wanted):
            return False
    return True


def _plain(value: object) -> object:
    return value.strip().casefold() if isinstance(value, str) else value


def _moment(text: str | None) -> str | None:
    """To the millisecond, or a record that nobody has touched would seem to have been changed since."""
    moment = moment_of(text) if text else None
    if moment is None or not moment.microsecond:
        return None if moment is None else to_rfc3339(moment)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _nowhere(record_id: str) -> str | None:
    del record_id
    return None
