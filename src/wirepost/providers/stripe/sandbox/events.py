"""Events: one for each change, kept for a list of them and told to webhooks; and the webhook endpoints."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.forms import (
    EXPAND,
    METADATA,
    Flag,
    Many,
    Param,
    Text,
    merge_metadata,
)
from wirepost.providers.stripe.sandbox.keys import VERSION
from wirepost.providers.stripe.sandbox.pages import DATED, PAGED, created_in, listed
from wirepost.providers.stripe.sandbox.state import Call, Kind, Route, State
from wirepost.providers.stripe.sandbox.tables import Row
from wirepost.sandbox.vendor import SandboxEvent

MOST_ENDPOINTS = 16
"""https://docs.stripe.com/webhooks/quickstart"""
ALL = "*"
HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "User-Agent": "Stripe/1.0 (+https://stripe.com)",
}


def told(state: State, asked: Row, account: str | None) -> Iterator[SandboxEvent]:
    """The events of what was just done, stored and ready to be sent; `account` is a connected one."""
    for change in state.changes.take():
        found: Row = {"object": change.object}
        if change.previous is not None:
            found["previous_attributes"] = change.previous
        event = state.table("events").add(
            {
                "id": state.id_of("evt", f"event-{state.number('event', 0)}"),
                "object": "event",
                "api_version": VERSION,
                "created": state.now,
                "data": found,
                "livemode": False,
                "pending_webhooks": sum(_takes(row, change.type) for row in state.table(ENDPOINTS).newest()),
                "request": asked,
                "type": change.type,
            }
        )
        sent = event if account is None else {**event, "account": account}
        yield SandboxEvent(change.type, orjson.dumps(sent, option=orjson.OPT_INDENT_2), dict(HEADERS))


def _takes(endpoint: Row, kind: str) -> bool:
    return endpoint["status"] == "enabled" and not {ALL, kind}.isdisjoint(endpoint["enabled_events"])


def _list(call: Call) -> Row:
    given = call.given
    wanted = set(given.get("types") or ())
    return listed(
        call,
        "events",
        created_in(given),
        lambda row: not wanted or row["type"] in wanted,
        lambda row: given.get("delivery_success") in {None, row["pending_webhooks"] == 0},
        kind="event",
        type=given.get("type"),
    )


def _get(call: Call) -> Row:
    return call.state.get("events", call.id)


def _list_endpoints(call: Call) -> Row:
    return listed(call, ENDPOINTS, kind="webhook_endpoint")


def _get_endpoint(call: Call) -> Row:
    return call.state.get(ENDPOINTS, call.id, param="webhook_endpoint")


def _create_endpoint(call: Call) -> Row:
    given, state = call.given, call.state
    if len(state.table(ENDPOINTS)) >= MOST_ENDPOINTS:
        message = f"You have reached the maximum of {MOST_ENDPOINTS} test webhook endpoints."
        raise StripeError(message)
    endpoint_id = state.id_of("we", f"endpoint-{state.number('endpoint', 0)}")
    row = state.table(ENDPOINTS).add(
        {
            "id": endpoint_id,
            "object": "webhook_endpoint",
            "api_version": given.get("api_version"),
            "application": None,
            "created": state.now,
            "description": given.get("description"),
            "enabled_events": given["enabled_events"],
            "livemode": False,
            "metadata": merge_metadata({}, given.get("metadata", {})),
            "status": "enabled",
            "url": _address(given["url"]),
        }
    )
    # Told once; afterwards nobody can read it any more.
    return {**row, "secret": f"whsec_{state.id_of('whsec', endpoint_id)[8:]}"}


def _update_endpoint(call: Call) -> Row:
    row, given = _get_endpoint(call), call.given
    changes: Row = {name: given[name] for name in ("description", "enabled_events") if name in given}
    if "url" in given:
        changes["url"] = _address(given["url"])
    if "disabled" in given:
        changes["status"] = "disabled" if given["disabled"] else "enabled"
    if "metadata" in given:
        changes["metadata"] = merge_metadata(row["metadata"], given["metadata"])
    return call.state.table(ENDPOINTS).change(row["id"], **changes)


def _delete_endpoint(call: Call) -> Row:
    row = call.state.table(ENDPOINTS).remove(_get_endpoint(call)["id"])
    return {"id": row["id"], "object": "webhook_endpoint", "deleted": True}


def _address(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        message = "Invalid URL: An explicit scheme (such as https) must be provided."
        raise StripeError(message, code="url_invalid", param="url")
    return url


ENDPOINTS = "webhook_endpoints"
KINDS = {
    "events": Kind("event", lambda _state: [], {"type": lambda row: row["type"]}),
    ENDPOINTS: Kind("webhook endpoint", lambda _state: []),
}
_EDITABLE: dict[str, Param] = {
    "description": Text(can_unset=True),
    "expand": EXPAND,
    "metadata": METADATA,
}
_CREATE: dict[str, Param] = {
    **_EDITABLE,
    "api_version": Text(),
    "connect": Flag(),
    "enabled_events": Many(Text(), is_required=True),
    "url": Text(is_required=True),
}
_UPDATE: dict[str, Param] = {
    **_EDITABLE,
    "disabled": Flag(),
    "enabled_events": Many(Text()),
    "url": Text(),
}
_LIST: dict[str, Param] = {**DATED, "delivery_success": Flag(), "type": Text(), "types": Many(Text())}
_ONE: dict[str, Param] = {"expand": EXPAND}
_READ, _WRITE = "rak_webhook_read", "rak_webhook_write"
ROUTES = [
    Route("GET", "/v1/events", _list, "rak_event_read", _LIST),
    Route("GET", "/v1/events/{id}", _get, "rak_event_read", _ONE),
    Route("GET", "/v1/webhook_endpoints", _list_endpoints, _READ, PAGED),
    Route("POST", "/v1/webhook_endpoints", _create_endpoint, _WRITE, _CREATE),
    Route("GET", "/v1/webhook_endpoints/{webhook_endpoint}", _get_endpoint, _READ, _ONE),
    Route("POST", "/v1/webhook_endpoints/{webhook_endpoint}", _update_endpoint, _WRITE, _UPDATE),
    Route("DELETE", "/v1/webhook_endpoints/{webhook_endpoint}", _delete_endpoint, _WRITE),
]
