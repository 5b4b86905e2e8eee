"""`HubSpotSandbox`: HubSpot's HTTP API in memory."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.hubspot.sandbox import account, linking, records, transfers
from wirepost.providers.hubspot.sandbox.calls import Call, Reply, Route
from wirepost.providers.hubspot.sandbox.errors import (
    HubSpotError,
    missing_scopes,
    on_demand,
    rate_limited,
    unauthorized,
)
from wirepost.providers.hubspot.sandbox.state import State
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

SCOPES = frozenset(
    {
        "oauth",
        "tickets",
        "e-commerce",
        "crm.export",
        "crm.import",
        "crm.objects.owners.read",
        "crm.schemas.custom.read",
        *(
            f"crm.{family}.{name}.{right}"
            for family in ("objects", "schemas")
            for name in ("contacts", "companies", "deals", "products", "custom")
            for right in ("read", "write")
        ),
    }
)
WINDOW_MS = 10_000
REQUESTS = 100_000
"""Requests of a window that the headers promise where no limit is set."""
_TOKEN = re.compile(r"Bearer pat-[a-z0-9]+-[0-9a-f-]{8,}")
_ROUTES = [
    (re.compile(route.pattern), route)
    for part in (records, linking, account, transfers)
    for route in part.ROUTES
]


class HubSpotSandbox(Sandbox):
    """An imitation of HubSpot for trying and testing: real paths, bodies, paging, errors and index lag.

    Any token of the form `pat-…` is accepted; `lacking` names scopes that it does not have, and
    `page_of_links` is how many associations of one record come at once.
    """

    vendor: ClassVar[str] = "hubspot"
    key: ClassVar[str] = "pat-eu1-00000000-0000-4000-8000-000000000000"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        lacking: Collection[str] = (),
        page_of_links: int = 100,
        accounts: Collection[str] = (),
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self._scopes = SCOPES - set(lacking)
        self._page_of_links = page_of_links
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests changed."""
        self.state = State(self.world, self.clock, self.announce)
        self._answered = 0
        self._recent: deque[float] = deque()

    def summary(self) -> dict[str, Any]:
        """How many records there are, of the kinds that were needed so far."""
        return dict(self.state.sizes())

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer; every answer has an id, all but searches say what is left of the quota."""
        self._answered += 1
        digest = blake2b(f"{self.seed}/{self._answered}".encode(), digest_size=16).hexdigest()
        correlation_id = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
        date = format_datetime(self.state.now, usegmt=True)
        headers = {"X-HubSpot-Correlation-Id": correlation_id, "Date": date}
        if request.path.startswith(transfers.FILES):
            content = transfers.file_at(self.state, request.path)
            return Response(200 if content is not None else 403, content or b"", headers, "text/csv")
        try:
            route, call = self._found(request)
            if not route.is_search:
                headers |= self._quota()
            self._check(route, call, fault)
            reply = await self._processed(route, call, fault)
        except HubSpotError as error:
            reply = Reply(error.status, error.body(correlation_id))
            headers |= error.headers
        body = b"" if reply.body is None else orjson.dumps(reply.body)
        return Response(reply.status, body, headers)

    def _found(self, request: Request) -> tuple[Route, Call]:
        if not _TOKEN.fullmatch(request.headers.get("authorization", "")):
            raise unauthorized()
        is_known = False
        for pattern, route in _ROUTES:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            is_known = True
            if route.method == request.method:
                return route, self._call(request, match.groupdict())
        if is_known:
            raise HubSpotError("Method not allowed", "METHOD_NOT_ALLOWED", status=405)
        raise HubSpotError("resource not found", "OBJECT_NOT_FOUND", status=404)

    def _call(self, request: Request, path: dict[str, str]) -> Call:
        form = {name: content for name, (_, content) in request.parts.items()}
        body = {} if form else _json(request)
        host = request.headers.get("host", "")
        return Call(
            self.state, path, request.query, body, self._scopes, self._page_of_links, form=form, host=host
        )

    def _check(self, route: Route, call: Call, fault: Fault | None) -> None:
        """Everything that can refuse a request before its endpoint sees it."""
        for scope, policy in (("*", "TEN_SECONDLY_ROLLING"), ("search", "SECONDLY")):
            bucket = self.buckets.get(scope) if scope == "*" or route.is_search else None
            if bucket is not None and not bucket.take():
                raise rate_limited(policy)
        needed = route.permissions(call)
        if needed and not set(needed) & self._scopes:
            raise missing_scopes(needed)
        if fault is not None and fault.kind == "status" and not fault.is_applied:
            raise on_demand(fault.status, fault.retry_after)

    async def _processed(self, route: Route, call: Call, fault: Fault | None) -> Reply:
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
        finally:
            # A vendor does not notice that nobody waits any more: what was sent is processed.
            reply = _answer(route, call)
        if fault is not None and fault.kind == "status":
            raise on_demand(fault.status, fault.retry_after)
        return reply

    def _quota(self) -> dict[str, str]:
        """How many requests the current window has left."""
        bucket = self.buckets.get("*")
        most = REQUESTS if bucket is None else int(bucket.burst)
        window_ms = WINDOW_MS if bucket is None else int(1000 * bucket.burst / bucket.per_s)
        now = self.clock.monotonic()
        self._recent.append(now)
        while self._recent[0] < now - window_ms / 1000:
            self._recent.popleft()
        return {
            "X-HubSpot-RateLimit-Max": str(most),
            "X-HubSpot-RateLimit-Remaining": str(max(0, most - len(self._recent))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(window_ms),
        }


def _answer(route: Route, call: Call) -> Reply:
    try:
        return route.act(call)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # What the endpoint reads is there, or the request was not what HubSpot takes.
        raise HubSpotError(f"Invalid input JSON: {type(error).__name__}") from error


def _json(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HubSpotError("Unsupported media type", "UNSUPPORTED_MEDIA_TYPE", status=415)
    try:
        body = orjson.loads(request.body)
    except ValueError:
        raise HubSpotError("Invalid input JSON") from None
    if not isinstance(body, dict):
        raise HubSpotError("Invalid input JSON: an object is needed")
    return body
