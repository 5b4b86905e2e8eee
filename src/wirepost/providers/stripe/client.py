"""`StripeClient`: requests in Stripe's form, answers checked for their environment, errors in our words."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Self
from urllib.parse import urlencode, urlsplit

from wirepost.core.errors import (
    CallError,
    FieldProblem,
    InvalidCall,
    NotConnected,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from wirepost.providers.stripe.encoding import form
from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.faults import safe_words
from wirepost.upstream.stream import Stream

API_VERSION = "2026-10-28.endive"
MAX_KEY = 255
"""Longest idempotency key (https://docs.stripe.com/api/idempotent_requests)."""
MAX_PAGE = 100
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, CONFLICT, LIMITED, FAILED = 401, 403, 404, 409, 429, 500
FORM = "application/x-www-form-urlencoded"

_PATH = re.compile(r"/v[12](/[A-Za-z0-9_\-]+)+")
_CONTEXT = re.compile(r"[A-Za-z0-9_/]{1,200}")
_PERMISSION = re.compile(r"\brak_[a-z_]+\b")
_OUR_NAMES = {"payment_intent": "payment", "charge": "payment", "starting_after": "cursor", "page": "cursor"}

Json = dict[str, Any]


class StripeClient(Client):
    """One connection to Stripe for the time of one call."""

    # Where reports are fetched: https://docs.stripe.com/reports/api
    other_hosts: ClassVar[frozenset[str]] = frozenset({"files.stripe.com"})

    account: str | None = None
    """The connected account that requests act for."""

    def on(self, account: str | None) -> Self:
        """The same client acting for a connected account, which the connection must list."""
        if account is None:
            return self
        listed = list(self.options.accounts)
        if account not in listed:
            problem = "is not among the accounts of this connection"
            fields = [FieldProblem(path="account", problem=problem, allowed=listed)]
            raise InvalidCall("invalid_arguments", f"account {problem}", fields=fields)
        bound = copy.copy(self)
        bound.account = account
        return bound

    async def get(self, path: str, **params: Any) -> Json:
        """Read."""
        return await self._exchange(Ask("GET", _checked(path), query=form(params)))

    async def get_in(self, context: str, path: str) -> Json:
        """Read what an event names, in the account that the event names; empty: the key's own."""
        if context and not _CONTEXT.fullmatch(context):
            raise InvalidCall("invalid_arguments", "That is not an account of Stripe's")
        headers = {"Stripe-Context": context} if context else {}
        return await self._exchange(Ask("GET", _checked(path), headers=headers))

    async def rows(self, path: str, **params: Any) -> AsyncIterator[Json]:
        """Every record of a list, page by page; for looking something up, where the caller stops early."""
        position: str | None = None
        while True:
            page = await self.get(path, **params, limit=MAX_PAGE, starting_after=position)
            for row in page["data"]:
                yield row
            if not page["has_more"]:
                return
            position = page["data"][-1]["id"]

    async def read_post(self, path: str, **params: Any) -> Json:
        """Read through a POST that changes nothing (previews)."""
        return await self._exchange(_posted(path, params, is_write=False))

    async def post(self, path: str, *, key: str | None, **params: Any) -> Json:
        """Write; `key` makes a repetition harmless."""
        return await self._exchange(_posted(path, params, key=key, is_write=True))

    def file(self, url: str) -> AbstractAsyncContextManager[Stream]:
        """The content of a file at Stripe's address for it, which needs the key."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self.stream(Ask("GET", parts.path, origin=origin, has_credential=True))

    async def delete(self, path: str, **params: Any) -> Json:
        """Delete, without a key: Stripe ignores keys here and answers a repetition with 404."""
        return await self._exchange(Ask("DELETE", _checked(path), query=form(params), is_write=True))

    def headers(self, ask: Ask) -> dict[str, str]:
        """Version, key and account of a request."""
        headers = {"Stripe-Version": API_VERSION}
        if ask.key is not None:
            headers["Idempotency-Key"] = ask.key
        if self.account is not None:
            headers["Stripe-Account"] = self.account
        return headers

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Stripe's id of a request."""
        return headers.get("request-id")

    def is_live(self, answer: Answer) -> bool | None:
        """Stripe's `livemode`, where the answer has it."""
        try:
            return _livemode(answer.json()) if answer.is_success else None
        except ValueError:
            return None

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Stripe's own word first; a 500 to a write is stored under its key and would only be replayed.

        https://docs.stripe.com/error-low-level
        """
        said = answer.headers.get("stripe-should-retry")
        if said in {"true", "false"}:
            return said == "true"
        if answer.status == CONFLICT:  # another request with the same key is still running
            return _error_of(answer).get("code") in {"idempotency_key_in_use", "lock_timeout"}
        if answer.status == FAILED and ask.is_write:
            return False
        return None

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller."""
        found = _error_of(answer)
        error = _by_status(ask, answer, found)
        error.provider_code = found.get("decline_code") or found.get("code") or error.provider_code
        error.provider_request_id = answer.request_id
        return error

    async def _exchange(self, ask: Ask) -> Json:
        self.scope.api_version = API_VERSION
        body = (await self.send(ask)).json()
        if not isinstance(body, dict):
            raise _unreadable(ask)
        self._check_environment(ask, body)
        return body

    def _check_environment(self, ask: Ask, body: Json) -> None:
        """A live answer on a test connection (or the reverse) means a wrong key: let nobody trust it."""
        is_live = _livemode(body)
        if is_live is None:
            return
        environment = self.options.environment
        if is_live == (environment == "production"):
            return
        seen = "live" if is_live else "test"
        raise NotConnected(
            "not_connected",
            f"The connection is declared as {environment}, but Stripe answered with {seen} objects",
            hint="Give the connection a key of its own environment, or declare the key's",
            outcome="applied" if ask.is_write else "not_applied",
        )


async def together(*reads: Awaitable[Json]) -> list[Json]:
    """Several reads at once; the first failure ends the others and is raised as it is."""
    if len(reads) == 1:
        return [await reads[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_awaited(read)) for read in reads]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


async def _awaited(read: Awaitable[Json]) -> Json:
    return await read


def subkey(key: str | None, part: str) -> str | None:
    """Key of one request of several, so that a repetition completes them and duplicates nothing."""
    return None if key is None else f"{key}:{part}"[-MAX_KEY:]


def _posted(path: str, params: Mapping[str, Any], *, key: str | None = None, is_write: bool) -> Ask:
    fields = form(params)
    return Ask(
        "POST", _checked(path), content=_urlencoded(fields), content_type=FORM, key=key, is_write=is_write
    )


def _urlencoded(fields: tuple[tuple[str, str], ...]) -> bytes:
    return urlencode(fields).encode()


def _checked(path: str) -> str:
    """An id must not lead to another resource: `pi_1/../../customers` is no id."""
    if not _PATH.fullmatch(path):
        message = "That is not a Stripe id: ids consist of letters, digits, _ and -"
        raise InvalidCall("invalid_arguments", message)
    return path


def _livemode(body: Any) -> bool | None:
    """Lists do not say it themselves, their records do."""
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("livemode"), bool):
        return bool(body["livemode"])
    records = body.get("data")
    return _livemode(records[0]) if isinstance(records, list) and records else None


def _error_of(answer: Answer) -> Json:
    try:
        body = answer.json()
    except ValueError:
        return {}
    found = body.get("error") if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def _by_status(ask: Ask, answer: Answer, found: Json) -> CallError:
    status = answer.status
    if status == UNAUTHORIZED:
        hint = "Create a new restricted key in the Stripe dashboard and give it to the connection"
        return NotConnected("auth_expired", "Stripe refused the key of this connection", hint=hint)
    if status == FORBIDDEN:
        return _forbidden(found)
    if status == LIMITED:
        return _limited(answer, found)
    if status >= FAILED:
        return _failed(ask)
    return _refused(status, found)


def _refused(status: int, found: Json) -> CallError:
    """Anything else in the 400s; the code says more than the status (a missing object in a body is a 400)."""
    code = found.get("code")
    if code == "idempotency_key_in_use":
        return OutcomeUnknown("outcome_unknown", "Stripe still works on an earlier attempt of this")
    if status == NOT_FOUND or code == "resource_missing":
        family, otherwise = "not_found", "Stripe has no such object"
    elif status == CONFLICT or found.get("type") == "idempotency_error":
        family, otherwise = "conflict", "Stripe reports a conflict"
    else:
        family, otherwise = "upstream_rejected", f"Stripe answered {status}"
    message = found.get("message")
    shown = f"Stripe: {safe_words(message)}" if isinstance(message, str) and message else otherwise
    return Rejected(family, shown, fields=_fields(found))


def _forbidden(found: Json) -> CallError:
    if found.get("code") == "account_invalid":
        return NotConnected(
            "missing_scope",
            "The key of this connection has no access to that account",
            hint="Check `accounts` of the connection; the account may have revoked its access",
        )
    needed = sorted(set(_PERMISSION.findall(str(found.get("message") or ""))))
    named = f": it needs {', '.join(needed)}" if needed else ""
    return NotConnected(
        "missing_scope",
        f"The key of this connection may not do that{named}",
        hint="Add the permission to the restricted key in the Stripe dashboard",
        provider_code="more_permissions_required" if needed else None,
        detail={"needed": needed} if needed else {},
    )


def _limited(answer: Answer, found: Json) -> CallError:
    reason = answer.headers.get("stripe-rate-limited-reason")
    detail = {"reason": safe_words(reason)} if reason else {}
    if found.get("code") == "lock_timeout":
        return Unavailable(
            "rate_limited", "Another request holds this Stripe object; try again", detail=detail
        )
    return Unavailable("rate_limited", "Stripe limits the rate of requests", detail=detail)


def _failed(ask: Ask) -> CallError:
    if ask.is_write:
        return OutcomeUnknown(
            "outcome_unknown", "Stripe failed while it worked on this; it may have happened"
        )
    return Unavailable("upstream_unavailable", "Stripe is failing at the moment")


def _unreadable(ask: Ask) -> CallError:
    if ask.is_write:
        return OutcomeUnknown("outcome_unknown", "Stripe's answer could not be read; it may have happened")
    return Unavailable("upstream_unavailable", "Stripe's answer could not be read")


def _fields(found: Json) -> list[FieldProblem]:
    param = found.get("param")
    if not isinstance(param, str) or not param:
        return []
    name, *rest = re.findall(r"[^\[\]]+", param) or [param]
    path = ".".join([_OUR_NAMES.get(name, name), *rest])
    return [
        FieldProblem(
            path=safe_words(path), problem=safe_words(str(found.get("message") or "was refused by Stripe"))
        )
    ]
