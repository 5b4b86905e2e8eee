"""Several requests in one, which may refer to each other's answers.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from wirepost.providers.salesforce.sandbox.calls import Call, Reply
from wirepost.providers.salesforce.sandbox.errors import Body, SalesforceError, halted, unreadable

MOST = 25
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
Dispatch = Callable[[str, str, tuple[tuple[str, str], ...], dict[str, str], Any], Reply]


class _Missing(LookupError):
    """A reference to what is not there."""


def composite(call: Call, dispatch: Dispatch) -> Reply:
    """Carry out each part by `dispatch`; with `allOrNone` all or none of them."""
    parts = call.body.get("compositeRequest")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST:
        raise unreadable(f"compositeRequest must be a list of 1 to {MOST} requests")
    names = [part["referenceId"] for part in parts]
    if len(set(names)) < len(names):
        raise SalesforceError("DUPLICATE_VALUE", "Duplicate ReferenceId provided in the request")
    is_atomic = call.body.get("allOrNone") is True
    mark = call.state.mark()
    done: dict[str, tuple[Body, Reply]] = {}
    for part in parts:
        done[part["referenceId"]] = (part, _part(part, done, dispatch))
        if is_atomic and done[part["referenceId"]][1].status >= 400:  # noqa: PLR2004
            call.state.roll_back(mark)
            return _answer(_all_halted(parts, part, done[part["referenceId"]][1]))
    return _answer({name: reply for name, (_, reply) in done.items()})


def _answer(replies: dict[str, Reply]) -> Reply:
    parts = [
        {
            "body": reply.body,
            "httpHeaders": reply.headers,
            "httpStatusCode": reply.status,
            "referenceId": name,
        }
        for name, reply in replies.items()
    ]
    return Reply(200, {"compositeResponse": parts})


def _all_halted(parts: list[Body], failed: Body, reply: Reply) -> dict[str, Reply]:
    words = "The transaction was rolled back since another operation in the same transaction failed."
    error = halted(words)
    return {
        part["referenceId"]: reply if part is failed else Reply(error.status, error.body()) for part in parts
    }


def _part(part: Body, done: dict[str, tuple[Body, Reply]], dispatch: Dispatch) -> Reply:
    try:
        url = urlsplit(_filled(part["url"], done))
        body = _filled(part.get("body"), done)
    except _Missing as missing:
        error = halted(f"Invalid reference specified. No value for {missing} found")
        return Reply(error.status, error.body())
    headers = {name.lower(): value for name, value in (part.get("httpHeaders") or {}).items()}
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    try:
        return dispatch(part["method"], unquote(url.path), query, headers, body)
    except SalesforceError as error:
        return Reply(error.status, error.body())


def _filled(value: Any, done: dict[str, tuple[Body, Reply]]) -> Any:
    """The value with references replaced by what earlier answers say."""
    if isinstance(value, dict):
        return {name: _filled(item, done) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, done) for item in value]
    return _REFERENCE.sub(lambda match: _looked_up(match, done), value) if isinstance(value, str) else value


def _looked_up(match: re.Match[str], done: dict[str, tuple[Body, Reply]]) -> str:
    try:
        at = done[match[1]][1].body
        for step in _STEP.finditer(match[2]):
            at = at[step[1]] if step[1] else at[int(step[2])]
    except (LookupError, TypeError):
        raise _Missing(f"{match[1]}{match[2]}") from None
    return str(at)
