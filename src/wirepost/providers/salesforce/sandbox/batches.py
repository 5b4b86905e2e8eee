"""Several records at once: one result for each, in input order.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from wirepost.providers.salesforce.sandbox import values
from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.definitions import Field, Kind
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, unreadable
from wirepost.providers.salesforce.sandbox.keys import read
from wirepost.providers.salesforce.sandbox.records import check_names, record_of, remove

MOST = 200
MOST_READ = 2000


def _each(call: Call, items: Sequence[Any], act: Callable[[Any], Body]) -> Reply:
    """Write each; with `allOrNone`, all are taken back where one fails."""
    if not 1 <= len(items) <= MOST:
        message = f"record count {len(items)} must be between 1 and {MOST}"
        raise SalesforceError("EXCEEDED_ID_LIMIT" if items else "INVALID_INPUT", message)
    is_atomic = call.content.get("allOrNone") is True if call.content else call.value("allOrNone") == "true"
    mark = call.state.mark()
    results = [_result(item, act) for item in items]
    if is_atomic and not all(result["success"] for result in results):
        call.state.roll_back(mark)
        results = [_rolled_back(result) for result in results]
    return Reply(200, results)


def _result(item: Any, act: Callable[[Any], Body]) -> Body:
    try:
        return {"success": True, "errors": [], **act(item)}
    except SalesforceError as error:
        key = {"id": item["id"]} if isinstance(item, dict) and item.get("id") else {}
        return {**key, "success": False, "errors": [error.in_collection()]}


def _rolled_back(result: Body) -> Body:
    if not result["success"]:
        return result
    message = (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    error = {"statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK", "message": message, "fields": []}
    return {"success": False, "errors": [error]}


def _records(call: Call) -> list[Body]:
    found = call.body.get("records")
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise unreadable("records must be a list of objects")
    for each in found:
        if "type" not in each.get("attributes", {}):
            raise SalesforceError("INVALID_INPUT", "each record needs attributes with a type")
    return found


def _given(record: Body) -> Body:
    return {name: value for name, value in record.items() if name not in {"attributes", "id", "Id"}}


def create_one(call: Call, kind: Kind, record: Body) -> Body:
    """A new record of several."""
    if record.get("id") or record.get("Id"):
        raise SalesforceError(
            "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", fields=["Id"]
        )
    return {"id": values.written(call.state, kind, _given(record), may_repeat=call.may_repeat).id}


def update_one(call: Call, kind: Kind, record: Body) -> Body:
    """Other values for one record of several."""
    key = record.get("id") or record.get("Id")
    if not key:
        raise SalesforceError("MISSING_ARGUMENT", "Id not specified in an update call", fields=["Id"])
    row = _get(call, str(key), kind.name)
    values.written(call.state, kind, _given(record), row, may_repeat=call.may_repeat)
    return {"id": row.id}


def upsert_one(call: Call, kind: Kind, field: Field, record: Body) -> Body:
    """Other values for the record with the same external id, or a new one."""
    given = _given(record)
    value = record.get("Id") or record.get("id") if field.type == "id" else given.get(field.name)
    if value in (None, "") and field.type != "id":
        message = f"{field.name} not specified"
        raise SalesforceError("MISSING_ARGUMENT", message, fields=[field.name])
    row = values.matching(call.state, kind, field, value) if value else None
    if row is None and value and field.type == "id":
        raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    is_new = row is None
    row = values.written(call.state, kind, given, row, may_repeat=call.may_repeat)
    return {"id": row.id, "created": is_new}


def _create(call: Call) -> Reply:
    return _each(call, _records(call), lambda record: create_one(call, _kind_of(call, record), record))


def _update(call: Call) -> Reply:
    return _each(call, _records(call), lambda record: update_one(call, _kind_of(call, record), record))


def _kind_of(call: Call, record: Body) -> Kind:
    return values.state_kind(call.state, record["attributes"]["type"])


def _get(call: Call, key: str, object_name: str | None = None) -> Any:
    row = call.state.find(key, object_name)
    if row is not None:
        return row
    if call.state.is_deleted(key):
        raise SalesforceError("ENTITY_IS_DELETED", "entity is deleted")
    if read(key) is None:
        raise SalesforceError("MALFORMED_ID", f"malformed id {key[:40]}")
    raise SalesforceError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _delete(call: Call) -> Reply:
    def one(key: str) -> Body:
        row = _get(call, key)
        remove(call, row)
        return {"id": row.id}

    return _each(call, [key for key in call.needed("ids").split(",") if key], one)


def _upsert(call: Call) -> Reply:
    field = values.external(call.kind, call.path["field"])
    return _each(call, _records(call), lambda record: upsert_one(call, call.kind, field, record))


def _read(call: Call) -> Reply:
    """Those that do not exist are null."""
    if call.content is None:
        ids, names = call.needed("ids").split(","), call.needed("fields").split(",")
    else:
        ids, names = call.body.get("ids") or [], call.body.get("fields") or []
    if not ids or len(ids) > MOST_READ:
        raise SalesforceError("EXCEEDED_ID_LIMIT", f"between 1 and {MOST_READ} ids are allowed")
    kind = call.kind
    check_names(kind, names)
    rows = [call.state.find(str(key), kind.name) for key in ids]
    return Reply(200, [None if row is None else record_of(call, row, names, kind) for row in rows])


ROUTES = [
    Route("POST", r"/composite/sobjects", _create),
    Route("PATCH", r"/composite/sobjects", _update),
    Route("DELETE", r"/composite/sobjects", _delete),
    Route("GET", r"/composite/sobjects/(?P<object>\w+)", _read),
    Route("POST", r"/composite/sobjects/(?P<object>\w+)", _read),
    Route("PATCH", r"/composite/sobjects/(?P<object>\w+)/(?P<field>\w+)", _upsert),
]
