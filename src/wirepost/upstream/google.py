"""`GoogleClient`: requests to Google's services for models, and what their refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.upstream import faults, parts
from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.limits import Limits

LIMITS = {
    "production": Limits(requests_per_s=5, burst=10, concurrency=10),
    "test": Limits(requests_per_s=5, burst=10, concurrency=10),
    "sandbox": Limits(requests_per_s=1000, burst=1000),
}
"""Quotas depend on model and tier: https://ai.google.dev/gemini-api/docs/rate-limits and
https://docs.cloud.google.com/vertex-ai/generative-ai/docs/quotas"""
MOST_BYTES = 64 * 1024 * 1024
"""Of an object that holds answers; what a batch asks has 20 MB at most."""
GENERATION_S = 600.0
"""An answer may take minutes; the deadline of the call cuts this short."""
_BAD, _LIMITED = 400, 429
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)s")

Json = dict[str, Any]


class GoogleClient(Client):
    """One connection for the time of one call; paths are below `version`."""

    version: ClassVar[str]

    async def get(self, path: str, *, version: str | None = None, **query: str) -> Json:
        """Read an object or a page."""
        return await self._object(
            Ask("GET", f"/{version or self.version}/{path}", query=tuple(query.items()))
        )

    async def whole(self, path: str) -> Json:
        """Read an object that may have many megabytes."""
        ask = Ask("GET", f"/{self.version}/{path}")
        self.scope.api_version = self.version
        async with self.stream(ask) as content:
            body = await content.whole(MOST_BYTES)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise faults.unreadable(self.upstream.name, ask)
        return found

    async def ask(self, path: str, body: Json) -> Json:
        """Have something answered: nothing is changed, so it may be repeated."""
        return await self._object(self._post(path, body, is_write=False))

    async def write(self, path: str, body: Json | None = None) -> Json:
        """Create or change; there are no idempotency keys, so it is never repeated by itself."""
        return await self._object(self._post(path, body, is_write=True))

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller (https://ai.google.dev/gemini-api/docs/troubleshooting)."""
        details = _details(answer)
        if answer.status == _BAD and any(each.get("reason") == "API_KEY_INVALID" for each in details):
            return NotConnected("auth_expired", f"{self.upstream.name} refused the key of this connection")
        if answer.status == _LIMITED:
            return _limited(self.upstream.name, details)
        return faults.refused(self.upstream.name, ask, answer)

    async def _object(self, ask: Ask) -> Json:
        self.scope.api_version = self.version
        body = (await self.send(ask)).json()
        if body is None:
            return {}
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, ask)
        return body

    def _post(self, path: str, body: Json | None, *, is_write: bool) -> Ask:
        return Ask(
            "POST",
            f"/{self.version}/{path}",
            content=None if body is None else orjson.dumps(body),
            content_type=None if body is None else "application/json",
            is_write=is_write,
            timeout_s=GENERATION_S,
        )


def _details(answer: Answer) -> list[Mapping[str, Any]]:
    try:
        body = answer.json()
    except ValueError:
        return []
    error = body.get("error") if isinstance(body, Mapping) else None
    found = error.get("details") if isinstance(error, Mapping) else None
    return _objects(found)


def _objects(found: Any) -> list[Mapping[str, Any]]:
    """Of the parts of a refusal those that are of its form."""
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _limited(name: str, details: list[Mapping[str, Any]]) -> CallError:
    """`RetryInfo` tells how long; a quota of the day is used up for today."""
    quotas = [each for detail in details for each in _objects(detail.get("violations"))]
    if any("PerDay" in parts.words(each.get("quotaId")) for each in quotas):
        return Unavailable("quota_exhausted", f"{name}: the quota of the day is used up")
    waits = [_SECONDS.fullmatch(parts.words(each.get("retryDelay"))) for each in details]
    wait_s = next((float(each[1]) for each in waits if each), None)
    return Unavailable(
        "rate_limited",
        f"{name} limits the rate of requests",
        hint="Wait, then try again",
        retry_after_s=wait_s,
    )
