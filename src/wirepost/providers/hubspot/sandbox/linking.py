"""Endpoints for associations, in batches, with pages inside each result.

https://developers.hubspot.com/docs/api-reference/latest/crm/associations/associate-records/guide
"""

from __future__ import annotations

from collections.abc import Callable

from wirepost.providers.hubspot.sandbox.calls import Call, Reply, Route, batch, check_size, kind_of
from wirepost.providers.hubspot.sandbox.definitions import TYPE_IDS
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError, not_found
from wirepost.providers.hubspot.sandbox.links import TYPES, default_of
from wirepost.providers.hubspot.sandbox.records import permissions

MOST_READ, MOST_WRITTEN = 1000, 2000


def _may_read(call: Call) -> list[str]:
    return permissions(call, is_write=False)


def _may_write(call: Call) -> list[str]:
    return permissions(call, is_write=True)


def _target(call: Call) -> str:
    target = kind_of(call.path["target"])
    if (call.kind, target) not in TYPES:
        raise HubSpotError(f"No association types are defined from {call.kind} to {target}")
    return target


def _labels(call: Call) -> Reply:
    return Reply(200, {"results": TYPES[call.kind, _target(call)]})


def _read(call: Call) -> Reply:
    kind, target, inputs = call.kind, _target(call), call.inputs
    check_size(inputs, MOST_READ)
    types = {one["typeId"]: one for one in TYPES[kind, target]}
    results, errors = [], []
    for given in inputs:
        row_id = str(given["id"])
        linked = sorted(call.state.links(kind, row_id, target).items(), key=lambda item: int(item[0]))
        if not linked:
            error = HubSpotError(f"No {target} is associated with {row_id}", "OBJECT_NOT_FOUND")
            errors.append(
                error.in_batch(fromObjectId=[row_id])
                | {"subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
            )
            continue
        start = int(given.get("after") or 0)
        end = start + call.page_of_links
        result: Body = {
            "from": {"id": row_id},
            "to": [
                {"toObjectId": other, "associationTypes": [types[each] for each in sorted(ids)]}
                for other, ids in linked[start:end]
            ],
        }
        if end < len(linked):
            result["paging"] = {"next": {"after": str(end)}}
        results.append(result)
    return batch(call.state, results, errors)


def _associate(call: Call) -> Reply:
    """Link by the default type; the answer has both directions, and errors come with status 200."""
    kind, target = call.kind, _target(call)
    type_id = default_of(kind, target)

    def act(one: str, other: str, given: Body) -> list[Body]:
        del given
        call.state.link(kind, one, target, other, {type_id})
        spec = {"associationCategory": TYPES[kind, target][0]["category"], "associationTypeId": type_id}
        ends = {"from": {"id": one}, "to": {"id": other}}
        back = {"from": {"id": other}, "to": {"id": one}}
        return [{**ends, "associationSpec": spec}, {**back, "associationSpec": spec}]

    return _pairs(call, act)._replace(status=200)


def _create(call: Call) -> Reply:
    kind, target = call.kind, _target(call)

    def act(one: str, other: str, given: Body) -> list[Body]:
        wanted = _wanted(call, given)
        call.state.link(kind, one, target, other, wanted)
        types = call.state.links(kind, one, target)[other]
        labels = [each["label"] for each in TYPES[kind, target] if each["typeId"] in types and each["label"]]
        return [
            {
                "fromObjectTypeId": TYPE_IDS[kind],
                "fromObjectId": one,
                "toObjectTypeId": TYPE_IDS[target],
                "toObjectId": other,
                "labels": labels,
            }
        ]

    return _pairs(call, act, status=201)


def _archive(call: Call) -> Reply:
    check_size(call.inputs, MOST_WRITTEN)
    for given in call.inputs:
        for other in given["to"]:
            call.state.unlink(call.kind, str(given["from"]["id"]), _target(call), str(other["id"]))
    return Reply(204, None)


def _archive_labels(call: Call) -> Reply:
    """Removing the type without a label removes the whole association."""
    check_size(call.inputs, MOST_WRITTEN)
    kind, target = call.kind, _target(call)
    for given in call.inputs:
        wanted = _wanted(call, given)
        types = None if default_of(kind, target) in wanted else wanted
        call.state.unlink(kind, str(given["from"]["id"]), target, str(given["to"]["id"]), types)
    return Reply(204, None)


def _wanted(call: Call, given: Body) -> set[int]:
    types = {int(one["associationTypeId"]) for one in given["types"]}
    if not types <= {int(one["typeId"]) for one in TYPES[call.kind, _target(call)]}:
        raise HubSpotError(
            f"Association types {sorted(types)} are not defined from {call.kind} to {_target(call)}"
        )
    return types


def _pairs(call: Call, act: Callable[[str, str, Body], list[Body]], *, status: int = 200) -> Reply:
    check_size(call.inputs, MOST_WRITTEN)
    results: list[Body] = []
    errors: list[Body] = []
    for given in call.inputs:
        one, other = str(given["from"]["id"]), str(given["to"]["id"])
        try:
            if one not in call.state.table(call.kind):
                raise not_found(f"{call.kind} {one}")
            if other not in call.state.table(_target(call)):
                raise not_found(f"{_target(call)} {other}")
            results += act(one, other, given)
        except HubSpotError as error:
            errors.append(error.in_batch(fromObjectId=[one], toObjectId=[other]))
    return batch(call.state, results, errors, status=status)


_BETWEEN = r"/crm/associations/2026-09/(?P<kind>[^/]+)/(?P<target>[^/]+)"

ROUTES = [
    Route("GET", f"{_BETWEEN}/labels", _labels, _may_read),
    Route("POST", f"{_BETWEEN}/batch/read", _read, _may_read),
    Route("POST", f"{_BETWEEN}/batch/associate/default", _associate, _may_write),
    Route("POST", f"{_BETWEEN}/batch/create", _create, _may_write),
    Route("POST", f"{_BETWEEN}/batch/archive", _archive, _may_write),
    Route("POST", f"{_BETWEEN}/batch/labels/archive", _archive_labels, _may_write),
]
