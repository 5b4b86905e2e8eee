"""Salesforce for tests: the sandbox, each exchange judged by the description; and the description itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from support.clock import START, ManualClock
from support.judged import DescribedTransport, JudgedTransport
from support.specmock_fixture import described, new_mock
from wirepost.contracts.records import Filter, ObjectSchema, Operator, Value
from wirepost.providers.salesforce.client import SalesforceClient
from wirepost.providers.salesforce.crm import SalesforceCrm
from wirepost.providers.salesforce.sandbox import SalesforceSandbox
from wirepost.sandbox.world import World
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

UNCOVERED = Path(__file__).resolve().parent.parent / "providers" / "salesforce" / "uncovered.txt"
ADDRESS = "https://nordlicht.my.salesforce.com"
ROOT = "/services/data/v68.0"
KEY = "wp_0123456789abcdef"
TOKEN = "00D0123456789!nobody.knows.it"
UNLIMITED = Limits(10_000, 10_000, 100)
TOKENS = "/services/oauth2/token"
OK, NOT_MODIFIED = 300, 304


@cache
def uncovered() -> dict[tuple[str, str], str]:
    """Operations without a description → where they are published."""
    lines = [line for line in UNCOVERED.read_text().splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        operation, _, evidence = line.partition(": ")
        method, _, path = operation.partition(" ")
        found[method, path] = evidence
    return found


def is_uncovered(method: str, path: str) -> str | None:
    """The template of an operation that is known to have no description."""
    return f"{method} {path}" if (method, path) in uncovered() else None


def without_nulls(value: Any) -> Any:
    """The same JSON with absent values instead of null ones."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value


class Judge:
    """Holds requests and answers against the description and counts what was seen."""

    def __init__(self) -> None:
        self.mock = new_mock("salesforce")
        self.operations: set[str] = set()
        self.requests: list[httpx2.Request] = []

    def exchange(self, request: httpx2.Request, status: int, body: Any) -> None:
        """One exchange; what Salesforce accepted must be described, and so must every answer."""
        path, _, query = request.url.raw_path.decode().partition("?")
        self.requests.append(request)
        template = is_uncovered(request.method, path)
        if template is not None:
            self.operations.add(template)
            return
        if status == NOT_MODIFIED:
            return
        if path == TOKENS and isinstance(body, dict):
            # The sandbox is where it was asked and leads nowhere else.
            body.setdefault("instance_url", ADDRESS)
        if status < OK:
            target = f"/salesforce{path}" + (f"?{query}" if query else "")
            content = request.content
            if request.method == "PATCH":
                # The same goes for values that are emptied.
                content = json.dumps(without_nulls(json.loads(content))).encode()
            reply = self.mock.call(request.method, target, dict(request.headers), content)
            assert "X-Specmock-Violation" not in reply.headers, reply.body
            self.operations.add(self.mock.journal[-1]["operation"])
        answer = {"method": request.method, "path": path, "status": status}
        # The types that the description was derived from do not tell which values may be null.
        answer |= {"body": without_nulls(body)} if body is not None else {}
        problems = described("salesforce")["salesforce"].check_stub(answer)
        assert problems == [], (request.method, path, status, body)


async def nothing() -> None:
    """The ledger agrees."""


@dataclass
class Org:
    """An organisation of Salesforce and calls of ours to it."""

    transport: httpx2.AsyncBaseTransport
    clock: ManualClock
    limits: Limits = UNLIMITED
    token: str | None = TOKEN
    """The access token in use; a new one is fetched where there is none."""
    upstream: Upstream = field(init=False)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        self.upstream = Upstream(
            "salesforce-test",
            base_url=ADDRESS,
            credential=self._credential,
            forget_credential=self._forget,
            is_renewable=True,
            limits=self.limits,
            clock=self.clock,
            transport=self.transport,
        )
        self.scope = Scope(self.clock.monotonic() + 45)

    def client(self, *, may_write: bool = True) -> SalesforceClient:
        """The client of one call."""
        self.scope = Scope(self.clock.monotonic() + 45, before_write=nothing if may_write else None)
        return SalesforceClient(self.upstream, self.scope, None)

    def crm(self, *, may_write: bool = True) -> SalesforceCrm:
        """The CRM of one call."""
        return SalesforceCrm(self.client(may_write=may_write))

    async def fetch_token(self) -> str:
        """A new access token."""
        return TOKEN

    async def _credential(self) -> str:
        if self.token is None:
            self.token = await self.fetch_token()
        return f"Bearer {self.token}"

    def _forget(self, authorization: str) -> None:
        if authorization == f"Bearer {self.token}":
            self.token = None


@dataclass
class JudgedOrg(Org):
    """The sandbox."""

    sandbox: SalesforceSandbox = field(kw_only=True)
    judge: Judge = field(kw_only=True)

    async def fetch_token(self) -> str:
        """What the client credentials flow gives."""
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": self.sandbox.key}
        async with httpx2.AsyncClient(transport=self.transport, base_url=ADDRESS) as http:
            answer = await http.post(TOKENS, data=form)
        return str(answer.raise_for_status().json()["access_token"])

    def sent(self, end: str = "") -> list[httpx2.Request]:
        """The requests so far whose path ends so."""
        return [each for each in self.judge.requests if each.url.path.endswith(end)]

    def statements(self) -> list[str]:
        """The statements so far."""
        return [each.url.params["q"] for each in self.sent("/query") if "q" in each.url.params]


@dataclass
class DescribedOrg(Org):
    """The description."""

    described: DescribedTransport = field(kw_only=True)

    def stub(self, method: str, path: str, body: Any = None, **more: Any) -> None:
        """Answer an operation with `body`; refused if the description does not allow it."""
        if is_uncovered(method, path) or "headers" in more:
            self.described.plain[f"{method} {path}"] = (
                more.get("status", 200),
                body,
                more.get("headers", {}),
            )
            return
        stub = {"api": "salesforce", "method": method, "path": path, **more}
        self.described.mock.add_stub(**(stub if body is None else {**stub, "body": body}))


@cache
def shop() -> World:
    """The facts; nothing changes them, so all tests of a process share them."""
    return World.build(START)


def judged_org(clock: ManualClock, *, limits: Limits = UNLIMITED, **options: Any) -> JudgedOrg:
    """A fresh sandbox."""
    sandbox = SalesforceSandbox(shop(), clock, **options)
    judge = Judge()
    transport = JudgedTransport(sandbox, clock, judge, judges_tables=True)
    return JudgedOrg(transport, clock, limits, None, sandbox=sandbox, judge=judge)


def described_org(clock: ManualClock, *, limits: Limits = UNLIMITED) -> DescribedOrg:
    """The description, with empty journal."""
    transport = DescribedTransport(new_mock("salesforce"), lambda path: f"/salesforce{path}")
    return DescribedOrg(transport, clock, limits, described=transport)


def where(schema: ObjectSchema, name: str, op: Operator, *values: Value) -> Filter:
    """A condition on a described field."""
    found = schema.field(name)
    assert found is not None, name
    return Filter(found, op, values)


Open = Callable[..., JudgedOrg]
