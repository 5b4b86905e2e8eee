"""Slack calls without a server around them: over the published description, and on the sandbox workspace."""

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
from wirepost.providers.slack.client import SlackClient
from wirepost.providers.slack.limits import UNHURRIED
from wirepost.providers.slack.sandbox import SlackSandbox
from wirepost.settings import ConnectionSettings
from wirepost.tools.context import Call, ConnectionFacts
from wirepost.tools.tool import AnyTool
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

BOT_TOKEN, USER_TOKEN = "xoxb-test-0123456789", "xoxp-test-0123456789"
SETTINGS = {"provider": "slack", "environment": "test", "key": "env:SLACK", "user_key": "env:SLACK_USER"}


async def bot() -> str:
    return f"Bearer {BOT_TOKEN}"


async def user() -> str:
    return f"Bearer {USER_TOKEN}"


async def _nothing() -> None:
    return None


@dataclass
class Calls:
    """Calls of ours to whatever answers."""

    upstream: Upstream
    clock: ManualClock
    settings: ConnectionSettings
    scope: Scope = field(init=False)

    def client(self, *, may_write: bool = True) -> SlackClient:
        """The client of one attempt."""
        self.scope = Scope(self.clock.monotonic() + 45)
        self.scope.before_write = _nothing if may_write else None
        return SlackClient(self.upstream, self.scope, self.settings)

    def call(self, *, may_write: bool, **context: Any) -> Call[SlackClient]:
        """What an operation gets."""
        facts = ConnectionFacts("slack-test", "slack", self.settings.environment, self.settings)
        given = {"intent": "int_1", "dispatched_at": self.clock.now(), **context}
        api = self.client(may_write=may_write)
        self.last_call = Call(api=api, caller="t", now=self.clock.now(), connection=facts, **given)
        return self.last_call

    @property
    def warnings(self) -> list[str]:
        """What the newest call warned of."""
        return self.last_call.warnings

    async def run(self, tool: AnyTool, context: dict[str, Any] | None = None, /, **arguments: Any) -> Any:
        """Execute, with the arguments as a caller sends them."""
        call = self.call(may_write=not tool.risk.is_read, **{"key": "wp_1", **(context or {})})
        return await tool.operation(call, **read(tool, arguments))

    async def plan(self, tool: AnyTool, **arguments: Any) -> Any:
        """Preview; writes are impossible."""
        assert tool.planner
        return await tool.planner(self.call(may_write=False), **read(tool, arguments))

    async def reconcile(
        self, tool: AnyTool, context: dict[str, Any] | None = None, /, **arguments: Any
    ) -> Any:
        """Ask whether an earlier attempt happened; writes are impossible."""
        assert tool.reconciler
        return await tool.reconciler(self.call(may_write=False, **(context or {})), **read(tool, arguments))


@dataclass
class Described(Calls):
    """Slack as described, and what it was sent."""

    mock: SpecMock = field(kw_only=True)

    def stub(self, method: str, body: dict[str, Any], *, verb: str = "GET", **more: Any) -> None:
        """Answer a method with `body`, to which `"ok": true` is added."""
        self.mock.add_stub(api="slack", method=verb, path=f"/api/{method}", body={"ok": True, **body}, **more)

    def refuse(self, method: str, error: str, *, verb: str = "GET", times: int = 1, **more: Any) -> None:
        """Answer a method with status 200 and an error, once unless it is said how often."""
        body = {"ok": False, "error": error, **more}
        self.mock.add_stub(api="slack", method=verb, path=f"/api/{method}", body=body, times=times)

    def sample(self, method: str) -> dict[str, Any]:
        """The recorded answer of a method."""
        examples = self.mock.apis["slack"].examples
        return copy.deepcopy(examples.get(f"{method}.get") or examples[method])

    def sent(self, method: str | None = None) -> list[dict[str, Any]]:
        """The requests so far: operation, decoded body, query, headers."""
        return [
            entry
            for entry in self.mock.journal
            if method is None or entry["path"].partition("?")[0].endswith(f"/{method}")
        ]

    @property
    def last(self) -> dict[str, Any]:
        """The newest request."""
        return self.mock.journal[-1]


@dataclass
class Shop(Calls):
    """The sandbox, and calls of ours to it."""

    sandbox: SlackSandbox = field(kw_only=True)

    def paths(self, method: str | None = None) -> list[str]:
        """What was asked, as `VERB /path`."""
        return [
            f"{line.method} {line.path}"
            for line in self.sandbox.requests
            if method is None or line.method == method
        ]

    def texts(self, channel: str) -> list[str]:
        """What stands in a channel."""
        return [row["text"] for row in self.sandbox.workspace.messages[channel]]


def read(tool: AnyTool, arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments as the server reads them."""
    model = tool.arguments_model.model_validate(arguments)
    return {name: getattr(model, name) for name in tool.own_arguments}


def transport(mock: SpecMock) -> httpx2.MockTransport:
    """The specification server as the other end of an httpx2 client."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        reply = mock.call(
            request.method, request.url.raw_path.decode(), dict(request.headers), request.content
        )
        return httpx2.Response(reply.status, headers=reply.headers, content=reply.payload())

    return httpx2.MockTransport(answer)


@pytest.fixture
def open_slack(clock: ManualClock) -> Callable[..., Described]:
    """Opens a Slack of the test's own, for requests that are wrong on purpose."""

    def opened(mock: SpecMock | None = None, *, has_user: bool = True) -> Described:
        mock = mock or new_mock("slack")
        upstream = Upstream(
            "slack-test",
            base_url="http://mock/slack/api",
            credential=bot,
            user_credential=user if has_user else None,
            limits=UNHURRIED,
            clock=clock,
            transport=transport(mock),
        )
        return Described(upstream, clock, ConnectionSettings.model_validate(SETTINGS), mock=mock)

    return opened


@pytest.fixture
def slack(open_slack: Callable[..., Described]) -> Any:
    """Slack as described; a request that breaks the description fails the test."""
    described = open_slack()
    yield described
    broken = [
        f"{seen['method']} {seen['path']}: {seen['violation']}"
        for seen in described.mock.journal
        if "violation" in seen
    ]
    assert broken == []


@pytest.fixture
def open_shop(clock: ManualClock) -> Callable[..., Shop]:
    """Opens a sandbox workspace of the test's own."""

    def opened(*, has_user: bool = True, **sandbox: Any) -> Shop:
        vendor = SlackSandbox(world_at(clock.now()), clock, **sandbox)
        upstream = Upstream(
            "shop",
            base_url="https://slack.com/api",
            credential=bot,
            user_credential=user if has_user else None,
            limits=UNHURRIED,
            clock=clock,
            transport=InMemoryTransport(vendor.app, clock),
        )
        settings = ConnectionSettings.model_validate({"provider": "slack", "environment": "sandbox"})
        return Shop(upstream, clock, settings, sandbox=vendor)

    return opened


@pytest.fixture
def shop(open_shop: Callable[..., Shop]) -> Shop:
    return open_shop()
