"""Stripe calls without a server around them: over the published description, and on the sandbox shop."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from specmock import SpecMock
from support.clock import ManualClock
from support.specmock_fixture import new_mock
from support.worlds import world_at
from wirepost.providers.stripe.client import StripeClient
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.providers.stripe.tools.payments import stripe_list_payments
from wirepost.providers.stripe.tools.refunds import stripe_list_refunds
from wirepost.settings import ConnectionSettings
from wirepost.tools.context import Call, ConnectionFacts
from wirepost.tools.tool import AnyTool
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream


def transport(mock: SpecMock) -> httpx2.MockTransport:
    """The specification server as the other end of an httpx2 client."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        reply = mock.call(
            request.method, request.url.raw_path.decode(), dict(request.headers), request.content
        )
        if reply.fault == "reset":
            raise httpx2.ReadError("reset", request=request)
        content = b"<h1>502</h1>" if reply.fault == "html" else reply.payload()
        return httpx2.Response(reply.status, headers=reply.headers, content=content)

    return httpx2.MockTransport(answer)


@dataclass
class Stripe:
    """Stripe as described, and calls of ours against it."""

    mock: SpecMock
    upstream: Upstream
    clock: ManualClock
    settings: ConnectionSettings
    scope: Scope = field(init=False)
    key: str = "wp_0123456789abcdef0123456789abcdef01234567"

    def __post_init__(self) -> None:
        self.scope = Scope(self.clock.monotonic() + 45)

    def stub(self, method: str, path: str, body: Any = None, **more: Any) -> None:
        """Answer an operation with `body`; refused if the description does not allow it."""
        stub = {"api": "stripe", "method": method, "path": path, **more}
        self.mock.add_stub(**(stub if body is None else {**stub, "body": body}))

    def sample(self, name: str, /, **changes: Any) -> dict[str, Any]:
        """A published example object, with changes."""
        api = self.mock.apis["stripe"]
        return copy.deepcopy(api.examples[name]) | changes

    def listing(self, path: str, *rows: dict[str, Any], has_more: bool = False, **more: Any) -> None:
        """Answer a list (or, with `object="search_result"`, a search) with these rows."""
        body = {"object": "list", "url": path, "has_more": has_more, "data": list(rows), **more}
        self.stub("GET", path, body)

    def paid(self, amount: int = 10000, currency: str = "eur", **charge: Any) -> dict[str, Any]:
        """A payment intent whose charge collected the money, ready to be answered."""
        settled = self.sample(
            "balance_transaction", id="txn_1", amount=amount, fee=320, net=amount - 320, currency=currency
        )
        collected = self.sample(
            "charge",
            id="ch_1",
            amount=amount,
            amount_captured=amount,
            captured=True,
            currency=currency,
            created=int(self.clock.now().timestamp()) - 3 * 86400,
            status="succeeded",
            payment_intent="pi_1",
            balance_transaction=settled,
        )
        return self.sample(
            "payment_intent",
            id="pi_1",
            amount=amount,
            amount_received=amount,
            currency=currency,
            customer="cus_1",
            status="succeeded",
            last_payment_error=None,
            latest_charge=collected | charge,
        )

    def pays(self, amount: int = 10000, currency: str = "eur", **charge: Any) -> None:
        """Answer `pi_1` and `ch_1` with such a payment."""
        intent = self.paid(amount, currency, **charge)
        self.stub("GET", "/v1/payment_intents/pi_1", intent)
        self.stub("GET", "/v1/charges/ch_1", intent["latest_charge"])

    def client(self, *, may_write: bool = True) -> StripeClient:
        """The client of one attempt."""
        self.scope = Scope(self.clock.monotonic() + 45)
        if may_write:
            self.scope.before_write = _nothing
        return StripeClient(self.upstream, self.scope, self.settings)

    def call(self, *, may_write: bool = True, **context: Any) -> Call[StripeClient]:
        """What an operation gets."""
        facts = ConnectionFacts("stripe-test", "stripe", self.settings.environment, self.settings)
        given = {"key": self.key, "intent": "int_1", "dispatched_at": self.clock.now(), **context}
        return Call(
            api=self.client(may_write=may_write), caller="t", now=self.clock.now(), connection=facts, **given
        )

    async def run(self, tool: AnyTool, **arguments: Any) -> Any:
        """Execute, with the arguments as a caller sends them."""
        return await tool.operation(self.call(), **read(tool, arguments))

    async def plan(self, tool: AnyTool, **arguments: Any) -> Any:
        """Preview; writes are impossible."""
        assert tool.planner
        return await tool.planner(self.call(may_write=False, key=None), **read(tool, arguments))

    async def reconcile(self, tool: AnyTool, **arguments: Any) -> Any:
        """Ask whether an earlier attempt happened; writes are impossible."""
        assert tool.reconciler
        return await tool.reconciler(self.call(may_write=False, key=None), **read(tool, arguments))

    def seen(self, method: str | None = None) -> list[dict[str, Any]]:
        """The requests so far: operation, decoded body, query, headers."""
        return [entry for entry in self.mock.journal if method in {None, entry["method"]}]

    @property
    def last(self) -> dict[str, Any]:
        """The newest request."""
        return self.mock.journal[-1]


@dataclass
class Shop:
    """The sandbox, and calls of ours to it."""

    sandbox: StripeSandbox
    upstream: Upstream
    clock: ManualClock
    settings: ConnectionSettings

    def call(self, *, may_write: bool, **context: Any) -> Call[StripeClient]:
        scope = Scope(self.clock.monotonic() + 45)
        scope.before_write = _nothing if may_write else None
        facts = ConnectionFacts("shop", "stripe", self.settings.environment, self.settings)
        given = {"intent": "int_1", "dispatched_at": self.clock.now(), **context}
        api = StripeClient(self.upstream, scope, self.settings)
        return Call(api=api, caller="t", now=self.clock.now(), connection=facts, **given)

    async def run(self, tool: AnyTool, context: dict[str, Any] | None = None, /, **arguments: Any) -> Any:
        """Execute with the key of one attempt."""
        call = self.call(may_write=True, **{"key": "wp_1", **(context or {})})
        return await tool.operation(call, **read(tool, arguments))

    async def plan(self, tool: AnyTool, **arguments: Any) -> Any:
        return await tool.planner(self.call(may_write=False), **read(tool, arguments))

    async def reconcile(self, tool: AnyTool, **arguments: Any) -> Any:
        return await tool.reconciler(self.call(may_write=False), **read(tool, arguments))

    async def payment(self) -> Any:
        """A payment in euro that nobody has refunded or disputed."""
        page = await self.run(stripe_list_payments, {"limit": 100})
        return next(
            found
            for found in page.records
            if found.status == "succeeded"
            and found.currency == "eur"
            and not (found.is_disputed or found.amount_refunded_minor)
            and found.amount_minor > 1000
        )

    async def refunds(self, payment: str) -> list[Any]:
        return list((await self.run(stripe_list_refunds, payment=payment)).records)


def read(tool: AnyTool, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the server reads them."""
    model = tool.arguments_model.model_validate(arguments)
    return {name: getattr(model, name) for name in tool.own_arguments}


async def _nothing() -> None:
    return None


async def _key() -> str:
    return "Bearer rk_test_0123456789"


@pytest.fixture
def open_stripe(clock: ManualClock) -> Callable[..., Stripe]:
    """Opens a Stripe of the test's own, for requests that are wrong on purpose."""

    def opened(mock: SpecMock | None = None, **settings: Any) -> Stripe:
        mock = mock or new_mock()
        chosen = ConnectionSettings.model_validate(
            {"provider": "stripe", "environment": "test", "key": "env:STRIPE", **settings}
        )
        upstream = Upstream(
            "stripe-test",
            base_url="http://mock/stripe",
            credential=_key,
            limits=Limits(1000, 1000, 100),
            clock=clock,
            transport=transport(mock),
        )
        return Stripe(mock, upstream, clock, chosen)

    return opened


@pytest.fixture
def stripe(stripe_mock: SpecMock, open_stripe: Callable[..., Stripe]) -> Stripe:
    """Stripe as described; a request that breaks the description fails the test."""
    return open_stripe(stripe_mock)


@pytest.fixture
def stripe_with(stripe_mock: SpecMock, open_stripe: Callable[..., Stripe]) -> Callable[..., Stripe]:
    """The same, with settings of the connection."""
    return lambda **settings: open_stripe(stripe_mock, **settings)


@pytest.fixture
def open_shop(clock: ManualClock) -> Callable[..., Shop]:
    def opened(settings: dict[str, Any] | None = None, clock: ManualClock = clock, **sandbox: Any) -> Shop:
        vendor = StripeSandbox(world_at(clock.now()), clock, **sandbox)
        chosen = ConnectionSettings.model_validate(
            {"provider": "stripe", "environment": "sandbox", **(settings or {})}
        )

        async def key() -> str:
            return f"Bearer {vendor.key}"

        upstream = Upstream(
            "shop",
            base_url="https://api.stripe.com",
            credential=key,
            limits=Limits(1000, 1000, 100),
            clock=clock,
            transport=InMemoryTransport(vendor.app, clock),
        )
        return Shop(vendor, upstream, clock, chosen)

    return opened


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()
