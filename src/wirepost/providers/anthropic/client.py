"""`AnthropicClient`: requests to a dated version, limits from headers, errors in our words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import orjson

from wirepost.core.errors import CallError, InvalidCall, Unavailable
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen

API_VERSION = "2026-10-21"
"""https://platform.claude.com/docs/en/api/versioning"""
BATCHES = "/v1/messages/batches"
OVERLOADED = 529
_UNPAID = 402
_REQUESTS = "anthropic-ratelimit-requests"
_TOO_LONG = ("prompt is too long", "exceed context limit", "context window")
GENERATION_S = 600.0
"""An answer may take minutes; the deadline of the call cuts this short."""

Json = dict[str, Any]


class AnthropicClient(Client):
    """One connection to Anthropic for the time of one call."""

    async def get(self, path: str, **query: str) -> Json:
        """Read an object or a page."""
        return await self._object(Ask("GET", path, query=tuple(query.items())))

    async def ask(self, path: str, body: Json) -> Json:
        """Have something answered: nothing is changed, so it may be repeated."""
        ask = Ask(
            "POST",
            path,
            content=orjson.dumps(body),
            content_type="application/json",
            timeout_s=GENERATION_S,
        )
        return await self._object(ask)

    async def write(self, path: str, content: bytes | None = None) -> Json:
        """Create or change; there are no idempotency keys, so it is never repeated by itself."""
        content_type = "application/json" if content is not None else None
        ask = Ask("POST", path, content=content, content_type=content_type, is_write=True)
        return await self._object(ask)

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        """Read lines of JSON, however many there are."""
        self.scope.api_version = API_VERSION
        async with self.stream(Ask("GET", path)) as content:
            async for line in content.lines():
                yield line

    def headers(self, ask: Ask) -> Mapping[str, str]:
        """The version."""
        del ask
        return {"anthropic-version": API_VERSION}

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """The requests that are left in this minute.

        https://platform.claude.com/docs/en/api/rate-limits#response-headers
        """
        remaining, limit = (answer.headers.get(f"{_REQUESTS}-{name}", "") for name in ("remaining", "limit"))
        resets_at = moment(answer.headers.get(f"{_REQUESTS}-reset"))
        if not remaining.isdecimal() or resets_at is None:
            return None
        resets_in_s = max(0.0, (resets_at - self.upstream.clock.now()).total_seconds())
        return LimitSeen(float(remaining), resets_in_s, float(limit) if limit.isdecimal() else None)

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Overload passes."""
        del ask
        return True if answer.status == OVERLOADED else None

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Anthropic's id of a request."""
        return headers.get("request-id")

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller (https://platform.claude.com/docs/en/api/errors)."""
        name, words = self.upstream.name, faults.vendor_words(answer) or ""
        if answer.status == OVERLOADED:
            # It took nothing on, so of a write too it is certain that nothing happened.
            return Unavailable("upstream_unavailable", f"{name} is overloaded", hint="Try again later")
        if answer.status == _UNPAID or "credit balance is too low" in words:
            return Unavailable("quota_exhausted", f"{name}: {words}", hint="An operator must add credit")
        if any(each in words.lower() for each in _TOO_LONG):
            return InvalidCall("invalid_arguments", f"{name}: {words}", hint="Ask about less text at once")
        return faults.refused(name, ask, answer)

    async def _object(self, ask: Ask) -> Json:
        self.scope.api_version = API_VERSION
        body = (await self.send(ask)).json()
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, ask)
        return body


def moment(text: Any) -> datetime | None:
    """A time in an answer; `None` for anything else."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo else None
