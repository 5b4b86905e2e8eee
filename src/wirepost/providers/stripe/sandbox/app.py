"""`StripeSandbox`: Stripe's HTTP API in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.stripe.sandbox.endpoints import EXPANDER, KINDS, ROUTES
from wirepost.providers.stripe.sandbox.errors import StripeError, on_demand, rate_limited, unknown_parameters
from wirepost.providers.stripe.sandbox.events import told
from wirepost.providers.stripe.sandbox.forms import read_fields, tree_of
from wirepost.providers.stripe.sandbox.idempotency import IdempotencyKeys
from wirepost.providers.stripe.sandbox.keys import (
    VERSION,
    account_of,
    check_permission,
    check_version,
    key_of,
)
from wirepost.providers.stripe.sandbox.reports import settle
from wirepost.providers.stripe.sandbox.router import Router
from wirepost.providers.stripe.sandbox.state import Call, Route, State, epoch
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import FORM, Pairs, Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

ACCOUNT = "acct_1NordlichtShop"
_ROUTER = Router(ROUTES)


class StripeSandbox(Sandbox):
    """An imitation of Stripe for trying and testing: real paths, forms, paging, errors and idempotency.

    Any key of the form `sk_test_…` or `rk_test_…` is accepted; `lacking` names the permissions that a
    restricted key does not have. Each of the `accounts` holds a shop of its own, reached with
    `Stripe-Account`.
    """

    vendor: ClassVar[str] = "stripe"
    key: ClassVar[str] = "sk_test_sandbox"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        lacking: Mapping[str, Collection[str]] | None = None,
        accounts: Collection[str] = (),
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self._lacking = lacking or {}
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests changed."""
        self._states: dict[str, State] = {}
        self._keys: dict[str, IdempotencyKeys] = {}
        self._request_ids = State(self.world, self.clock, f"{self.seed}/requests", {})

    def state(self, account: str = ACCOUNT) -> State:
        """The objects of an account."""
        found = self._states.get(account)
        if found is None:
            is_own = account == ACCOUNT
            # A connected account is another shop: other people, other orders.
            seed = self.seed if is_own else self.seed + 1 + list(self.accounts).index(account)
            world = self.world if is_own else World.build(self.world.now, seed)
            found = self._states[account] = State(world, self.clock, f"{self.seed}/{account}", KINDS)
        return found

    def summary(self) -> dict[str, Any]:
        """How many objects each account holds, of the kinds that were needed so far."""
        return {account: state.sizes() for account, state in self._states.items()}

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer; every answer has an id and says which version it is in."""
        request_id = self._request_ids.new_id("req")
        headers = {"Request-Id": request_id, "Stripe-Version": VERSION}
        for name in ("Idempotency-Key", "Stripe-Account"):
            if value := request.headers.get(name.lower()):
                headers[name] = value
        try:
            response = await self._answer(request, fault, request_id)
        except StripeError as error:
            response = self._failed(error, request_id)
        # A kept answer may be given again, so it is not written to.
        return Response(response.status, response.body, {**headers, **response.headers})

    async def _answer(self, request: Request, fault: Fault | None, request_id: str) -> Response:
        route, call, account = self._found(request)
        token = request.headers.get("idempotency-key") if request.method == "POST" else None
        call.asked = {"id": request_id, "idempotency_key": token}
        if not token:
            self._check(request, route, call, fault)
            return await self._processed(route, call, fault, request_id)
        keys = self._keys.setdefault(account, IdempotencyKeys(self.clock))
        earlier = keys.claim(token, request)
        if earlier is not None:
            return Response(earlier.status, earlier.body, {**earlier.headers, "Idempotent-Replayed": "true"})
        try:
            self._check(request, route, call, fault)
        except StripeError:
            # What never reached the endpoint is not kept under the key.
            keys.release(token)
            raise
        response = await self._processed(
            route, call, fault, request_id, lambda answer: keys.keep(token, answer)
        )
        response.headers["Original-Request"] = request_id
        return response

    def _found(self, request: Request) -> tuple[Route, Call, str]:
        key = key_of(request)
        check_version(request)
        account = account_of(request, key, ACCOUNT, self.accounts)
        found = _ROUTER.find(request.method, request.path)
        if found is None:
            message = (
                f"Unrecognized request URL ({request.method}: {request.path}). Please see "
                "https://stripe.com/docs or we can help at https://support.stripe.com/."
            )
            raise StripeError(message, status=404)
        route, path = found
        check_permission(key, route.permission, self._lacking, account)
        return route, Call(self.state(account), path, {}, request.path), account

    def _check(self, request: Request, route: Route, call: Call, fault: Fault | None) -> None:
        """Everything that can refuse a request before its endpoint sees it."""
        for scope, reason in (("*", "global-rate"), ("search", "endpoint-rate")):
            bucket = self.buckets.get(scope) if scope == "*" or route.is_search else None
            if bucket is not None and not bucket.take():
                raise rate_limited(reason)
        call.given = read_fields(tree_of(_parameters(request)), route.params)
        if fault is not None and fault.kind == "status" and not _is_late(fault):
            raise on_demand(fault.status, fault.retry_after)

    async def _processed(
        self,
        route: Route,
        call: Call,
        fault: Fault | None,
        request_id: str,
        keep: Callable[[Response], None] = lambda _response: None,
    ) -> Response:
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
        finally:
            # A vendor does not notice that nobody waits any more: what was sent is processed.
            response = self._executed(route, call, fault, request_id)
            keep(response)
        return response

    def _executed(self, route: Route, call: Call, fault: Fault | None, request_id: str) -> Response:
        failure = None
        if fault is not None and fault.kind == "status":
            failure = on_demand(fault.status, fault.retry_after)
            if not fault.is_applied:
                return self._failed(failure, request_id)
        try:
            row = self._acted(route, call)
            if isinstance(row, bytes):
                return Response(200, row, content_type="text/csv")
            if paths := call.given.get("expand"):
                row = EXPANDER.expand(call.state, row, paths)
        except StripeError as error:
            return self._failed(error, request_id)
        return Response(200, orjson.dumps(row)) if failure is None else self._failed(failure, request_id)

    def _acted(self, route: Route, call: Call) -> dict[str, Any] | bytes:
        """Carry it out and tell what that has changed; a refused payment has changed something as well."""
        settle(call.state)
        try:
            return route.act(call)
        finally:
            account = next((name for name, state in self._states.items() if state is call.state), ACCOUNT)
            for event in told(call.state, call.asked, None if account == ACCOUNT else account):
                self.announce(event)

    def _failed(self, error: StripeError, request_id: str) -> Response:
        return Response(error.status, error.body(request_id, epoch(self.clock.now())), dict(error.headers))


def _is_late(fault: Fault) -> bool:
    """Does the failure come from the endpoint itself, so that it is kept under an idempotency key?"""
    return fault.is_applied or fault.status in (402, 500)


def _parameters(request: Request) -> Pairs:
    if request.method == "GET":
        return request.query
    content_type = request.headers.get("content-type", FORM)
    if request.body and not content_type.startswith(FORM):
        message = (
            "Invalid request (check that your POST content type is application/x-www-form-urlencoded). "
            "If you have questions, we can help at https://support.stripe.com/."
        )
        raise StripeError(message)
    if request.method == "DELETE":
        return (*request.query, *request.form)
    if request.query:
        raise unknown_parameters([name for name, _ in request.query])
    return request.form
