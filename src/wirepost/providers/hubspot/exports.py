"""`hubspot.export`: exports as jobs; their files are there for five minutes, and another link can be had.

https://developers.hubspot.com/docs/api-reference/latest/crm/exports/guide
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import IO
from urllib.parse import parse_qsl, urlsplit

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.contracts.records import Query
from wirepost.core.errors import Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import HubSpotClient, dated
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.search import ID, condition, groups
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream.client import Ask

EXPORT = "hubspot.export"
NAME = "Wirepost"
STATUSES: dict[str, JobStatus] = {
    "PENDING": "queued",
    "PROCESSING": "running",
    "COMPLETE": "succeeded",
    "CANCELED": "cancelled",
}
USED_UP = "HubSpot takes 30 exports in 24 hours; try again later, or page through crm_search_records"
RECORD_ID = "Record ID"
"""How the id's column may be called."""
MAX_MESSAGE = 500
IN_MEMORY = 4 * 1024 * 1024
"""Bytes of a file that are not put on the disk: archives have to be there as a whole."""
_ZIP = b"PK\x03\x04"


async def start_export(client: HubSpotClient, kind: Kind, query: Query, *, key: str | None) -> Started:
    """Have records exported; twice the same only costs one of the day's thirty exports.

    That no associations are wanted has to be said, and so have `filters` besides groups of them:
    https://developers.hubspot.com/docs/api-reference/2026-09/crm/exports/create-export
    """
    conditions = [condition(each) for each in query.filters]
    search = {
        "query": query.text or "",
        "filterGroups": groups(conditions, is_any=query.is_any),
        "filters": [],
        "sorts": [],
    }
    body = {
        "exportType": "VIEW",
        "exportName": NAME,
        "format": "CSV",
        "language": "EN",
        "objectType": kind.type_id,
        "objectProperties": list(dict.fromkeys([ID, *query.fields])),
        "associatedObjectType": [],
        "exportInternalValuesOptions": ["NAMES", "VALUES"],
        "includeLabeledAssociations": False,
        "includePrimaryDisplayPropertyForAssociatedObjects": False,
        "overrideAssociatedObjectsPerDefinitionPerRowLimit": False,
        "publicCrmSearchRequest": search,
    }
    try:
        made = await client.write(dated("crm/exports", "export", "async"), body, key=key)
    except Unavailable as refusal:
        if refusal.code in {"rate_limited", "quota_exhausted"}:
            refusal.hint = USED_UP
        raise
    return Started(kind=EXPORT, provider_id=str(made["id"]))


async def look_at(look: Look[HubSpotClient]) -> Seen:
    """Read how an export stands."""
    raw = await look.api.get(_path(look))
    status = STATUSES.get(str(raw.get("status")), "running")
    errors = [each for each in raw.get("errors") or () if isinstance(each, dict)]
    if status == "succeeded" and not raw.get("result"):
        status = "failed"
    told = str(errors[0].get("message")) if errors else "HubSpot gives no reason"
    return Seen(
        status=status,
        provider_status=clean_line(str(raw.get("status")), 80),
        error=Problem("upstream_rejected", clean_line(told, MAX_MESSAGE)) if status == "failed" else None,
    )


async def read_results(look: Look[HubSpotClient]) -> AsyncIterator[Row]:
    """Every record by the names of its properties, all values as texts; by a new link."""
    raw = await look.api.get(_path(look))
    url = urlsplit(str(raw.get("result") or ""))
    if not url.hostname:
        raise Unavailable("upstream_unavailable", "HubSpot names no file for this export")
    ask = Ask("GET", url.path, tuple(parse_qsl(url.query)), origin=f"{url.scheme}://{url.netloc}")
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        async with look.api.stream(ask) as content:
            async for piece in content.pieces:
                file.write(piece)
        for row in rows_of(file):
            yield row


KINDS = (JobKind(EXPORT, "Export (HubSpot)", look=look_at, results=read_results, forgets_early=True),)
"""HubSpot has no way to end an export."""


def _path(look: Look[HubSpotClient]) -> str:
    return dated("crm/exports", "export", "async", "tasks", look.job.provider_id, "status")


def rows_of(file: IO[bytes]) -> Iterator[Row]:
    """The rows of a table, or of all tables of an archive: files of more than 2 MB come packed."""
    file.seek(0)
    is_packed = file.read(len(_ZIP)) == _ZIP
    file.seek(0)
    if not is_packed:
        yield from _table(file)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            for name in sorted(archive.namelist()):
                with archive.open(name) as part:
                    yield from _table(part)
    except zipfile.BadZipFile:
        raise Rejected("upstream_rejected", "HubSpot's file is a damaged archive") from None


def _table(file: IO[bytes]) -> Iterator[Row]:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    for row in csv.DictReader(text):
        if RECORD_ID in row:
            row.setdefault(ID, row.pop(RECORD_ID))
        yield row
    text.detach()
