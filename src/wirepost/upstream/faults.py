"""What a refusal, a broken answer or silence means for the caller; vendors refine it in their client."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from wirepost.core.errors import CallError, InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line, cut
from wirepost.upstream.ask import Answer, Ask, How

MAX_WORDS = 200
"""Longest quotation of a vendor in a message."""
_PLACES = ("message", "error_description", "detail", "title", "error")
"""Where vendors put their words, most specific first."""
_MEANINGS: dict[int, tuple[type[CallError], str, str, str | None]] = {
    401: (
        NotConnected,
        "auth_expired",
        "{name} refused the credential of this connection",
        "Renew the credential; `wirepost doctor` shows which one is used",
    ),
    403: (NotConnected, "missing_scope", "The credential of {name} may not do this", None),
    404: (Rejected, "not_found", "{name} has no such object", None),
    409: (Rejected, "conflict", "{name} reports a conflict", None),
    410: (Rejected, "not_found", "{name} no longer has this object", None),
    412: (Rejected, "conflict", "{name} says that the object has changed", "Read it again"),
    429: (Unavailable, "rate_limited", "{name} limits the rate of requests", "Wait, then try again"),
}
_LOOK_FIRST = (
    "Do not repeat it under another intent; call again with the same intent and it is looked up first"
)


def refused(name: str, ask: Ask, answer: Answer) -> CallError:
    """The meaning of an answer outside 2xx by its status alone."""
    status = answer.status
    if status < HTTPStatus.BAD_REQUEST:
        return _redirected(name, ask, status)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return _failing(name, ask)
    words = vendor_words(answer)
    said = f": {words}" if words else ""
    if status not in _MEANINGS:
        return Rejected("upstream_rejected", f"{name} refused with status {status}{said}")
    family, code, message, hint = _MEANINGS[status]
    return family(code, message.format(name=name) + said, hint=hint)


def unreadable(name: str, ask: Ask) -> CallError:
    """A success whose body makes no sense: a proxy's page, or half an answer."""
    if ask.is_write:
        return _unknown(f"The answer of {name} to the write could not be read; it may have happened")
    return Unavailable("upstream_unavailable", f"{name} answered with something that is not JSON")


def not_understood(name: str) -> CallError:
    """An answer whose values are not of the types that the provider's own description gives them."""
    return Unavailable(
        "upstream_unavailable",
        f"{name} answered in a form that is not understood",
        hint="Try again; if it stays so, report it",
    )


def lost(name: str, ask: Ask, how: How, *, is_sent: bool) -> CallError:
    """No complete answer."""
    if not is_sent:
        return _unreachable(name, how)
    if ask.is_write:
        return _unknown(f"The write was sent to {name}, but no complete answer came; it may have happened")
    if how == "too_large":
        return Rejected(
            "upstream_rejected", f"The answer of {name} is too large to be read", hint="Ask for less at once"
        )
    if how == "timeout":
        return Unavailable("timeout", f"{name} did not answer in time", hint="Try again, or ask for less")
    return Unavailable(
        "upstream_unavailable", f"The connection to {name} broke before the answer was complete"
    )


def in_doubt(name: str, error: CallError) -> CallError:
    """A write whose last attempt failed harmlessly, but an earlier one may have been carried out."""
    unknown = _unknown(f"An earlier attempt was sent to {name} and may have happened; then: {error.message}")
    unknown.retry_after_s = error.retry_after_s
    unknown.provider_code, unknown.provider_request_id = error.provider_code, error.provider_request_id
    return unknown


def is_decisive(error: CallError) -> bool:
    """Whether the provider judged the action itself, which answers earlier attempts with the same key too."""
    return isinstance(error, InvalidCall) or (isinstance(error, Rejected) and error.code != "conflict")


def is_failing(error: CallError) -> bool:
    """Whether the provider did not do its part, rather than judge the request."""
    return isinstance(error, OutcomeUnknown) or error.code == "upstream_unavailable"


def vendor_words(answer: Answer) -> str | None:
    """The vendor's own words from the usual places of an error body, made safe to show."""
    try:
        body = answer.json()
    except ValueError:
        return None
    found = _find_words(body)
    return safe_words(found) if found else None


def safe_words(text: str) -> str:
    """A vendor's words made safe to show: one line, nothing invisible or secret, at most 200 characters.

    What is secret goes before the text is cut: half a secret would not be known for one.
    """
    return cut(SECRETS.text(clean_line(text)), MAX_WORDS)


def _find_words(body: Any, depth: int = 0) -> str | None:
    if isinstance(body, str):
        return body.strip() or None
    if depth > 2:  # noqa: PLR2004 - deeper is no error message
        return None
    if isinstance(body, list) and body:
        return _find_words(body[0], depth + 1)
    if not isinstance(body, Mapping):
        return None
    return next((words for place in _PLACES if (words := _find_words(body.get(place), depth + 1))), None)


def _unreachable(name: str, how: How) -> CallError:
    if how == "untrusted":
        return Unavailable(
            "upstream_unavailable",
            f"The certificate of {name} is not trusted; nothing was sent",
            hint="Check base_url; behind an inspecting proxy set SSL_CERT_FILE to its certificate",
        )
    return Unavailable(
        "upstream_unavailable",
        f"{name} could not be reached; nothing was sent",
        hint="Check base_url, the network and any proxy; `wirepost doctor` tries each step",
    )


def _redirected(name: str, ask: Ask, status: int) -> CallError:
    # 302 and 303 may mean "done, look there"; the others ask to send the same again elsewhere.
    if ask.is_write and status in (HTTPStatus.FOUND, HTTPStatus.SEE_OTHER):
        return _unknown(f"{name} answered the write with a redirect; it may have happened")
    return Rejected(
        "upstream_rejected",
        f"{name} answered with status {status}, which is not followed",
        hint="Set base_url to the address where the API is",
    )


def _failing(name: str, ask: Ask) -> CallError:
    if ask.is_write:
        return _unknown(f"{name} failed while it worked on the write; it may have happened")
    return Unavailable("upstream_unavailable", f"{name} is failing at the moment", hint="Try again later")


def _unknown(message: str) -> OutcomeUnknown:
    return OutcomeUnknown("outcome_unknown", message, hint=_LOOK_FIRST)
