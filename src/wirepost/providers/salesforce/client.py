"""`SalesforceClient`: requests to versioned paths, statements in pages, errors in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from wirepost.core.errors import CallError, InvalidCall, NotConnected, Rejected
from wirepost.providers.salesforce.refusals import (
    DAY_USED_UP,
    LOCATOR_GONE,
    LOCKED,
    REFUSED,
    UNDONE,
    code_of,
    refused,
)
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client, LimitSeen

API_VERSION = "v68.0"
"""A segment of every path (https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/)."""
ROOT = f"/services/data/{API_VERSION}"
COMPOSITE = f"{ROOT}/composite"
"""Several requests in one, which answers with status 200 whatever became of them."""
USER_INFO = "/services/oauth2/userinfo"
LONGEST_QUERY = 12_000
"""Characters of an encoded statement in an address; Salesforce refuses addresses of more than 16,384 bytes.

https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/
salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
"""
NOT_MODIFIED = 304

_PART = re.compile(r"[A-Za-z0-9_]{1,80}", re.ASCII)
_NEXT = re.compile(r"/services/data/v\d{1,3}\.\d/query/[A-Za-z0-9_\-]{1,100}", re.ASCII)
_USAGE = re.compile(r"(?<!-)api-usage=(\d{1,12})/(\d{1,12})", re.ASCII)

Json = dict[str, Any]


class SalesforceClient(Client):
    """One connection to Salesforce for the time of one call."""

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: str) -> Json:
        """Read an object."""
        return self._object(
            await self.exchange(Ask("GET", path, tuple(query.items()), headers=headers or {}))
        )

    async def who(self) -> Json:
        """Who the user of this connection is; nothing where the app lacks `openid`."""
        try:
            return await self.get(USER_INFO)
        except (NotConnected, Rejected) as refusal:
            if refusal.code == "auth_expired":
                raise
            return {}

    async def read(self, path: str, body: Json) -> Any:
        """Read through a POST that changes nothing."""
        return await self.exchange(_sent("POST", path, body))

    async def write(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        key: str | None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Write. Salesforce knows no idempotency keys: a `key` says that a repetition is harmless."""
        return await self.exchange(
            _sent(method, path, body, key=key, is_write=True, query=query or {}, headers=headers or {})
        )

    async def page(self, statement: str) -> Json:
        """The first page of a statement's answer; a long statement travels in a body."""
        if len(quote(statement)) <= LONGEST_QUERY:
            return await self.get(f"{ROOT}/query", q=statement)
        url = f"{ROOT}/query?q={quote(statement)}"
        part = {"method": "GET", "url": url, "referenceId": "query"}
        return self._object(first_part(await self.read(COMPOSITE, {"compositeRequest": [part]})))

    async def rows(self, statement: str) -> list[Json]:
        """Every record that a statement finds, page by page.

        The statement bounds their number. A place in an answer is kept for a while only; where it is gone,
        the statement is asked once more.
        """
        try:
            return await self._rows(statement)
        except Rejected as refusal:
            if refusal.provider_code != LOCATOR_GONE:
                raise
        return await self._rows(statement)

    async def exchange(self, ask: Ask) -> Any:
        """Send one request; the body of its answer."""
        return (await self.answer(ask)).json()

    async def answer(self, ask: Ask) -> Answer:
        """Send one request."""
        self.scope.api_version = API_VERSION
        return await self.send(ask)

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Salesforce's id of a request, where it gives one."""
        return headers.get("x-request-id") or headers.get("x-sfdc-request-id")

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """Note what is left of the organisation's requests of the last 24 hours.

        They come back one by one, so there is no window to wait for, and nothing to learn for the pace.
        https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/headers_api_usage.htm
        """
        usage = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
        if usage is not None:
            used, limit = float(usage[1]), float(usage[2])
            self.scope.quota = {"remaining": max(limit - used, 0.0), "limit": limit}
        return None

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """A used-up day is not over soon; a lock is."""
        del ask
        return {DAY_USED_UP: False, LOCKED: True}.get(code_of(answer) or "")

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """Of several requests in one, the first that was refused for itself speaks for all."""
        found = super().refusal(ask, answer)
        if found is not None or ask.path != COMPOSITE:
            return found
        body = answer.json()
        if not isinstance(body, dict) or not body.get("compositeResponse"):
            return faults.unreadable(self.upstream.name, ask)
        refused_parts = [
            Answer(int(part["httpStatusCode"]), answer.headers, orjson.dumps(part["body"]), answer.request_id)
            for part in body["compositeResponse"]
            if int(part["httpStatusCode"]) >= REFUSED
        ]
        if not refused_parts:
            return None
        told = (each for each in refused_parts if code_of(each) != UNDONE)
        return self.error(ask, next(told, refused_parts[0]))

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller."""
        return refused(self.upstream.name, ask, answer)

    async def _rows(self, statement: str) -> list[Json]:
        page = await self.page(statement)
        rows: list[Json] = page["records"]
        while not page.get("done", True):
            page = await self.get(_next_path(self.upstream.name, page))
            rows += page["records"]
        return rows

    def _object(self, body: Any) -> Json:
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, Ask("GET", ROOT))
        return body


def first_part(answer: Any) -> Any:
    """The answer to the first of several requests in one."""
    return answer["compositeResponse"][0]["body"]


def sobject(*parts: str) -> str:
    """The path of an object or a record; a part that is no name or id is refused."""
    return _path("sobjects", *parts)


def collection(*parts: str) -> str:
    """The path of many records at once."""
    return _path("composite", "sobjects", *parts)


def job_path(*parts: str) -> str:
    """The path of a bulk job."""
    return _path("jobs", *parts)


def _path(*parts: str) -> str:
    for part in parts:
        if not _PART.fullmatch(part):
            message = "That is no Salesforce id or name: they consist of letters, digits and _"
            raise InvalidCall("invalid_arguments", message)
    return "/".join((ROOT, *parts))


def _next_path(name: str, page: Json) -> str:
    path = page.get("nextRecordsUrl")
    if not isinstance(path, str) or not _NEXT.fullmatch(path):
        raise faults.unreadable(name, Ask("GET", ROOT))
    return path


def _sent(
    method: str,
    path: str,
    body: Json | None,
    *,
    key: str | None = None,
    is_write: bool = False,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Ask:
    return Ask(
        method,
        path,
        tuple((query or {}).items()),
        content=None if body is None else orjson.dumps(body),
        content_type=None if body is None else "application/json",
        headers=headers or {},
        key=key,
        is_write=is_write,
    )
