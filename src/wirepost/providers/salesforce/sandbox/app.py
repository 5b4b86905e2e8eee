"""`SalesforceSandbox`: Salesforce's HTTP API in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.salesforce.sandbox import account, batches, ingest, jobs, queries, records, sessions
from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route, Settings
from wirepost.providers.salesforce.sandbox.composite import composite
from wirepost.providers.salesforce.sandbox.errors import (
    SalesforceError,
    busy,
    expired,
    not_found,
    on_demand,
    unreadable,
    used_up,
)
from wirepost.providers.salesforce.sandbox.state import State
from wirepost.providers.salesforce.sandbox.telling import Telling
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

LONGEST_ADDRESS = 16_384
_VERSION = re.compile(r"(/services/data/v\d\d\.0)(/.*)")
_ROUTES: list[tuple[re.Pattern[str], Route]] = [
    (re.compile(route.pattern), route)
    for part in (account, queries, batches, jobs, ingest, records)
    for route in part.ROUTES
]


class SalesforceSandbox(Sandbox):
    """An imitation of Salesforce for trying and testing: real paths, bodies, statements, pages and errors.

    The client `sandbox` with `key` as its secret gets tokens; `key` is taken as a token as well. `page_size`
    and `daily_limit` are how many records a page and how many requests a day have; `instance_url` is told to
    who asks for a token.
    """

    vendor: ClassVar[str] = "salesforce"
    key: ClassVar[str] = "sandbox-secret-00000000000000000000"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        page_size: int = 150,
        daily_limit: int = 100_000,
        instance_url: str | None = None,
        accounts: Collection[str] = (),
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.page_size, self.daily_limit, self.instance_url = page_size, daily_limit, instance_url
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests changed."""
        self.state = State(self.world, self.clock)
        self._telling = Telling(self.announce)
        self.used = 0

    def summary(self) -> dict[str, Any]:
        """How many records there are, of the objects that were needed so far."""
        return dict(self.state.sizes())

    def expire_tokens(self) -> None:
        """End all sessions: tokens given out so far are refused from now on."""
        self.state.sessions.clear()

    def expire_cursors(self) -> None:
        """Forget where long answers stand."""
        self.state.cursors.clear()

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer; each answer says how many requests of the day were used."""
        try:
            reply = await self._replied(request, fault)
        except SalesforceError as error:
            reply = Reply(error.status, error.body())
        if request.path.startswith("/services/data"):
            usage = f"api-usage={self.used}/{self.daily_limit}"
            reply.headers["Sforce-Limit-Info"] = usage
        if isinstance(reply.body, bytes):
            media = reply.headers.pop("Content-Type", "application/octet-stream")
            return Response(reply.status, reply.body, reply.headers, media)
        body = b"" if reply.body is None else orjson.dumps(reply.body)
        return Response(reply.status, body, reply.headers)

    async def _replied(self, request: Request, fault: Fault | None) -> Reply:
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise busy()
        if fault is not None and fault.kind == "status" and not fault.is_applied:
            raise on_demand(fault.status)
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
        finally:
            # A vendor does not notice that nobody waits any more: what was sent is processed.
            reply = self._processed(request)
        if fault is not None and fault.kind == "status":
            raise on_demand(fault.status)
        return reply

    def _processed(self, request: Request) -> Reply:
        try:
            return self._answered(request)
        except SalesforceError as error:
            return Reply(error.status, error.body())
        finally:
            self._telling.of(self.state.take_written())

    def _answered(self, request: Request) -> Reply:
        if request.path == "/services/oauth2/token" and request.method == "POST":
            return self._token(request)
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.key and given not in self.state.sessions:
            raise expired()
        headers = dict(request.headers)
        if request.path == "/services/oauth2/userinfo":
            return account.who_asks(self._call("", {}, (), headers, None))
        if self.used >= self.daily_limit:
            raise used_up()
        self.used += 1
        if len(request.path) + len(urlencode(request.query)) > LONGEST_ADDRESS:
            raise SalesforceError("URI_TOO_LONG", "The URI is longer than 16384 bytes", status=414)
        return self.dispatch(request.method, request.path, request.query, headers, _content(request))

    def dispatch(
        self,
        method: str,
        path: str,
        query: tuple[tuple[str, str], ...],
        headers: dict[str, str],
        content: Any,
    ) -> Reply:
        """Carry out one request, or one part of several in one; raises `SalesforceError`."""
        version = _VERSION.fullmatch(path)
        if version is None:
            raise not_found()
        base, rest = version.groups()

        def call(parts: dict[str, str]) -> Call:
            return self._call(base, parts, query, headers, content)

        try:
            if (method, rest) == ("POST", "/composite"):
                return composite(call({}), self.dispatch)
            return _routed(method, rest, call)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # What the endpoint reads is there, or the request was not what Salesforce takes.
            raise unreadable(f"Unexpected content: {type(error).__name__}") from error

    def _call(
        self,
        base: str,
        path: dict[str, str],
        query: tuple[tuple[str, str], ...],
        headers: dict[str, str],
        content: Any,
    ) -> Call:
        settings = Settings(self.page_size, self.daily_limit, self.used)
        return Call(self.state, settings, base, path, query, headers, content)

    def _token(self, request: Request) -> Reply:
        reply = sessions.token(self.state, dict(request.form), request.headers, self.key)
        if reply.status == 200 and self.instance_url is not None:  # noqa: PLR2004
            reply.body["instance_url"] = self.instance_url
        return reply


def _routed(method: str, rest: str, call: Callable[[dict[str, str]], Call]) -> Reply:
    is_known = False
    for pattern, route in _ROUTES:
        match = pattern.fullmatch(rest)
        if match is None:
            continue
        is_known = True
        if route.method == method:
            return route.act(call(match.groupdict()))
    if is_known:
        message = f"HTTP Method '{method}' not allowed."
        raise SalesforceError("METHOD_NOT_ALLOWED", message, status=405)
    raise not_found()


def _content(request: Request) -> Any:
    if not request.body:
        return None
    if request.headers.get("content-type", "").startswith("text/csv"):
        return request.body
    if not request.headers.get("content-type", "").startswith("application/json"):
        message = "Unsupported content type"
        raise SalesforceError("UNSUPPORTED_MEDIA_TYPE", message, status=415)
    try:
        return orjson.loads(request.body)
    except ValueError:
        raise unreadable("Unexpected character in the entity body") from None
