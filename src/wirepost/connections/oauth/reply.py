"""What a token endpoint says: tokens with their times, or a refusal and what it asks for."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import orjson

from wirepost.connections.accounts import MAIN, Tokens
from wirepost.connections.oauth.method import is_loopback
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line
from wirepost.upstream.faults import safe_words, vendor_words
from wirepost.upstream.retry import retry_after_s

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from wirepost.contracts.auth import OAuth2
    from wirepost.upstream.ask import Answer

Kind = Literal["reauth", "config", "retry", "bare", "bad_success"]
"""Who can help: the person, the operator, time; or nothing is said (`bare`), or nothing usable is given."""

LONGEST_WAIT_S = 60.0
"""More of what `Retry-After` asks for is not waited."""
EARLIEST_S, EARLIEST_PART = 300.0, 0.5
"""A token is renewed so long before its end, or after this part of its life if that is later."""
JITTER = 0.1
"""Renewals are this part of the remaining life apart, so that many accounts are not renewed at once."""
_REAUTH = frozenset({"invalid_grant", "interaction_required", "consent_required"})
_RETRY = frozenset({"temporarily_unavailable", "server_error"})
TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Statuses that pass, besides those of a failing server."""
_MAX_CODE = 60


class TokenRefused(Exception):
    """A token endpoint gave no token."""

    def __init__(
        self,
        kind: Kind,
        code: str,
        words: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        is_lost: bool = False,
    ) -> None:
        super().__init__(f"{kind}: {code}")
        self.kind: Kind = kind
        self.code, self.words = code, words
        """The provider's word, and what it says in its own words, safe to show."""
        self.status, self.retry_after_s = status, retry_after_s
        self.is_lost = is_lost
        """The request was sent and may have been carried out, but no usable answer came."""


@dataclass(frozen=True)
class Granted:
    """What was given for one part of a consent; times are seconds since 1970 by our clock."""

    tokens: Tokens
    scopes: tuple[str, ...] | None = None
    """`None`: not told, so as asked for or as before."""
    expires_at: float | None = None
    refresh_at: float | None = None
    refresh_expires_at: float | None = None
    address: str | None = None
    reply: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The whole answer, where more about the account may stand."""


def refusal_in(method: OAuth2, answer: Answer, now: datetime) -> TokenRefused | None:
    """Why an answer of the token endpoint is none with tokens; `None` where it may be one."""
    said = _object(answer)
    word = method.refusal_of(said) if said else None
    word = clean_line(str(word), _MAX_CODE) if word else None
    kind = _kind(method, answer, said, word)
    if kind is None:
        return None
    wait = retry_after_s(answer.headers.get("retry-after"), now)
    return TokenRefused(
        kind,
        word or f"http_{answer.status}",
        vendor_words(answer) or (safe_words(word) if word else f"status {answer.status} without a reason"),
        status=answer.status,
        retry_after_s=None if wait is None else min(wait, LONGEST_WAIT_S),
    )


def granted_in(method: OAuth2, answer: Answer, asked_at: float, rng: Random) -> dict[str, Granted]:
    """Part → what was given for it; at least one part. Raises `TokenRefused` (`bad_success`).

    Lifetimes count from `asked_at`, the moment before the request by our own clock, so that a clock that
    is wrong does not matter.
    """
    said = _object(answer) or {}
    found = {}
    for part, path in method.parts.items():
        given = _at(said, path)
        if isinstance(given, Mapping) and given.get("access_token"):
            found[part] = _granted(method, given, said, asked_at, rng)
    if not found:
        raise _bad("no_token", "the answer holds no access token")
    return found


def refreshed_in(method: OAuth2, answer: Answer, part: str, asked_at: float, rng: Random) -> Granted:
    """What a refresh gave for one part: at its own place, or at the top as Slack answers for users."""
    found = granted_in(method, answer, asked_at, rng)
    granted = found.get(part) or found.get(MAIN)
    if granted is None:
        raise _bad("no_token", "the answer holds no token of the kind that was asked for")
    return granted


def life_s(method: OAuth2, given: Mapping[str, Any], asked_at: float) -> float | None:
    """How long an access token is good for: as told, as written in it, as is usual; `None`: not known."""
    told = given.get("expires_in")
    if told is not None:
        life = _number(told)
        if life is None or life <= 0:
            raise _bad("bad_lifetime", "the answer tells a lifetime that is none")
        return life * method.expires_unit_s
    return _life_in_jwt(str(given["access_token"]), asked_at) or method.lifetime_s


def refresh_at(asked_at: float, life: float, rng: Random) -> float:
    """When to renew: up to five minutes early, never in the first half of a life, not all at one moment."""
    early = min(EARLIEST_S, life * EARLIEST_PART)
    return asked_at + (life - early) - rng.uniform(0.0, JITTER) * (life - early)


def _kind(method: OAuth2, answer: Answer, said: Mapping[str, Any] | None, word: str | None) -> Kind | None:
    if word is not None and word in method.refusals:
        return method.refusals[word]
    if answer.status in TRANSIENT or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "retry"  # also with a word: a limit or an outage says nothing about the grant
    if word is not None:
        return "reauth" if word in _REAUTH else "retry" if word in _RETRY else "config"
    if answer.is_success:
        return _kind_of_success(answer, said)
    if said is None and answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED}:
        return "bare"
    return "config"


def _kind_of_success(answer: Answer, said: Mapping[str, Any] | None) -> Kind | None:
    if said is not None:
        return None
    try:
        answer.json()
    except ValueError:
        return "retry"  # a page of a proxy
    return "bad_success"


def _granted(
    method: OAuth2, given: Mapping[str, Any], said: Mapping[str, Any], asked_at: float, rng: Random
) -> Granted:
    access, refresh = given["access_token"], given.get("refresh_token") or None
    if not isinstance(access, str) or not isinstance(refresh, str | None):
        raise _bad("no_token", "the answer holds something else than a token")
    for secret in (access, refresh, said.get("id_token")):
        if isinstance(secret, str):
            SECRETS.add(secret)
    life = life_s(method, given, asked_at)
    lasting = _number(given.get("refresh_token_expires_in", given.get("refresh_expires_in")))
    return Granted(
        tokens=Tokens(access, refresh),
        scopes=_scopes(given.get(method.scopes_at), method.scope_separator),
        expires_at=None if life is None else asked_at + life,
        refresh_at=None if life is None else refresh_at(asked_at, life, rng),
        refresh_expires_at=asked_at + lasting if lasting else None,
        address=_address(method, given),
        reply=said,
    )


def _object(answer: Answer) -> Mapping[str, Any] | None:
    try:
        said = answer.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _at(said: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        said = said.get(name) if isinstance(said, Mapping) else None
    return said


def _scopes(told: Any, separator: str) -> tuple[str, ...] | None:
    if isinstance(told, str):
        told = re.split(r"[\s,]+", told.replace(separator, " "))
    if not isinstance(told, list):
        return None
    return tuple(scope for scope in told if isinstance(scope, str) and scope) or None


def _address(method: OAuth2, given: Mapping[str, Any]) -> str | None:
    """Where the account's API is; only a server on this machine may lead to this machine."""
    told = given.get(method.address_at) if method.address_at else None
    if not told:
        return None
    try:
        parts = urlsplit(str(told))
        is_plain = bool(parts.hostname) and "@" not in parts.netloc and not (parts.query or parts.fragment)
        is_safe = parts.scheme == "https" or (is_loopback(str(told)) and is_loopback(method.token_url))
    except ValueError:
        is_plain = is_safe = False
    if not (is_plain and is_safe):
        raise _bad("bad_address", "the answer leads to something that is no address of an API")
    return str(told).rstrip("/")


def _number(told: Any) -> float | None:
    try:
        number = float(told) if isinstance(told, str | int | float) and not isinstance(told, bool) else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _life_in_jwt(token: str, asked_at: float) -> float | None:
    """The lifetime written into a token that is a JWT; nothing depends on it but when to renew."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return None
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    if not isinstance(claims, dict):
        return None
    ends, begins = _number(claims.get("exp")), _number(claims.get("iat"))
    life = None if ends is None else ends - (asked_at if begins is None else begins)
    return life if life is not None and life > 0 else None


def _bad(code: str, words: str) -> TokenRefused:
    return TokenRefused("bad_success", code, words, status=HTTPStatus.OK)
