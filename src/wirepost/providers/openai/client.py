"""`OpenAiClient`: requests in OpenAI's form, and what its refusals mean.

https://platform.openai.com/docs/api-reference and /docs/guides/error-codes
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson

from wirepost.core.errors import CallError, InvalidCall, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.upstream import faults, parts
from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.limits import LimitSeen
from wirepost.upstream.multipart import FilePart, multipart

LIMITED = 429
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_REFUSALS: Mapping[int, tuple[type[CallError], str]] = {
    401: (NotConnected, "auth_expired"),
    403: (NotConnected, "missing_scope"),
    404: (Rejected, "not_found"),
    409: (Rejected, "conflict"),
    429: (Unavailable, "rate_limited"),
}
_TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length"})
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?")

Json = dict[str, Any]


class OpenAiClient(Client):
    """One connection to OpenAI, or to a compatible server, for the time of one call."""

    organization: str | None = None
    """As the last answer named it."""

    async def get(self, path: str, **query: str) -> Json:
        """Read."""
        return await self._read(Ask("GET", path, query=tuple(query.items())))

    async def lines(self, file_id: str) -> AsyncIterator[bytes]:
        """The lines of a file, which may have hundreds of megabytes."""
        async with self.stream(Ask("GET", f"/v1/files/{file_id}/content")) as content:
            async for line in content.lines():
                yield line

    async def ask(self, path: str, body: Json, *, timeout_s: float | None = None) -> Json:
        """Have something worked out; nothing is kept, so a repetition is harmless."""
        return await self._read(_posted(path, body, timeout_s=timeout_s))

    async def create(self, path: str, body: Json | None = None) -> Json:
        """Write; OpenAI promises nothing for a repetition, so it is sent once."""
        return await self._read(_posted(path, body, is_write=True))

    async def upload(self, name: str, content: bytes) -> str:
        """Store the input of a batch; its id."""
        body, form = multipart({"purpose": "batch"}, FilePart("file", name, "application/jsonl", content))
        ask = Ask("POST", "/v1/files", content=body, content_type=form, is_write=True)
        made = await self._read(ask)
        with parts.of_write(self.upstream.name):
            return parts.name(made.get("id"))

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller."""
        found = _error_of(answer)
        code = parts.words(found.get("code")) or parts.words(found.get("type"))
        words = parts.words(found.get("message"))
        error = _by_status(ask, answer, code, words)
        error.provider_code = code or error.provider_code
        return error

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Credit that is used up does not come back by waiting."""
        del ask
        return False if parts.words(_error_of(answer).get("code")) in _SPENT else None

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """Requests left, and when they are full again (https://platform.openai.com/docs/guides/rate-limits)."""
        left = answer.headers.get("x-ratelimit-remaining-requests")
        span = _seconds(answer.headers.get("x-ratelimit-reset-requests"))
        if left is None or span is None or not left.isdigit():
            return None
        limit = answer.headers.get("x-ratelimit-limit-requests", "")
        return LimitSeen(float(left), span, float(limit) if limit.isdigit() else None)

    async def _read(self, ask: Ask) -> Json:
        answer = await self.send(ask)
        self.organization = answer.headers.get("openai-organization") or self.organization
        self.scope.api_version = answer.headers.get("openai-version") or self.scope.api_version
        found = answer.json()
        if not isinstance(found, dict):
            raise faults.unreadable(self.upstream.name, ask)
        return found


def _posted(path: str, body: Json | None, *, is_write: bool = False, timeout_s: float | None = None) -> Ask:
    return Ask(
        "POST",
        path,
        content=None if body is None else orjson.dumps(body),
        content_type=None if body is None else "application/json",
        is_write=is_write,
        timeout_s=timeout_s,
    )


def _error_of(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    found = body.get("error") if isinstance(body, dict) else None
    if isinstance(found, str):  # some compatible servers
        return {"message": found}
    return found if isinstance(found, dict) else {}


def _by_status(ask: Ask, answer: Answer, code: str, words: str) -> CallError:
    if code in _TOO_LONG:
        return InvalidCall("invalid_arguments", words, hint="Shorten the text, or ask for less output")
    if answer.status == LIMITED and code in _SPENT:
        return Unavailable("quota_exhausted", words, hint="Its credit is used up, or its budget is")
    if answer.status in _REFUSALS:
        family, named = _REFUSALS[answer.status]
        return family(named, words or f"OpenAI answered {answer.status}")
    if answer.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        return _failing(ask, words)
    return Rejected("upstream_rejected", words or f"OpenAI answered {answer.status}")


def _failing(ask: Ask, words: str) -> CallError:
    if ask.is_write:
        return OutcomeUnknown("outcome_unknown", f"OpenAI failed while it worked: {words}")
    return Unavailable("upstream_unavailable", f"OpenAI failed: {words}")


def _seconds(span: str | None) -> float | None:
    """A span such as `6m0s` or `20ms`."""
    found = _SPAN.fullmatch(span or "")
    if not span or found is None:
        return None
    days, hours, minutes, seconds, milliseconds = (float(each or 0) for each in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000
