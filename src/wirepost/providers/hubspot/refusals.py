"""What HubSpot says no with: categories, messages and contexts of errors, for one request or one record.

https://developers.hubspot.com/docs/api-reference/error-handling
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import CallError, FieldProblem, InvalidCall, NotConnected, Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask
from wirepost.upstream.faults import MAX_WORDS, safe_words

if TYPE_CHECKING:
    from wirepost.contracts.records import Trouble


REFUSED, FAILED = 400, 500
LOCK_S = 2.0
"""How long a lock lasts (https://developers.hubspot.com/docs/api-reference/error-handling)."""
WINDOWS_S = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""Policy of a 429 → length of its window; the answer often has no `Retry-After`."""

_CODES = {
    "OBJECT_NOT_FOUND": "not_found",
    "NOT_FOUND": "not_found",
    "CONFLICT": "conflict",
    "OBJECT_ALREADY_EXISTS": "conflict",
}
_BY_STATUS = {404: "not_found", 409: "conflict"}
_SCOPES = ("requiredGranularScopes", "missingScopes", "requiredScopes")
_EXISTING = re.compile(r"Existing ID: (\d{1,20})")
_LISTED = re.compile(r"\[\{.*\}\]", re.DOTALL)


@dataclass(frozen=True)
class Said:
    """An error of HubSpot, read."""

    code: str
    message: str
    category: str | None = None
    fields: list[FieldProblem] = field(default_factory=list)
    existing_id: str | None = None
    """The record that stands in the way."""

    @property
    def trouble(self) -> Trouble:
        """The same for one record of several."""
        from wirepost.contracts.records import FieldTrouble, Trouble

        fields = [FieldTrouble(**problem) for problem in self.fields]
        return Trouble(code=self.code, message=self.message, fields=fields or None)


def read_error(body: Mapping[str, Any], status: int | None = None) -> Said:
    """Read the body of an error, or one of the `errors` of a batch; every part of it may be missing."""
    category = _text(body.get("category"))
    message = _text(body.get("message")) or ""
    fields = list(_fields(body, message))
    existing = _EXISTING.search(message)
    known = "conflict" if existing else _CODES.get(category or "")
    code = known or _BY_STATUS.get(status or 0, "upstream_rejected")
    if fields:
        named = ", ".join(dict.fromkeys(problem["path"] for problem in fields))
        shown = f"HubSpot refused: {clean_line(named, MAX_WORDS)}"
    else:
        shown = f"HubSpot: {safe_words(message)}" if message else "HubSpot refused it without a reason"
    return Said(code, shown, category, fields, existing[1] if existing else None)


def refused(name: str, ask: Ask, answer: Answer) -> CallError:
    """The meaning of an answer outside 2xx."""
    body = _body(answer)
    error = _by_status(name, ask, answer, body)
    category = _text(body.get("category")) or _text(body.get("errorType"))
    error.provider_code = category and clean_line(category, MAX_WORDS)
    said_id = _text(body.get("correlationId"))
    error.provider_request_id = clean_line(said_id, 100) if said_id else answer.request_id
    return error


def is_daily(answer: Answer) -> bool:
    """Whether a 429 means that the account's day is used up."""
    return _is_of_a_day(_policy(_body(answer)))


def _by_status(name: str, ask: Ask, answer: Answer, body: Mapping[str, Any]) -> CallError:
    meaning = _MEANINGS.get(answer.status)
    if meaning is not None:
        return meaning(body)
    if answer.status >= FAILED or answer.status < REFUSED:
        return faults.refused(name, ask, answer)
    return _rejected(read_error(body, answer.status))


def _rejected(said: Said) -> CallError:
    detail = {"existing_id": said.existing_id} if said.existing_id else {}
    return Rejected(said.code, said.message, fields=said.fields, detail=detail)


def _forbidden(body: Mapping[str, Any]) -> CallError:
    needed = sorted(
        {scope for context in _contexts(body) for name in _SCOPES for scope in _texts(context, name)}
    )
    named = f": it needs {' or '.join(needed)}" if needed else ""
    return NotConnected(
        "missing_scope",
        f"The token of this connection may not do that{named}",
        hint="Add the scope to the app in HubSpot; a token also loses what its creator may no longer do",
        detail={"needed": needed} if needed else {},
    )


def _unauthorized(body: Mapping[str, Any]) -> CallError:
    del body
    return NotConnected(
        "auth_expired",
        "HubSpot refused the token of this connection",
        hint="Create a new token in the settings of HubSpot, under Development, for the connection",
    )


def _locked(body: Mapping[str, Any]) -> CallError:
    del body
    return Unavailable("upstream_unavailable", "HubSpot locks this for a moment", retry_after_s=LOCK_S)


def _migrating(body: Mapping[str, Any]) -> CallError:
    del body
    return Unavailable("upstream_unavailable", "HubSpot moves this account to another region at the moment")


def _limited(body: Mapping[str, Any]) -> CallError:
    policy = clean_line(_policy(body), 50)
    detail = {"policy": policy} if policy else {}
    if _is_of_a_day(policy):
        return Unavailable(
            "quota_exhausted",
            "HubSpot's requests of today are used up",
            hint="They start anew at midnight in the account's time zone",
            detail=detail,
        )
    return Unavailable(
        "rate_limited",
        "HubSpot limits the rate of requests",
        hint="Wait, then try again",
        retry_after_s=WINDOWS_S.get(policy),
        detail=detail,
    )


def unsupported(message: str, hint: str) -> InvalidCall:
    """The refusal of what HubSpot cannot do."""
    return InvalidCall("unsupported_by_provider", message, hint=hint)


def _fields(body: Mapping[str, Any], message: str) -> Iterator[FieldProblem]:
    """Problems of single properties: from `errors[].context`, else from the list inside the message."""
    found = False
    for error in _dicts(body.get("errors")):
        context = error.get("context")
        for name in _texts(context, "propertyName") if isinstance(context, Mapping) else ():
            found = True
            yield FieldProblem(
                path=clean_line(name, 100), problem=safe_words(_text(error.get("message")) or "is wrong")
            )
    if found:
        return
    for error in _listed(message):
        listed = _text(error.get("name"))
        if listed:
            yield FieldProblem(
                path=clean_line(listed, 100), problem=safe_words(_text(error.get("message")) or "is wrong")
            )


def _listed(message: str) -> Iterator[Mapping[str, Any]]:
    match = _LISTED.search(message)
    if match is None:
        return
    try:
        yield from _dicts(orjson.loads(match[0]))
    except ValueError:
        return


def _contexts(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for error in (body, *_dicts(body.get("errors"))):
        context = error.get("context")
        if isinstance(context, Mapping):
            yield context


def _is_of_a_day(policy: str) -> bool:
    return "DAILY" in policy.upper()


def _policy(body: Mapping[str, Any]) -> str:
    return _text(body.get("policyName")) or ""


def _texts(context: Mapping[str, Any], name: str) -> list[str]:
    values = context.get(name)
    return [clean_line(str(value), 100) for value in values] if isinstance(values, list) else []


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _body(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, Mapping) else {}


_MEANINGS: dict[int, Callable[[Mapping[str, Any]], CallError]] = {
    401: _unauthorized,
    403: _forbidden,
    423: _locked,
    429: _limited,
    477: _migrating,
}
