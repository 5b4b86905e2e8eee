"""`SlackClient`: requests in Slack's forms, `"ok": false` as an error, errors in our words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, ClassVar, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from wirepost.core.errors import CallError, Rejected
from wirepost.providers.slack.refusals import refused, scopes
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client

FORM = "application/x-www-form-urlencoded"
JSON = "application/json; charset=utf-8"
BYTES = "application/octet-stream"
LIMITED = 429
RESTRICTED_WAIT_S = 20.0
"""Only apps that are limited to one call a minute are told to wait so long for a page of messages."""
PAGE = 1000
"""Rows of one page where a whole list is read (https://docs.slack.dev/apis/web-api/pagination)."""

_TAKES_JSON = frozenset({"chat.postMessage", "chat.update", "chat.scheduleMessage"})
"""Other methods take forms alone, or refuse JSON with `invalid_arguments`."""
_HISTORY = ("/conversations.history", "/conversations.replies")

Json = dict[str, Any]
T = TypeVar("T")


class SlackClient(Client):
    """One connection to a Slack workspace for the time of one call."""

    # Where files are put and fetched: https://docs.slack.dev/messaging/working-with-files
    other_hosts: ClassVar[frozenset[str]] = frozenset({"files.slack.com"})

    async def read(self, method: str, *, as_user: bool = False, **params: Any) -> Json:
        """Call a method that changes nothing."""
        return await self._exchange(
            Ask("GET", f"/{method}", query=_fields(params), as_user=as_user, quota=method)
        )

    async def identify(self, *, as_user: bool = False) -> tuple[Json, list[str]]:
        """Who the token is, and its scopes; none where Slack does not list them."""
        ask = Ask("GET", "/auth.test", as_user=as_user, quota="auth.test")
        answer = await self.send(ask)
        return answer.json(), scopes(answer.headers.get("x-oauth-scopes"))

    async def write(self, method: str, *, key: str | None, **params: Any) -> Json:
        """Call a method that changes something.

        Slack knows no idempotency keys: give `key` only where a repetition is harmless by itself.
        """
        return await self._exchange(_posted(method, params, key=key, is_write=True))

    async def reserve(self, method: str, **params: Any) -> Json:
        """Call a method whose effect nobody can see and Slack discards unless a later write uses it."""
        return await self._exchange(_posted(method, params, key=None, is_write=False))

    async def rows(self, method: str, name: str, *, most: int, **params: Any) -> list[Json]:
        """All rows of a list, page by page; raises `Rejected` where there are more than `most`."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self.read(method, **params, limit=PAGE, cursor=cursor)
            found += page[name]
            cursor = next_cursor(page)
            if cursor is None:
                return found
            if len(found) >= most:
                message = f"Slack has more than {most} rows of that; they are not read at once"
                raise Rejected("upstream_rejected", message, hint="Name an id or an e-mail address instead")

    async def put(self, url: str, content: bytes) -> None:
        """Send bytes to an upload address, which needs no token; Slack discards them unless they are used."""
        await self.send(_elsewhere("POST", url, content=content, content_type=BYTES))

    async def fetch(self, url: str) -> Answer:
        """The content of a file, with the token."""
        return await self.send(_elsewhere("GET", url, has_credential=True))

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Slack's id of a request."""
        return headers.get("x-slack-req-id")

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """Slack refuses with status 200 and `"ok": false`; where files are, the status says it all."""
        if not answer.is_success or ask.origin is not None:
            return super().refusal(ask, answer)
        body = _object(answer)
        if body is None or not isinstance(body.get("ok"), bool):
            return faults.unreadable(self.upstream.name, ask)
        return None if body["ok"] else refused(body, is_write=ask.is_write)

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal by status means; it may say why in the body all the same."""
        body = _object(answer)
        if body is not None and answer.status < LIMITED and isinstance(body.get("error"), str):
            return refused(body, is_write=ask.is_write)
        error = super().error(ask, answer)
        if answer.status == LIMITED and ask.path in _HISTORY and _wait_s(answer) >= RESTRICTED_WAIT_S:
            error.hint = (
                "Slack allows apps that are distributed outside its marketplace one page of messages a "
                "minute; an app of the workspace's own has no such limit"
            )
        return error

    async def _exchange(self, ask: Ask) -> Json:
        body: Json = (await self.send(ask)).json()
        return body


async def together(reads: Iterable[Awaitable[T]]) -> list[T]:
    """Several reads at once; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(read)) for read in reads]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _awaited(read: Awaitable[T]) -> T:
    return await read


def next_cursor(page: Json) -> str | None:
    """Where the next page of a list starts; an empty text means that there is none."""
    return (page.get("response_metadata") or {}).get("next_cursor") or None


def _posted(method: str, params: Mapping[str, Any], *, key: str | None, is_write: bool) -> Ask:
    if method in _TAKES_JSON:
        content = orjson.dumps({name: value for name, value in params.items() if value is not None})
    else:
        content = urlencode(_fields(params)).encode()
    return Ask(
        "POST",
        f"/{method}",
        content=content,
        content_type=JSON if method in _TAKES_JSON else FORM,
        key=key,
        is_write=is_write,
        quota=method,
    )


def _elsewhere(method: str, url: str, **more: Any) -> Ask:
    """A request to an address that Slack gave."""
    parts = urlsplit(url)
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    return Ask(method, parts.path or "/", query=query, origin=f"{parts.scheme}://{parts.netloc}", **more)


def _fields(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters as form fields; what is absent is left out, what has parts goes as JSON."""
    return tuple((name, _text(value)) for name, value in params.items() if value is not None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else str(value)


def _object(answer: Answer) -> Json | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _wait_s(answer: Answer) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else 0.0
