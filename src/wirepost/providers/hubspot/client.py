"""`HubSpotClient`: requests to dated paths, quotas learnt from headers, errors in our words."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from wirepost.core.errors import CallError, InvalidCall, NotConnected, Unavailable
from wirepost.providers.hubspot.refusals import is_daily, refused
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen
from wirepost.upstream.multipart import FilePart, multipart

API_VERSION = "2026-09"
"""A segment of every path (https://developers.hubspot.com/docs/developer-tooling/platform/versioning)."""
TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105 - a path, not a token
"""What a private app's token may do; the only path without a date, and the token goes in the body.

https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview
"""
SEARCH = "search"
"""Name of the quota that searches have besides the account's."""
LIMITED, LOCKED, MIGRATING = 429, 423, 477
FILE_HOSTS = (
    *(".hubspot.com", ".hubapi.com", ".hubspot.net", ".amazonaws.com"),
    *(".hubspotusercontent.com", ".hubspotusercontent-na1.net", ".hubspotusercontent-eu1.net"),
)
"""Ends of the names of hosts that links to exports lead to."""

_PART = re.compile(r"[A-Za-z0-9_\-]{1,200}")

Json = dict[str, Any]
T = TypeVar("T")


class HubSpotClient(Client):
    """One connection to HubSpot for the time of one call."""

    async def get(self, path: str, **query: str | bool | int | Sequence[str] | None) -> Json:
        """Read; several values of one parameter are sent one by one."""
        return await self._exchange(Ask("GET", path, query=tuple(_parameters(query))))

    async def read(self, path: str, body: Json, *, quota: str | None = None) -> Json:
        """Read through a POST that changes nothing."""
        return await self._exchange(_sent("POST", path, body, quota=quota))

    async def write(self, path: str, body: Json | None, *, key: str | None, method: str = "POST") -> Json:
        """Write. HubSpot knows no idempotency keys: a `key` says that a repetition is harmless by itself."""
        return await self._exchange(_sent(method, path, body, key=key, is_write=True))

    async def upload(self, path: str, fields: Mapping[str, str], file: FilePart) -> Json:
        """Write by a form with a file; sent once."""
        content, form = multipart(fields, file)
        return await self._exchange(Ask("POST", path, content=content, content_type=form, is_write=True))

    async def account(self) -> Json:
        """The account's number, address and kind; kept for some minutes."""
        return await self.upstream.cache.get("account", lambda: self.get(dated("account-info", "details")))

    async def token(self) -> Json:
        """Whose token it is and what it may do; kept for some minutes.

        Raises `CallError` for tokens that are not of a private app.
        """
        return await self.upstream.cache.get("token", self._token)

    @property
    def is_consented(self) -> bool:
        """Whether the token is of an app that people install; what it may do was told with it."""
        return self.options is not None and self.options.auth == "oauth"

    async def granted(self) -> list[str] | None:
        """Scopes of the token, where HubSpot tells: only private apps may ask."""
        if self.is_consented:
            return None
        try:
            scopes = (await self.token()).get("scopes")
        except CallError:
            return None
        return sorted(map(str, scopes)) if isinstance(scopes, list) else None

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """HubSpot's id of a request; the same as `correlationId` in errors."""
        return headers.get("x-hubspot-correlation-id") or headers.get("x-request-id")

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """The rolling window of the account; searches do not report it.

        https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
        """
        remaining = _number(answer.headers.get("x-hubspot-ratelimit-remaining"))
        window_ms = _number(answer.headers.get("x-hubspot-ratelimit-interval-milliseconds"))
        if remaining is None or window_ms is None:
            return None
        return LimitSeen(remaining, window_ms / 1000, _number(answer.headers.get("x-hubspot-ratelimit-max")))

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """A used-up day and a moving account are not over soon; a lock is."""
        del ask
        if answer.status == LIMITED and is_daily(answer):
            return False
        return {LOCKED: True, MIGRATING: False}.get(answer.status)

    def knows_origin(self, origin: str) -> bool:
        """Where the files of exports are, which are read without a credential."""
        parts = urlsplit(origin)
        return parts.scheme == "https" and f".{parts.hostname}".endswith(FILE_HOSTS)

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """The content of files is what somebody put there."""
        return None if answer.is_success and ask.origin is not None else super().refusal(ask, answer)

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller; a host of files knows nothing of tokens and scopes."""
        if ask.origin is not None:
            told = f"HubSpot's link to a file is dead ({answer.status}); another one is asked for"
            return Unavailable("upstream_unavailable", told)
        return refused(self.upstream.name, ask, answer)

    async def _token(self) -> Json:
        token = (await self.upstream.authorization()).removeprefix("Bearer ")
        return await self.read(TOKEN_INFO, {"tokenKey": token})

    async def _exchange(self, ask: Ask) -> Json:
        self.scope.api_version = API_VERSION
        try:
            body = (await self.send(ask)).json()
        except NotConnected as refusal:
            if refusal.code == "missing_scope" and ask.path != TOKEN_INFO:
                granted = await self.granted()
                refusal.detail |= {} if granted is None else {"granted": granted}
            raise
        if body is None:  # 204
            return {}
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, ask)
        return body


def dated(family: str, *parts: str) -> str:
    """The path of an API in the version we speak; a part that is no name or id is refused."""
    for part in parts:
        if not _PART.fullmatch(part):
            message = "That is no HubSpot id or name: they consist of letters, digits, _ and -"
            raise InvalidCall("invalid_arguments", message)
    return "/".join(("", family, API_VERSION, *parts))


async def gathered(reads: Iterable[Awaitable[T]]) -> list[T]:
    """Several reads at once, in order; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _sent(
    method: str,
    path: str,
    body: Json | None,
    *,
    key: str | None = None,
    is_write: bool = False,
    quota: str | None = None,
) -> Ask:
    return Ask(
        method,
        path,
        content=None if body is None else orjson.dumps(body),
        content_type=None if body is None else "application/json",
        key=key,
        is_write=is_write,
        quota=quota,
    )


def _parameters(query: Mapping[str, str | bool | int | Sequence[str] | None]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str | int):
            yield name, str(value)
        else:
            yield from ((name, each) for each in value or ())


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
