"""Exports and imports: one export at a time, links that live five minutes, files that are read row by row.

https://developers.hubspot.com/docs/api-reference/latest/crm/exports/guide
https://developers.hubspot.com/docs/api-reference/latest/crm/imports/guide
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import orjson

from wirepost.providers.hubspot.sandbox.calls import Call, Reply, Route, kind_of
from wirepost.providers.hubspot.sandbox.definitions import PROPERTIES, TYPE_IDS
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError, not_found
from wirepost.providers.hubspot.sandbox.records import create_one
from wirepost.providers.hubspot.sandbox.rows import Row, stamp
from wirepost.providers.hubspot.sandbox.searching import matching
from wirepost.providers.hubspot.sandbox.state import State
from wirepost.providers.hubspot.sandbox.transferred import Export, Import
from wirepost.providers.hubspot.sandbox.values import accepted, check_id_property, find

STARTS_S, ENDS_S = 5.0, 20.0
"""After its turn has come a job is in progress, and then complete."""
LINK_S = 300.0
A_DAY = 30
AT_ONCE = 3
"""Imports that run at one time; others are deferred."""
UNFINISHED = frozenset({"DEFERRED", "STARTED", "PROCESSING"})
DAY_S = 86_400.0
PACKED = 2 * 1024 * 1024
"""Bytes from which on a file comes in an archive."""
REQUIRED = (
    "associatedObjectType",
    "exportInternalValuesOptions",
    "exportName",
    "includeLabeledAssociations",
    "includePrimaryDisplayPropertyForAssociatedObjects",
    "language",
    "overrideAssociatedObjectsPerDefinitionPerRowLimit",
)
"""Besides type, format, object and properties: what version 2026-09 asks of every export.

https://developers.hubspot.com/docs/api-reference/2026-09/crm/exports/create-export
"""
ID = "hs_object_id"
FILES = "/__exports/"


def file_at(state: State, path: str) -> bytes | None:
    """The content that a link leads to, while it does."""
    now = state.clock.monotonic()
    for export in state.transfers.exports.values():
        if export.links.get(path.removeprefix(FILES), 0.0) > now:
            return export.content
    return None


def _start_export(call: Call) -> Reply:
    body, now = call.body, call.state.clock.monotonic()
    if body.get("exportType") != "VIEW" or body.get("format") != "CSV":
        raise HubSpotError("Invalid input JSON: only views are exported here, as CSV")
    kind = kind_of(str(body["objectType"]))
    lacking = [name for name in REQUIRED if name not in body]
    if lacking:
        raise HubSpotError(f"Invalid input JSON: Some required fields were not set: {lacking}")
    unknown = [name for name in body["objectProperties"] if name not in PROPERTIES[kind]]
    if unknown:
        raise HubSpotError(f"Property {unknown[0]} does not exist")
    exports = call.state.transfers.exports
    if sum(now - each.asked_at < DAY_S for each in exports.values()) >= A_DAY:
        raise HubSpotError("You have reached your limit of exports", "RATE_LIMITS", status=429)
    turn = max([now, *(each.turn + ENDS_S for each in exports.values())])
    export = Export(str(8_000_001 + len(exports)), {**body, "kind": kind}, now, turn)
    exports[export.id] = export
    return Reply(202, {"id": export.id, "links": {"status": f"/crm/exports/{export.id}"}})


def _export_status(call: Call) -> Reply:
    export = call.state.transfers.exports.get(call.path["task"])
    if export is None:
        raise not_found(f"export {call.path['task']}")
    now = call.state.clock.monotonic()
    passed = now - export.turn
    status = "COMPLETE" if passed >= ENDS_S else "PROCESSING" if passed >= STARTS_S else "PENDING"
    moment = stamp(call.state.now)
    told: Body = {"status": status, "startedAt": moment, "completedAt": moment, "requestedAt": moment}
    if status == "COMPLETE":
        if export.content is None:
            export.content = _packed(_written(call.state, export.asked))
        link = f"{export.id}-{len(export.links) + 1}.csv"
        export.links[link] = now + LINK_S
        told["result"] = f"{call.origin}{FILES}{link}"
    return Reply(200, told)


def _written(state: State, asked: Body) -> bytes:
    """The records as a table; internal names where they are asked for."""
    kind = asked["kind"]
    names = list(dict.fromkeys([ID, *asked["objectProperties"]]))
    search = asked.get("publicCrmSearchRequest") or {"filters": []}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    groups = [group["filters"] for group in search.get("filterGroups") or [search]]
    rows = {row.id: row for conditions in groups for row in matching(state, kind, conditions)}
    for row in sorted(rows.values(), key=lambda row: int(row.id)):
        shown = row.shown(names, ())["properties"]
        writer.writerow([shown.get(name) or "" for name in names])
    return text.getvalue().encode()


def _packed(content: bytes) -> bytes:
    if len(content) <= PACKED:
        return content
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.csv", content)
    return packed.getvalue()


def _start_import(call: Call) -> Reply:
    form = call.form
    request: Body = orjson.loads(form["importRequest"])
    (file,) = request["files"]
    ((object_type, operation),) = request["importOperations"].items()
    kind = kind_of(object_type)
    head, *lines = list(csv.reader(io.StringIO(form["files"].decode("utf-8-sig"), newline="")))
    columns: list[Body] = file["fileImportPage"]["columnMappings"]
    if [each["columnName"] for each in columns] != head:
        raise HubSpotError("Columns of the file do not match columnMappings", "VALIDATION_ERROR")
    imports = call.state.transfers.imports
    made = Import(
        id=str(9_000_001 + len(imports)),
        name=str(request["name"]),
        at=_turn(call, imports.values()),
        kind=kind,
        operation=operation,
        made_at=stamp(call.state.now),
        columns=columns,
        lines=lines,
    )
    imports[made.id] = made
    return Reply(200, _shown(call, made))


def _turn(call: Call, imports: Iterable[Import]) -> float:
    """When one more may begin."""
    ends = sorted(made.at + ENDS_S for made in imports if _moved(call, made).state in UNFINISHED)
    now = call.state.clock.monotonic()
    return now if len(ends) < AT_ONCE else max(now, ends[-AT_ONCE])


def _get_import(call: Call) -> Reply:
    return Reply(200, _shown(call, _import(call)))


def _list_imports(call: Call) -> Reply:
    rows = [_shown(call, each) for each in reversed(call.state.transfers.imports.values())]
    return _page(call, rows)


def _errors(call: Call) -> Reply:
    return _page(call, _moved(call, _import(call)).errors)


def _cancel(call: Call) -> Reply:
    made = _moved(call, _import(call))
    if made.state in UNFINISHED:
        made.state = "CANCELED"
    moment = stamp(call.state.now)
    return Reply(200, {"status": "COMPLETE", "startedAt": moment, "completedAt": moment})


def _page(call: Call, rows: list[Body]) -> Reply:
    start, size = int(call.value("after") or 0), int(call.value("limit") or 10)
    body: Body = {"results": rows[start : start + size]}
    if start + size < len(rows):
        body["paging"] = {"next": {"after": str(start + size)}}
    return Reply(200, body)


def _import(call: Call) -> Import:
    made = call.state.transfers.imports.get(call.path["import"])
    if made is None:
        raise not_found(f"import {call.path['import']}")
    return made


def _shown(call: Call, made: Import) -> Body:
    _moved(call, made)
    return {
        "id": made.id,
        "importName": made.name,
        "importSource": "API",
        "state": made.state,
        "optOutImport": False,
        "mappedObjectTypeIds": [TYPE_IDS[made.kind]],
        "metadata": {"counters": made.counters, "fileIds": ["1"], "objectLists": []},
        "createdAt": made.made_at,
        "updatedAt": made.made_at,
    }


def _moved(call: Call, made: Import) -> Import:
    passed = call.state.clock.monotonic() - made.at
    if made.state in UNFINISHED:
        made.state = "DEFERRED" if passed < 0 else "STARTED" if passed < STARTS_S else "PROCESSING"
        if passed >= ENDS_S:
            _process(call.state, made)
    return made


def _process(state: State, made: Import) -> None:
    """Write every line, each for itself."""
    counted = {"TOTAL_ROWS": len(made.lines), "CREATED_OBJECTS": 0, "UPDATED_OBJECTS": 0, "ERRORS": 0}
    for number, cells in enumerate(made.lines, 2):
        given = {
            column["propertyName"]: text for column, text in zip(made.columns, cells, strict=False) if text
        }
        try:
            counted[_act(state, made)(given)] += 1
        except HubSpotError as error:
            counted["ERRORS"] += 1
            made.errors.append(_error(made, error, number, cells))
    made.state, made.counters = "DONE", counted


def _act(state: State, made: Import) -> Callable[[Mapping[str, str]], str]:
    """Writes one record; which counter counts it."""
    by = [each["propertyName"] for each in made.columns if each.get("columnType")]

    def act(given: Mapping[str, str]) -> str:
        row = _known(state, made.kind, by, given)
        if row is None and made.operation == "UPDATE":
            raise HubSpotError("No record was found", "UPDATE_ONLY_IMPORT")
        if row is not None and made.operation == "CREATE":
            raise HubSpotError("A record with this identifier exists", "CREATE_ONLY_IMPORT")
        values = {name: text for name, text in given.items() if name != ID}
        if row is None:
            create_one(state, made.kind, {"properties": values})
            return "CREATED_OBJECTS"
        state.change(made.kind, row, accepted(state, made.kind, values, row))
        return "UPDATED_OBJECTS"

    return act


def _known(state: State, kind: str, by: list[str], given: Mapping[str, str]) -> Row | None:
    for name in by:
        if name == ID:
            return state.table(kind).get(given.get(name, ""))
        check_id_property(kind, name)
        if given.get(name):
            return find(state, kind, name, given[name])
    return None


def _error(made: Import, error: HubSpotError, number: int, cells: list[str]) -> Body:
    known = {"UPDATE_ONLY_IMPORT", "CREATE_ONLY_IMPORT"}
    source: dict[str, Any] = {
        "lineNumber": number,
        "rowData": cells,
        "containsEncryptedProperties": False,
        "fileId": 1,
    }
    return {
        "id": str(len(made.errors) + 1),
        "createdAt": 0,
        "errorType": error.category if error.category in known else "FAILED_VALIDATION",
        "errorMessage": str(error),
        "objectTypeId": TYPE_IDS[made.kind],
        "sourceData": source,
    }


def _may_export(call: Call) -> list[str]:
    del call
    return ["crm.export"]


def _may_import(call: Call) -> list[str]:
    del call
    return ["crm.import"]


_EXPORT, _IMPORT = r"/crm/exports/2026-09/export/async", r"/crm/imports/2026-09"
ROUTES = [
    Route("POST", _EXPORT, _start_export, _may_export),
    Route("GET", _EXPORT + r"/tasks/(?P<task>\d+)/status", _export_status, _may_export),
    Route("POST", _IMPORT, _start_import, _may_import),
    Route("GET", _IMPORT, _list_imports, _may_import),
    Route("GET", _IMPORT + r"/(?P<import>\d+)", _get_import, _may_import),
    Route("GET", _IMPORT + r"/(?P<import>\d+)/errors", _errors, _may_import),
    Route("POST", _IMPORT + r"/(?P<import>\d+)/cancel", _cancel, _may_import),
]
