"""`/__sandbox/…`: how people look into a sandbox and let it fail, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from wirepost.sandbox.faults import EXAMPLE, BadFault, Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox

SHOWN = 100
"""Requests shown at most, newest first."""


def control(sandbox: Sandbox, request: Request) -> Response:
    """Answer a request to the sandbox itself; the vendor it imitates has no such paths."""
    path = request.path.removeprefix("/__sandbox").strip("/")
    act = _ROUTES.get((request.method, path))
    if act is None and request.method == "POST" and path in sandbox.acts():
        return _person(sandbox, path, request)
    if act is None:
        paths = sorted(f"{verb} /__sandbox/{known}" for verb, known in _ROUTES)
        return _json(404, {"error": f"no {request.method} {request.path} here", "paths": paths})
    try:
        return _json(200, act(sandbox, request))
    except (BadFault, orjson.JSONDecodeError) as problem:
        return _json(400, {"error": str(problem), "example": {"fault": EXAMPLE}})


def _person(sandbox: Sandbox, name: str, request: Request) -> Response:
    """What somebody at the vendor does."""
    try:
        given = orjson.loads(request.body or b"{}")
        return _json(200, sandbox.acts()[name](given if isinstance(given, dict) else {}))
    except ValueError as problem:
        return _json(400, {"error": str(problem)})


def _state(sandbox: Sandbox, _request: Request) -> dict[str, Any]:
    return {
        "vendor": sandbox.vendor,
        "seed": sandbox.seed,
        "now": sandbox.clock.now().isoformat(timespec="seconds"),
        "state": sandbox.summary(),
        "faults": [fault.shown() for fault in sandbox.faults],
        "requests": len(sandbox.requests),
    }


def _requests(sandbox: Sandbox, _request: Request) -> dict[str, Any]:
    newest = list(sandbox.requests)[: -SHOWN - 1 : -1]
    return {"requests": [line.shown() for line in newest], "total": len(sandbox.requests)}


def _faults(sandbox: Sandbox, _request: Request) -> dict[str, Any]:
    return {"faults": [fault.shown() for fault in sandbox.faults]}


def _inject(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    sandbox.inject(Fault.parse(_text(request)))
    return _faults(sandbox, request)


def _clear(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    sandbox.faults.clear()
    return _faults(sandbox, request)


def _reset(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    sandbox.reset()
    return _state(sandbox, request)


def _text(request: Request) -> str:
    """The fault from a JSON body, a form field, or the plain body."""
    content_type = request.headers.get("content-type", "")
    if content_type.startswith("application/json"):
        body = orjson.loads(request.body)
        found = body.get("fault") if isinstance(body, dict) else None
    else:
        found = dict(request.form).get("fault") or request.body.decode("utf-8", "replace")
    if not isinstance(found, str) or not found:
        msg = "the body must name a fault"
        raise BadFault(msg)
    return found


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(status, orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


_ROUTES: dict[tuple[str, str], Callable[[Sandbox, Request], dict[str, Any]]] = {
    ("GET", ""): _state,
    ("GET", "requests"): _requests,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _inject,
    ("DELETE", "faults"): _clear,
    ("POST", "reset"): _reset,
}
