"""Endpoints for records, one by one and in batches of at most 100.

https://developers.hubspot.com/docs/api-reference/latest/crm/objects/objects/guide
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wirepost.providers.hubspot.sandbox.calls import Call, Reply, Route, batch, check_size, kind_of
from wirepost.providers.hubspot.sandbox.definitions import ACTIVITIES, PROPERTIES
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError, not_found
from wirepost.providers.hubspot.sandbox.links import TYPES
from wirepost.providers.hubspot.sandbox.own_objects import OWN_NAMES, OWN_OBJECTS
from wirepost.providers.hubspot.sandbox.rows import Row
from wirepost.providers.hubspot.sandbox.searching import found
from wirepost.providers.hubspot.sandbox.state import State
from wirepost.providers.hubspot.sandbox.values import accepted, check_id_property, find

MOST, PAGE = 100, 100
TRACE = "objectWriteTraceId"
DEFAULTS = {
    "contacts": ["email", "firstname", "lastname"],
    "companies": ["name", "domain"],
    "deals": ["amount", "closedate", "dealname", "dealstage", "pipeline"],
    "tickets": ["content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "subject"],
    "products": ["name", "description", "price"],
}
REQUIRED = {
    **dict.fromkeys(ACTIVITIES, ("hs_timestamp",)),
    **{own.name: own.required for own in OWN_OBJECTS},
}


def permissions(call: Call, *, is_write: bool) -> list[str]:
    """What a token needs for an object; activities ride on contacts."""
    kind, right = call.kind, "write" if is_write else "read"
    if kind == "tickets":
        return ["tickets"]
    if kind == "products":
        return ["e-commerce", f"crm.objects.products.{right}"]
    stem = "custom" if kind in OWN_NAMES else "contacts" if kind in ACTIVITIES else kind
    return [f"crm.objects.{stem}.{right}"]


def _may_read(call: Call) -> list[str]:
    return permissions(call, is_write=False)


def _may_write(call: Call) -> list[str]:
    return permissions(call, is_write=True)


def _list(call: Call) -> Reply:
    limit, after = int(call.value("limit") or 10), int(call.value("after") or 0)
    if not 1 <= limit <= PAGE:
        raise HubSpotError(f"limit must be between 1 and {PAGE}")
    kind = call.kind
    is_archived = call.value("archived") == "true"
    table = call.state.archived(kind) if is_archived else call.state.table(kind)
    rows = [row for row in table.values() if int(row.id) >= after]
    body: Body = {"results": [_shown(kind, row, call.values("properties") or None) for row in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = {"next": {"after": rows[limit].id}}
    return Reply(200, body)


def _get(call: Call) -> Reply:
    kind = call.kind
    row = call.state.table(kind).get(call.path["id"])
    if row is None:
        raise not_found(f"{kind} {call.path['id']}")
    return Reply(200, _shown(kind, row, call.values("properties") or None))


def _create(call: Call) -> Reply:
    kind = call.kind
    return Reply(201, _shown(kind, create_one(call.state, kind, call.body), list(call.body["properties"])))


def _search(call: Call) -> Reply:
    rows, end, total = found(call.state, call.kind, call.body)
    body: Body = {
        "total": total,
        "results": [_shown(call.kind, row, call.body.get("properties")) for row in rows],
    }
    if end < total:
        body["paging"] = {"next": {"after": str(end)}}
    return Reply(200, body)


def _batch_read(call: Call) -> Reply:
    kind, inputs = call.kind, call.inputs
    check_size(inputs, MOST)
    id_property = call.body.get("idProperty")
    if id_property is not None:
        check_id_property(kind, id_property)
    rows: dict[str, Row] = {}
    missing = []
    for given in inputs:
        row = _row(call.state, kind, str(given["id"]), id_property)
        if row is None:
            missing.append(str(given["id"]))
        else:
            rows[row.id] = row
    errors = []
    if missing:
        errors.append(HubSpotError("Could not get some objects", "OBJECT_NOT_FOUND").in_batch(ids=missing))
    return batch(call.state, (_shown(kind, row, call.body["properties"]) for row in rows.values()), errors)


def _batch_create(call: Call) -> Reply:
    kind = call.kind

    def act(given: Body) -> Body:
        row = create_one(call.state, kind, given)
        return _shown(kind, row, list(given["properties"]))

    return _each(call, lambda given: _check_new(call.state, kind, given), act, status=201)


def _batch_update(call: Call) -> Reply:
    kind = call.kind

    def changed(given: Body) -> tuple[Row, dict[str, str]]:
        row = _row(call.state, kind, str(given["id"]), given.get("idProperty"))
        if row is None:
            raise not_found(f"{kind} {given['id']}")
        return row, accepted(call.state, kind, given["properties"], row)

    def act(given: Body) -> Body:
        row, values = changed(given)
        return _shown(kind, call.state.change(kind, row, values), list(given["properties"]))

    return _each(call, changed, act)


def _batch_upsert(call: Call) -> Reply:
    kind = call.kind

    def target(given: Body) -> Row | None:
        name = given.get("idProperty", "")
        check_id_property(kind, name)
        if name == "email":
            raise HubSpotError("Partial upserts are not supported when using email as the idProperty")
        row = find(call.state, kind, name, str(given["id"]))
        accepted(call.state, kind, given["properties"], row)
        return row

    def act(given: Body) -> Body:
        row = target(given)
        values = {given["idProperty"]: given["id"], **given["properties"]}
        is_new = row is None
        if row is None:
            row = create_one(call.state, kind, {"properties": values})
        else:
            call.state.change(kind, row, accepted(call.state, kind, values, row))
        return {**_shown(kind, row, list(values)), "new": is_new}

    return _each(call, target, act)


def _batch_archive(call: Call) -> Reply:
    check_size(call.inputs, MOST)
    for given in call.inputs:
        call.state.archive(call.kind, str(given["id"]))
    return Reply(204, None)


def _each(
    call: Call, check: Callable[[Body], Any], act: Callable[[Body], Body], *, status: int = 200
) -> Reply:
    """Do every input: each for itself where all carry a trace id, all or nothing otherwise."""
    inputs = call.inputs
    check_size(inputs, MOST)
    ids = [given["id"] for given in inputs if "id" in given]
    if len(set(ids)) < len(ids):
        raise HubSpotError("Duplicate IDs found in batch input")
    if len({given.get(TRACE) for given in inputs} - {None}) < len(inputs):
        _check_alike(inputs)
        for given in inputs:
            check(given)
        return batch(call.state, [act(given) for given in inputs], [], status=status)
    results, errors = [], []
    for given in inputs:
        try:
            results.append({**act(given), TRACE: given[TRACE]})
        except HubSpotError as error:
            errors.append(error.in_batch(**{TRACE: [given[TRACE]]}))
    return batch(call.state, results, errors, status=status)


def _check_alike(inputs: list[Body]) -> None:
    """Refuse two new contacts with one address, which each alone would be taken."""
    emails = [given["properties"]["email"].lower() for given in inputs if given["properties"].get("email")]
    if len(set(emails)) < len(emails):
        raise HubSpotError("Duplicate email addresses found in batch input")


def _check_new(state: State, kind: str, given: Body) -> dict[str, str]:
    lacking = [name for name in REQUIRED.get(kind, ()) if not given["properties"].get(name)]
    if lacking:
        context = {"properties": lacking}
        message = f"Error creating {kind}. Some required properties were not set."
        raise HubSpotError(
            message, errors=[{"message": message, "code": "MISSING_REQUIRED_PROPERTY", "context": context}]
        )
    for association in given.get("associations", []):
        _targets(state, kind, association)
    return accepted(state, kind, given["properties"])


def create_one(state: State, kind: str, given: Body) -> Row:
    """A new record with its links."""
    values = _check_new(state, kind, given)
    links = [_targets(state, kind, association) for association in given.get("associations", [])]
    row = state.create(kind, values)
    for target, other, types in links:
        state.link(kind, row.id, target, other, types)
    return row


def _targets(state: State, kind: str, association: Body) -> tuple[str, str, set[int]]:
    """Where an association of a new record leads: the types say to which object."""
    wanted = {int(one["associationTypeId"]) for one in association["types"]}
    other = str(association["to"]["id"])
    for (source, target), types in TYPES.items():
        if source == kind and wanted <= {int(one["typeId"]) for one in types}:
            if other not in state.table(target):
                raise not_found(f"{target} {other}")
            return target, other, wanted
    raise HubSpotError(f"Association types {sorted(wanted)} do not start at {kind}")


def _row(state: State, kind: str, called: str, id_property: str | None) -> Row | None:
    if id_property is None or id_property == "hs_object_id":
        return state.table(kind).get(called)
    return find(state, kind, id_property, called)


def _shown(kind: str, row: Row, names: list[str] | None) -> Body:
    modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    created = next(name for name in ("createdate", "hs_createdate") if name in PROPERTIES[kind])
    known = (
        [name for name in names if name in PROPERTIES[kind]] if names is not None else DEFAULTS.get(kind, [])
    )
    return row.shown(known, ("hs_object_id", created, modified))


_OBJECTS = r"/crm/objects/2026-09/(?P<kind>[^/]+)"

ROUTES = [
    Route("GET", _OBJECTS, _list, _may_read),
    Route("POST", _OBJECTS, _create, _may_write),
    Route("POST", f"{_OBJECTS}/search", _search, _may_read, is_search=True),
    Route("POST", f"{_OBJECTS}/batch/read", _batch_read, _may_read),
    Route("POST", f"{_OBJECTS}/batch/create", _batch_create, _may_write),
    Route("POST", f"{_OBJECTS}/batch/update", _batch_update, _may_write),
    Route("POST", f"{_OBJECTS}/batch/upsert", _batch_upsert, _may_write),
    Route("POST", f"{_OBJECTS}/batch/archive", _batch_archive, _may_write),
    Route("GET", rf"{_OBJECTS}/(?P<id>\d+)", _get, _may_read),
]
__all__ = ["ROUTES", "kind_of", "permissions"]
