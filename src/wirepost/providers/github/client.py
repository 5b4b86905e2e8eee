"""`GitHubClient`: requests to a dated version, the quota of each hour, errors in our words."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from wirepost.core.errors import CallError, FieldProblem, NotConnected, Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen
from wirepost.upstream.faults import safe_words

API_VERSION = "2022-11-28"
"""https://docs.github.com/en/rest/about-the-rest-api/api-versions"""
MAX_PAGE = 100
FORBIDDEN, UNPROCESSABLE, LIMITED = 403, 422, 429
SECONDARY_WAIT_S = 60.0
"""What GitHub asks for after a secondary limit that names no time.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

_SCOPE = re.compile(r"[A-Za-z0-9_:./=-]{1,60}", re.ASCII)
_NEXT = re.compile(r'<([^<>]+)>;\s*rel="next"')
_SIGN_ON = re.compile(r"required; url=(https://github\.com/[\x21-\x7e]{1,500})")

Json = dict[str, Any]


class GitHubClient(Client):
    """One connection to GitHub for the time of one call."""

    async def get(self, path: str, **query: str) -> Json:
        """Read an object."""
        return self._object((await self.answer(path, **query)).json(), path)

    async def rows(self, path: str, **query: str) -> AsyncIterator[Json]:
        """Every record of a list, page by page; the next page is where the answer says."""
        while True:
            answer = await self.answer(path, **{"per_page": str(MAX_PAGE), **query})
            found = answer.json()
            if not isinstance(found, list):
                raise faults.unreadable(self.upstream.name, Ask("GET", path))
            for row in found:
                yield self._object(row, path)
            following = _NEXT.search(answer.headers.get("link", ""))
            if following is None:
                return
            query = dict(parse_qsl(urlsplit(following[1]).query))

    async def write(self, method: str, path: str, body: Json | None = None) -> Json:
        """Make, change or remove; GitHub has no keys, so a request whose answer was lost is not repeated."""
        self.scope.api_version = API_VERSION
        content = None if body is None else orjson.dumps(body)
        ask = Ask(
            method, path, content=content, content_type="application/json" if body else None, is_write=True
        )
        found = (await self.send(ask)).json()
        return {} if found is None else self._object(found, path)

    async def answer(self, path: str, **query: str) -> Answer:
        """Read; the whole answer, whose headers list the scopes of the token."""
        self.scope.api_version = API_VERSION
        return await self.send(Ask("GET", path, query=tuple(query.items())))

    def headers(self, ask: Ask) -> Mapping[str, str]:
        """Version and form of the answer."""
        del ask
        return {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": API_VERSION}

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """GitHub's id of a request."""
        return headers.get("x-github-request-id")

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """The quota of the hour that a request counted against."""
        remaining, limit = _number(answer, "x-ratelimit-remaining"), _number(answer, "x-ratelimit-limit")
        resets_in_s = self._resets_in_s(answer)
        if remaining is None or resets_in_s is None:
            return None
        return LimitSeen(remaining, resets_in_s, limit)

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """A limit may be told with status 403 too."""
        del ask
        return True if self._is_limit(answer) else None

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller.

        https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
        """
        if self._is_limit(answer):
            return self._limited(answer)
        if answer.status == FORBIDDEN:
            return _forbidden(answer)
        if answer.status == UNPROCESSABLE:
            return _unprocessable(answer)
        return faults.refused(self.upstream.name, ask, answer)

    def _is_limit(self, answer: Answer) -> bool:
        if answer.status == LIMITED:
            return True
        used_up = answer.headers.get("x-ratelimit-remaining") == "0"
        return answer.status == FORBIDDEN and (used_up or "retry-after" in answer.headers)

    def _limited(self, answer: Answer) -> CallError:
        if "retry-after" in answer.headers:
            wait_s = None  # the client reads it itself
        elif answer.headers.get("x-ratelimit-remaining") == "0":
            wait_s = self._resets_in_s(answer)
        else:
            wait_s = SECONDARY_WAIT_S
        return Unavailable(
            "rate_limited",
            "GitHub limits the rate of requests",
            hint="Wait, then try again",
            retry_after_s=wait_s,
        )

    def _resets_in_s(self, answer: Answer) -> float | None:
        at = _number(answer, "x-ratelimit-reset")
        return None if at is None else max(0.0, at - self.upstream.clock.now().timestamp())

    def _object(self, body: Any, path: str) -> Json:
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, Ask("GET", path))
        return body


def scopes_in(text: str | None) -> list[str] | None:
    """The scopes a header lists, separated by commas; `None` where there is no header."""
    if text is None:
        return None
    return sorted({scope for scope in re.split(r"[,\s]+", text) if _SCOPE.fullmatch(scope)})


def _forbidden(answer: Answer) -> CallError:
    sign_on = _SIGN_ON.match(answer.headers.get("x-github-sso", ""))
    if sign_on is not None:
        return NotConnected(
            "missing_scope",
            "The organisation wants its members to sign in once more before this token may be used there",
            hint=f"Open {sign_on[1]} within an hour and allow it",
            provider_code="saml_sso_required",
        )
    needed = scopes_in(answer.headers.get("x-accepted-oauth-scopes")) or scopes_in(
        answer.headers.get("x-accepted-github-permissions")
    )
    granted = scopes_in(answer.headers.get("x-oauth-scopes"))
    detail = {name: listed for name, listed in (("needed", needed), ("granted", granted)) if listed}
    words = faults.vendor_words(answer)
    return NotConnected(
        "missing_scope",
        f"GitHub does not let this token do that{f': {words}' if words else ''}",
        hint="Give the token or the app the permission, or ask an owner of the organisation to",
        detail=detail,
    )


def _unprocessable(answer: Answer) -> CallError:
    words = faults.vendor_words(answer) or "it was refused without a reason"
    return Rejected("upstream_rejected", f"GitHub: {words}", fields=_fields(answer))


def _fields(answer: Answer) -> list[FieldProblem]:
    try:
        body = answer.json()
    except ValueError:
        return []
    errors = body.get("errors") if isinstance(body, Mapping) else None
    return [
        FieldProblem(
            path=clean_line(str(error["field"]), 100),
            problem=safe_words(str(error.get("message") or error.get("code") or "is wrong")),
        )
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, Mapping) and error.get("field")
    ]


def _number(answer: Answer, header: str) -> float | None:
    text = answer.headers.get(header, "")
    return float(text) if text.isascii() and text.isdigit() else None
