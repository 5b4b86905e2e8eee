"""`hubspot.import`: imports as jobs, known by a name of their own.

https://developers.hubspot.com/docs/api-reference/latest/crm/imports/guide
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.contracts.records import Draft, FieldSchema, Import, ImportOperation, ObjectSchema, imported
from wirepost.core.errors import FieldProblem, InvalidCall, OutcomeUnknown
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated
from wirepost.providers.hubspot.kinds import Kind
from wirepost.providers.hubspot.properties import sought, stored
from wirepost.providers.hubspot.search import ID
from wirepost.tools.jobs import JobStatus, Started
from wirepost.upstream.multipart import FilePart

IMPORT = "hubspot.import"
FILE = "records.csv"
OPERATIONS: Mapping[ImportOperation, str] = {"create": "CREATE", "update": "UPDATE", "upsert": "UPSERT"}
STATES: dict[str, JobStatus] = {
    "STARTED": "running",
    "DEFERRED": "queued",
    "PROCESSING": "running",
    "DONE": "succeeded",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "REVERTED": "cancelled",
}
COUNTED = {
    "CREATED_OBJECTS": "created",
    "UPDATED_OBJECTS": "updated",
    "ERRORS": "errors",
}
"""Counters of an import, where HubSpot gives them."""
MOST_BYTES = 512_000_000
LATE = timedelta(minutes=2)
"""After which an import that is not in the list was never made."""
PAGE = 100
MOST_PAGES = 50
_HEAD = 1
"""Lines before the first record; HubSpot counts lines of the file from 1, and 0 is the file as a whole.

https://developers.hubspot.com/docs/api-reference/2026-09/crm/imports/get-import-errors
"""


async def start_import(client: HubSpotClient, kind: Kind, schema: ObjectSchema, wanted: Import) -> Started:
    """Have records written from a file; raises `InvalidCall` for what an import cannot do."""
    columns = _columns(wanted)
    content = _content(schema, wanted, columns)
    # What is created is told apart by the standard property, and two of the same address are refused; what
    # is updated is found by one column only, or HubSpot might take another.
    known_by = kind.unique if wanted.operation == "create" else wanted.match_field
    request = {
        "name": wanted.name,
        "importOperations": {kind.type_id: OPERATIONS[wanted.operation]},
        "dateFormat": "YEAR_MONTH_DAY",
        "files": [
            {
                "fileName": FILE,
                "fileFormat": "CSV",
                "fileImportPage": {
                    "hasHeader": True,
                    "columnMappings": [_mapping(kind, name, known_by) for name in columns],
                },
            }
        ],
    }
    fields = {"importRequest": orjson.dumps(request).decode()}
    raw = await client.upload(dated("crm/imports"), fields, FilePart("files", FILE, "text/csv", content))
    return _started(raw, wanted, columns)


async def find_import(client: HubSpotClient, wanted: Import, since: datetime) -> Started | None:
    """The import of this name."""
    after: str | None = None
    for _ in range(MOST_PAGES):
        page = await client.get(dated("crm/imports"), limit=PAGE, after=after)
        for raw in page.get("results") or ():
            if raw.get("importName") == wanted.name:
                return _started(raw, wanted, _columns(wanted))
        after = ((page.get("paging") or {}).get("next") or {}).get("after")
        if not after:
            break
    if client.upstream.clock.now() - since < LATE:
        raise OutcomeUnknown(
            "outcome_unknown",
            "HubSpot does not list the import, which may be on its way",
            hint="Repeat the call with the same intent in some minutes",
        )
    return None


async def look_at(look: Look[HubSpotClient]) -> Seen:
    """Read how an import stands."""
    raw = await look.api.get(_path(look))
    counters, state = _counters(raw), str(raw.get("state"))
    status = _ended(state, counters)
    told = [f"{counters[name]} {word}" for name, word in COUNTED.items() if name in counters]
    is_over = status not in {"queued", "running"}
    counted = f"HubSpot counts {', '.join(told)}, and names only rows with errors"
    return Seen(
        status=status,
        provider_status=clean_line(state, 80),
        done=counters.get("TOTAL_ROWS"),
        error=await _problem(look) if state == "FAILED" else None,
        warnings=(counted,) if is_over and told else (),
    )


async def read_results(look: Look[HubSpotClient]) -> AsyncIterator[Row]:
    """What was wrong, error by error; HubSpot does not tell of the rows that went well."""
    names, after = list(look.job.details.get("columns") or ()), None
    for _ in range(MOST_PAGES * PAGE):
        page = await look.api.get(
            f"{_path(look)}/errors", limit=PAGE, after=after, includeErrorMessage=True, includeRowData=True
        )
        for raw in page.get("results") or ():
            yield _failure(raw, names)
        after = ((page.get("paging") or {}).get("next") or {}).get("after")
        if not after:
            return


async def _problem(look: Look[HubSpotClient]) -> Problem:
    """Why nothing was imported: the first error, as rows of what has failed are not read."""
    page = await look.api.get(f"{_path(look)}/errors", limit=1, includeErrorMessage=True)
    errors = page.get("results") or ()
    told = f": {_failure(errors[0], ())['error']['message']}" if errors else ""
    return Problem("upstream_rejected", f"HubSpot could not read the import{told}")


async def cancel(look: Look[HubSpotClient]) -> None:
    """Ask for its end; what was written stays."""
    await look.api.write(f"{_path(look)}/cancel", None, key=look.job.id)


KINDS = (JobKind(IMPORT, "Import (HubSpot)", look=look_at, results=read_results, cancel=cancel),)


def _path(look: Look[HubSpotClient]) -> str:
    return dated("crm/imports", look.job.provider_id)


def _columns(wanted: Import) -> list[str]:
    """The properties of the file, the one that finds records first."""
    found = [ID] if any(draft.id for draft in wanted.drafts) else []
    return list(dict.fromkeys([*found, *(name for draft in wanted.drafts for name in draft.fields)]))


def _mapping(kind: Kind, name: str, known_by: str | None) -> Json:
    mapping: Json = {"columnObjectTypeId": kind.type_id, "columnName": name, "propertyName": name}
    if name == ID:
        return {**mapping, "columnType": "HUBSPOT_OBJECT_ID"}
    return {**mapping, "columnType": "HUBSPOT_ALTERNATE_ID"} if name == known_by else mapping


def _content(schema: ObjectSchema, wanted: Import, columns: Sequence[str]) -> bytes:
    fields = {name: schema.field(name) for name in columns}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for number, draft in enumerate(wanted.drafts, 1):
        if wanted.operation != "create":
            _refuse_emptying(draft, number)
        writer.writerow([_cell(draft, name, fields[name]) for name in columns])
    content = text.getvalue().encode()
    if len(content) > MOST_BYTES:
        raise _refusal("file_ref", f"has more than {MOST_BYTES // 1_000_000} MB", "Divide it")
    return content


def _refuse_emptying(draft: Draft, number: int) -> None:
    """An empty cell leaves the value that is there."""
    for name, value in draft.fields.items():
        if value is None:
            problem = f"is to be emptied in record {number}, which HubSpot's imports cannot do"
            raise _refusal(name, problem, "Empty it with crm_update_records")


def _cell(draft: Draft, name: str, field: FieldSchema | None) -> str:
    if name == ID:
        return draft.id or ""
    value = draft.fields.get(name)
    return sought(value, field) if field is not None and field.type == "datetime" else stored(value)


def _refusal(path: str, problem: str, hint: str) -> InvalidCall:
    named = FieldProblem(path=path, problem=problem)
    return InvalidCall("unsupported_by_provider", f"{path} {problem}", hint=hint, fields=[named])


def _started(raw: Json, wanted: Import, columns: Sequence[str]) -> Started:
    return Started(
        kind=IMPORT,
        provider_id=str(raw["id"]),
        details={"columns": list(columns)},
        status=STATES.get(str(raw.get("state")), "running"),
        total=len(wanted.drafts),
    )


def _ended(state: str, counters: Mapping[str, int]) -> JobStatus:
    """What was written stays written, unless it was reverted: an end in the middle is a part."""
    written = counters.get("CREATED_OBJECTS", 0) + counters.get("UPDATED_OBJECTS", 0)
    if (state == "DONE" and counters.get("ERRORS")) or (state in {"CANCELED", "FAILED"} and written):
        return "partial"
    return STATES.get(state, "running")


def _counters(raw: Json) -> dict[str, int]:
    found = (raw.get("metadata") or {}).get("counters")
    if not isinstance(found, dict):
        return {}
    return {str(name): each for name, each in found.items() if isinstance(each, int)}


def _failure(raw: Json, names: Sequence[str]) -> Row:
    source = raw.get("sourceData") or {}
    line, cells = source.get("lineNumber"), source.get("rowData")
    told: Any = raw.get("errorMessage") or raw.get("extraContext") or raw.get("invalidValue")
    return imported(
        "failed",
        number=line - _HEAD if isinstance(line, int) and line > _HEAD else None,
        code=clean_line(str(raw.get("errorType") or "UNKNOWN_ERROR"), 100),
        message=clean_line(str(told or "HubSpot gives no reason"), 500),
        fields=dict(zip(names, cells, strict=False)) if isinstance(cells, list) else None,
    )
