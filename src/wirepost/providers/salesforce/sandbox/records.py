"""Single records (https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/).

Resources sObject Rows, by External ID, Relationship Traversal and Blob Get.
"""

from __future__ import annotations

from base64 import b64decode
from email.utils import parsedate_to_datetime
from typing import Any

from wirepost.providers.salesforce.sandbox import values
from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.definitions import READ_ONLY, Field, Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, not_found
from wirepost.providers.salesforce.sandbox.fields import follow, shown
from wirepost.providers.salesforce.sandbox.rows import Row


def record_of(call: Call, row: Row, names: list[str] | None = None, kind: Kind | None = None) -> Body:
    """The record with the fields asked for, or all."""
    kind = kind or values.state_kind(call.state, row.object)
    attributes = {"type": kind.name, "url": f"{call.base}/sobjects/{kind.name}/{row.id}"}
    record: Body = {"attributes": attributes}
    for field in _fields(kind, names):
        record[field.name] = shown(row.values.get(field.name), row, field, call.base)
    return record


def check_names(kind: Kind, names: list[str]) -> None:
    """Refuse fields that do not exist."""
    _fields(kind, names)


def remove(call: Call, row: Row) -> None:
    """Delete a record, unless others need it."""
    if row.object in READ_ONLY:
        message = f"entity type cannot be deleted: {row.object}"
        raise SalesforceError("INSUFFICIENT_ACCESS_OR_READONLY", message, status=403)
    cases = [child for child, _ in call.state.references(row) if child.object == "Case"]
    if row.object in {"Contact", "Account"} and cases:
        name = row.values.get("Name")
        message = (
            f"Your attempt to delete {name} could not be completed because it is associated with the "
            f"following cases.: {', '.join(str(case.values['CaseNumber']) for case in cases[:5])}"
        )
        raise SalesforceError("DELETE_FAILED", message)
    call.state.delete(row)


def _fields(kind: Kind, names: list[str] | None) -> list[Field]:
    if names is None:
        return list(kind.fields.values())
    unknown = [name for name in names if name.lower() not in kind.by_lower]
    if unknown:
        message = f"No such column '{unknown[0]}' on sobject of type {kind.name}"
        raise SalesforceError("INVALID_FIELD", message)
    return [kind.by_lower[name.lower()] for name in dict.fromkeys(["Id", *names])]


def _names(call: Call) -> list[str] | None:
    asked = call.value("fields")
    return None if asked is None else [name.strip() for name in asked.split(",")]


def _create(call: Call) -> Reply:
    row = values.written(call.state, call.kind, _sent(call), may_repeat=call.may_repeat)
    location = {"Location": f"{call.base}/sobjects/{row.object}/{row.id}"}
    return Reply(201, {"id": row.id, "success": True, "errors": []}, location)


def _read(call: Call) -> Reply:
    row = values.get(call.state, call.kind, call.path["id"])
    return Reply(200, record_of(call, row, _names(call), call.kind))


def _update(call: Call) -> Reply:
    row = values.get(call.state, call.kind, call.path["id"])
    since = call.headers.get("if-unmodified-since")
    if since is not None and row.values["LastModifiedDate"] > parsedate_to_datetime(since):
        message = "The record has been modified since the given time"
        raise SalesforceError("PRECONDITION_FAILED", message, status=412)
    values.written(call.state, call.kind, _sent(call), row, may_repeat=call.may_repeat)
    return Reply(204)


def _delete(call: Call) -> Reply:
    remove(call, values.get(call.state, call.kind, call.path["id"]))
    return Reply(204)


def _sent(call: Call) -> dict[str, Any]:
    """The fields of a body."""
    given = {name: value for name, value in call.body.items() if name != "attributes"}
    if "Id" in given or "id" in given:
        message = "The Id field should not be specified in the sobject data."
        raise SalesforceError("INVALID_FIELD", message)
    return given


def _found(call: Call) -> tuple[Field, Row | None]:
    field = values.external(call.kind, call.path["field"])
    return field, values.matching(call.state, call.kind, field, call.path["value"])


def _read_external(call: Call) -> Reply:
    """By a unique field; or the records that a record is related to."""
    name = call.path["field"]
    if name in call.kind.fields:
        _, row = _found(call)
        if row is None:
            raise not_found()
        return Reply(200, record_of(call, row, _names(call), call.kind))
    return _related(call, values.get(call.state, call.kind, name), call.path["value"])


def _related(call: Call, row: Row, relationship: str) -> Reply:
    field = call.kind.fields.get(relationship)
    if field is not None and field.type == "base64":
        return Reply(200, b64decode(row.values.get(field.name) or ""))
    parent = call.kind.relationships.get(relationship.lower())
    if parent is not None:
        at = follow(call.state, row, (parent,))
        if at is None:
            raise not_found(f"The requested resource does not exist: {relationship} is empty")
        return Reply(200, record_of(call, at, _names(call)))
    child = call.kind.children.get(relationship)
    if child is None:
        raise not_found()
    kind = values.state_kind(call.state, child.object)
    rows = [one for one in call.state.table(kind.name).values() if one.values.get(child.name) == row.id]
    records = [record_of(call, one, _names(call), kind) for one in rows]
    return Reply(200, {"totalSize": len(records), "done": True, "records": records})


def _upsert(call: Call) -> Reply:
    field, row = _found(call)
    given = _sent(call)
    if field.name in given:
        message = f"The {field.name} field should not be specified in the sobject data."
        raise SalesforceError("INVALID_FIELD", message)
    if row is None and (field.type == "id" or call.value("updateOnly") == "true"):
        raise not_found()
    is_new = row is None
    extra = {field.name: call.path["value"]} if is_new else {}
    row = values.written(call.state, call.kind, given | extra, row, may_repeat=call.may_repeat)
    body = {"id": row.id, "success": True, "errors": [], "created": is_new}
    return Reply(201 if is_new else 200, body)


def _delete_external(call: Call) -> Reply:
    _, row = _found(call)
    if row is None:
        raise not_found()
    remove(call, row)
    return Reply(204)


ROUTES = [
    Route("POST", r"/sobjects/(?P<object>\w+)", _create),
    Route("GET", r"/sobjects/(?P<object>\w+)/(?P<id>\w+)", _read),
    Route("PATCH", r"/sobjects/(?P<object>\w+)/(?P<id>\w+)", _update),
    Route("DELETE", r"/sobjects/(?P<object>\w+)/(?P<id>\w+)", _delete),
    Route("GET", r"/sobjects/(?P<object>\w+)/(?P<field>\w+)/(?P<value>[^/]+)", _read_external),
    Route("PATCH", r"/sobjects/(?P<object>\w+)/(?P<field>\w+)/(?P<value>[^/]+)", _upsert),
    Route("DELETE", r"/sobjects/(?P<object>\w+)/(?P<field>\w+)/(?P<value>[^/]+)", _delete_external),
]
__all__ = ["ROUTES", "check_names", "record_of", "remove"]
