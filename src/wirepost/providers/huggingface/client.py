"""`HuggingFaceClient`: the router for models, the hub for everything else, and what their refusals mean.

https://huggingface.co/docs/inference-providers and the jobs of `huggingface_hub` 2.4.0
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import orjson

from wirepost.core.errors import CallError, NotConnected, OutcomeUnknown, Rejected, Unavailable
from wirepost.upstream import faults, parts
from wirepost.upstream.client import Answer, Ask, Client

HUB = "https://huggingface.co"
_REFUSALS: Mapping[int, tuple[type[CallError], str]] = {
    401: (NotConnected, "auth_expired"),
    402: (Unavailable, "quota_exhausted"),
    403: (NotConnected, "missing_scope"),
    404: (Rejected, "not_found"),
    409: (Rejected, "conflict"),
    429: (Unavailable, "rate_limited"),
}
Json = dict[str, Any]


class HuggingFaceClient(Client):
    """One connection for the time of one call."""

    answers_json: ClassVar[bool] = False
    other_hosts: ClassVar[frozenset[str]] = frozenset({"huggingface.co"})

    async def ask(self, path: str, body: Json) -> Any:
        """Have a model work something out; nothing is kept."""
        return await self._json(_asked("POST", path, body))

    async def router_list(self) -> Any:
        """What the router serves."""
        return await self._json(Ask("GET", "/v1/models"))

    async def hub(
        self, method: str, path: str, body: Json | None = None, *, is_write: bool = False, **query: str
    ) -> Any:
        """Ask the hub."""
        where = {"origin": self._hub, "has_credential": True, "query": tuple(query.items())}
        ask = _asked(method, path, body, is_write=is_write, **where)
        return await self._json(ask)

    async def events(self, path: str) -> AsyncIterator[bytes]:
        """The data of each of a stream of events that has ended."""
        async with self.stream(Ask("GET", path, origin=self._hub, has_credential=True)) as content:
            async for line in content.lines():
                if line.startswith(b"data:"):
                    yield line.removeprefix(b"data:").strip()

    async def _json(self, ask: Ask) -> Any:
        answer = await self.send(ask)
        try:
            return answer.json()
        except ValueError:
            raise faults.unreadable(self.upstream.name, ask) from None

    @property
    def _hub(self) -> str:
        """Where the hub is; a test server is both."""
        return HUB if self.options.base_url is None else self.options.base_url

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means; a model that is being loaded answers 503 for a while."""
        words = _words(answer) or f"Hugging Face answered {answer.status}"
        if answer.status in _REFUSALS:
            family, code = _REFUSALS[answer.status]
            return family(code, words)
        if answer.status < 500:  # noqa: PLR2004 - HTTP's server errors
            return Rejected("upstream_rejected", words)
        if ask.is_write:
            return OutcomeUnknown("outcome_unknown", f"Hugging Face failed while it worked: {words}")
        return Unavailable("upstream_unavailable", words)


def _asked(method: str, path: str, body: Json | None, **more: Any) -> Ask:
    content = None if body is None else orjson.dumps(body)
    kind = None if body is None else "application/json"
    return Ask(method, path, content=content, content_type=kind, **more)


def _words(answer: Answer) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    found = body.get("error") if isinstance(body, dict) else None
    if isinstance(found, dict):
        found = found.get("message")
    if isinstance(found, list):
        found = "; ".join(each for each in found if isinstance(each, str))
    return parts.words(found)
