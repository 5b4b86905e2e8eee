"""What Salesforce says no with: arrays of codes, messages and fields, for one request or one record.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import CallError, FieldProblem, InvalidCall, NotConnected, Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.providers.salesforce import ids
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask

if TYPE_CHECKING:
    from wirepost.contracts.records import ObjectSchema, Trouble


REFUSED, UNAUTHORIZED, FAILED = 400, 401, 500
LOCATOR_GONE = "INVALID_QUERY_LOCATOR"
LOCKED = "UNABLE_TO_LOCK_ROW"
DAY_USED_UP = "REQUEST_LIMIT_EXCEEDED"
DELETED = "ENTITY_IS_DELETED"
UNDONE = "PROCESSING_HALTED"
"""Of a part that was undone, or not begun, because another one was refused."""
NO_SUCH_OBJECT = "INVALID_TYPE"
"""Of an object that the user may not see, too."""
ASK_ADMINISTRATOR = "An administrator gives the user the permission with a permission set in Salesforce"

_CODES = {
    "NOT_FOUND": "not_found",
    DELETED: "not_found",
    "INVALID_CROSS_REFERENCE_KEY": "not_found",
    "DUPLICATES_DETECTED": "conflict",
    "DUPLICATE_VALUE": "conflict",
    "DUPLICATE_EXTERNAL_ID": "conflict",
    "ENTITY_IS_LOCKED": "conflict",
}
_BY_STATUS = {404: "not_found", 409: "conflict", 412: "conflict"}
_FORBIDDEN = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "FORBIDDEN",
        "INSUFFICIENT_ACCESS",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
    }
)
_PLACE = re.compile(r".*ERROR at Row:\d+:Column:\d+\s*", re.DOTALL)
"""Errors in statements quote the statement first."""
_RECORD = re.compile(r"record with id: ([A-Za-z0-9]{15,18})")


@dataclass(frozen=True)
class Said:
    """An error of Salesforce, read."""

    code: str
    message: str
    provider_code: str | None = None
    fields: list[FieldProblem] = field(default_factory=list)
    existing_id: str | None = None
    """The record that stands in the way."""

    @property
    def trouble(self) -> Trouble:
        """The same for one record of several."""
        from wirepost.contracts.records import FieldTrouble, Trouble

        fields = [FieldTrouble(**problem) for problem in self.fields]
        return Trouble(code=self.code, message=self.message, fields=fields or None)


def read_errors(body: Any, status: int | None = None, schema: ObjectSchema | None = None) -> Said:
    """Read the errors of a request or a record; every part of them may be missing.

    With `schema` the problem of a field tells its allowed values.
    """
    errors = [each for each in body if isinstance(each, Mapping)] if isinstance(body, list) else []
    if isinstance(body, Mapping):
        errors = [body]
    first: Mapping[str, Any] = errors[0] if errors else {}
    own_code = _text(first.get("errorCode")) or _text(first.get("statusCode"))
    words = cleaned(_text(first.get("message")) or "")
    code = _CODES.get(own_code or "") or _BY_STATUS.get(status or 0, "upstream_rejected")
    message = f"Salesforce: {words}" if words else "Salesforce refused it without a reason"
    fields = [problem for error in errors for problem in _fields(error, schema)]
    shown_code = own_code and clean_line(own_code, 100)
    return Said(code, message, shown_code, fields, _existing(first))


def refused(name: str, ask: Ask, answer: Answer) -> CallError:
    """The meaning of an answer outside 2xx."""
    said = read_errors(_body(answer), answer.status)
    error = _meaning(name, ask, answer, said)
    error.provider_code = said.provider_code
    return error


def code_of(answer: Answer) -> str | None:
    """The first error's code."""
    return read_errors(_body(answer)).provider_code


def cleaned(text: str) -> str:
    """Salesforce's words made safe to show."""
    return faults.safe_words(_PLACE.sub("", text))


def hidden(object_name: str) -> NotConnected:
    """The refusal of an object that every organisation has; to those who may not see it, it is not there."""
    return NotConnected(
        "missing_scope",
        f"The user of this connection may not see {object_name} in Salesforce",
        hint=ASK_ADMINISTRATOR,
        detail={"needed": [f"read {object_name}"]},
    )


def unsupported(message: str, hint: str) -> InvalidCall:
    """The refusal of what Salesforce cannot do."""
    return InvalidCall("unsupported_by_provider", message, hint=hint)


def _meaning(name: str, ask: Ask, answer: Answer, said: Said) -> CallError:
    meaning = _MEANINGS.get(said.provider_code or "")
    if meaning is not None:
        return meaning(said)
    if answer.status == UNAUTHORIZED:
        return _expired(said)
    if said.provider_code in _FORBIDDEN:
        return _forbidden(said)
    if said.provider_code is None or not REFUSED <= answer.status < FAILED:
        return faults.refused(name, ask, answer)
    detail = {"existing_id": said.existing_id} if said.existing_id else {}
    return Rejected(said.code, said.message, fields=said.fields, detail=detail)


def _expired(said: Said) -> CallError:
    del said
    return NotConnected(
        "auth_expired",
        "Salesforce refused the session of this connection",
        hint="Check that its user is active and that the app in Salesforce still lets it in",
    )


def _forbidden(said: Said) -> CallError:
    return NotConnected(
        "missing_scope",
        f"The user of this connection may not do that: {said.message}",
        hint=ASK_ADMINISTRATOR,
    )


def _used_up(said: Said) -> CallError:
    del said
    return Unavailable(
        "quota_exhausted",
        "Salesforce's requests of the last 24 hours are used up",
        hint="They come back hour by hour; an administrator sees who uses them under System Overview",
    )


def _locked(said: Said) -> CallError:
    del said
    return Unavailable("upstream_unavailable", "Another change locks this record in Salesforce", hint="Retry")


def _too_slow(said: Said) -> CallError:
    del said
    return Unavailable(
        "timeout",
        "Salesforce gave up on this question",
        hint="Add filters on indexed fields such as ids, dates of creation or change, or external ids",
    )


def _fields(error: Mapping[str, Any], schema: ObjectSchema | None) -> Iterator[FieldProblem]:
    names = error.get("fields")
    words = cleaned(_text(error.get("message")) or "") or "is wrong"
    for name in names if isinstance(names, list) else ():
        problem = FieldProblem(path=clean_line(str(name), 100), problem=words)
        described = schema.field(str(name)) if schema is not None else None
        if described is not None and described.options:
            problem["allowed"] = [option.value for option in described.options]
        yield problem


def _existing(error: Mapping[str, Any]) -> str | None:
    """The record that a duplicate rule or a unique field found.

    Salesforce itself misspells `duplicateResult` in some of its answers.
    """
    for name in ("duplicateResult", "duplicateResut"):
        for result in _dicts(_get(error.get(name), "matchResults")):
            for match in _dicts(result.get("matchRecords")):
                found = _text(_get(match.get("record"), "Id"))
                if found and ids.is_id(found):
                    return ids.canonical(found)
    named = _RECORD.search(_text(error.get("message")) or "")
    return ids.canonical(named[1]) if named and ids.is_id(named[1]) else None


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _body(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None


_MEANINGS: dict[str, Callable[[Said], CallError]] = {
    "INVALID_SESSION_ID": _expired,
    "INVALID_AUTH_HEADER": _expired,
    DAY_USED_UP: _used_up,
    LOCKED: _locked,
    "QUERY_TIMEOUT": _too_slow,
}
