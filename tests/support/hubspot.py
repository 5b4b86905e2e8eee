"""HubSpot for tests: the sandbox, each exchange judged by the description; and the description itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx2

from support.clock import START, ManualClock
from support.judged import DescribedTransport, JudgedTransport
from support.specmock_fixture import described, new_mock
from support.worlds import world_at
from wirepost.contracts.records import Filter, ObjectSchema, Operator, Value
from wirepost.providers.hubspot import PROVIDER
from wirepost.providers.hubspot.client import HubSpotClient
from wirepost.providers.hubspot.crm import HubSpotCrm
from wirepost.providers.hubspot.sandbox import HubSpotSandbox
from wirepost.sandbox.world import World
from wirepost.upstream.limits import Limits, Quota
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

UNCOVERED = Path(__file__).resolve().parent.parent / "providers" / "hubspot" / "uncovered.txt"
TOKEN = "pat-eu1-0123456789abcdef"
KEY = "wp_0123456789abcdef"
UNLIMITED = Limits(10_000, 10_000, 100, quotas={"search": Quota(10_000, 10_000)})

# The description has the paths of the versions before dates; bodies and answers are the same.
_MAPPED = (
    (r"/crm/associations/2026-09/(.*)", r"/crm/v4/associations/\1"),
    (r"/crm/(objects|properties|pipelines)/2026-09/(.*)", r"/crm/v3/\1/\2"),
    (r"/crm-object-schemas/2026-09/(.*)", r"/crm-object-schemas/v3/\1"),
    (r"/crm/owners/2026-09", r"/crm/v3/owners/"),
    (r"/crm/exports/2026-09/(.*)", r"/crm/v3/exports/\1"),
    (r"/crm/imports/2026-09", r"/crm/v3/imports/"),
    (r"/crm/imports/2026-09/(.*)", r"/crm/v3/imports/\1"),
    (r"/app-webhooks/2026-09/(.*)", r"/webhooks/v3/\1"),
)


def described_path(path: str) -> str | None:
    """A dated path as the description has it; `None` for what it does not cover."""
    for dated, versioned in _MAPPED:
        if match := re.fullmatch(dated, path):
            return match.expand(versioned)
    return None


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
    for verb, template in uncovered():
        if verb == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return f"{verb} {template}"
    return None


def without_nulls(value: Any) -> Any:
    """The same JSON with absent values instead of null ones."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


class Judge:
    """Holds requests and answers against the description and counts what was seen."""

    def __init__(self) -> None:
        self.mock = new_mock("hubspot")
        self.operations: set[str] = set()
        self.paths: list[tuple[str, str]] = []

    def exchange(self, request: httpx2.Request, status: int, body: Any) -> None:
        """One exchange; what HubSpot accepted must be described, and so must every answer."""
        target = request.url.raw_path.decode()
        path, _, query = target.partition("?")
        self.paths.append((request.method, path))
        template = is_uncovered(request.method, path)
        if template is not None:
            self.operations.add(template)
            return
        versioned = described_path(path)
        assert versioned is not None, f"{request.method} {path} is neither described nor listed as uncovered"
        if status < 300:
            full = f"/hubspot{versioned}" + (f"?{query}" if query else "")
            reply = self.mock.call(request.method, full, dict(request.headers), request.content)
            assert "X-Specmock-Violation" not in reply.headers, reply.body
            self.operations.add(self.mock.journal[-1]["operation"])
        answer = {"method": request.method, "path": versioned, "status": status}
        # The types that the description was derived from do not tell which values may be null.
        answer |= {"body": without_nulls(body)} if body is not None else {}
        assert described("hubspot")["hubspot"].check_stub(answer) == [], (request.method, path, status, body)


def target_of(path: str) -> str:
    """Where the description has what HubSpot has at a dated path."""
    versioned = described_path(path)
    assert versioned is not None, path
    return f"/hubspot{versioned}"


async def nothing() -> None:
    """The ledger agrees."""


@dataclass
class Portal:
    """A HubSpot account and calls of ours to it."""

    transport: httpx2.AsyncBaseTransport
    clock: ManualClock
    token: str = TOKEN
    limits: Limits = UNLIMITED
    upstream: Upstream = field(init=False)
    scope: Scope = field(init=False)

    def __post_init__(self) -> None:
        async def credential() -> str:
            return f"Bearer {self.token}"

        self.upstream = Upstream(
            "hubspot-test",
            base_url="https://api.hubapi.com",
            credential=credential,
            limits=self.limits,
            clock=self.clock,
            transport=self.transport,
        )
        self.scope = Scope(self.clock.monotonic() + 45)

    def client(self, *, may_write: bool = True) -> HubSpotClient:
        """The client of one call."""
        self.scope = Scope(self.clock.monotonic() + 45, before_write=nothing if may_write else None)
        return HubSpotClient(self.upstream, self.scope, None)

    def crm(self, *, may_write: bool = True) -> HubSpotCrm:
        """The CRM of one call."""
        return HubSpotCrm(self.client(may_write=may_write))


@dataclass
class JudgedPortal(Portal):
    """The sandbox."""

    sandbox: HubSpotSandbox = field(kw_only=True)
    judge: Judge = field(kw_only=True)

    def sent(self, end: str = "") -> list[str]:
        """The paths so far that end so."""
        return [path for _, path in self.judge.paths if path.endswith(end)]


@dataclass
class DescribedPortal(Portal):
    """The description."""

    described: DescribedTransport = field(kw_only=True)

    def stub(self, method: str, path: str, body: Any = None, **more: Any) -> None:
        """Answer an operation with `body`; refused if the description does not allow it."""
        versioned = described_path(path)
        if is_uncovered(method, path) or versioned is None:
            self.described.plain[f"{method} {path}"] = (
                more.get("status", 200),
                body,
                more.get("headers", {}),
            )
            return
        stub = {"api": "hubspot", "method": method, "path": versioned, **more}
        self.described.mock.add_stub(**(stub if body is None else {**stub, "body": body}))


@cache
def shop() -> World:
    """The facts; nothing changes them, so all tests of a process share them."""
    return world_at(START)


def judged_portal(clock: ManualClock, *, limits: Limits = UNLIMITED, **options: Any) -> JudgedPortal:
    """A fresh sandbox."""
    sandbox = HubSpotSandbox(shop(), clock, **options)
    judge = Judge()
    return JudgedPortal(
        JudgedTransport(sandbox, clock, judge), clock, sandbox.key, limits, sandbox=sandbox, judge=judge
    )


def described_portal(clock: ManualClock, *, limits: Limits = UNLIMITED) -> DescribedPortal:
    """The description, with empty journal."""
    transport = DescribedTransport(new_mock("hubspot"), target_of)
    return DescribedPortal(transport, clock, limits=limits, described=transport)


def where(schema: ObjectSchema, name: str, op: Operator, *values: Value) -> Filter:
    """A condition on a described field."""
    found = schema.field(name)
    assert found is not None, name
    return Filter(found, op, values)


Open = Callable[..., JudgedPortal]
ANNA, COMPANY = "100001", "200001"
__all__ = ["ANNA", "COMPANY", "KEY", "PROVIDER", "TOKEN", "DescribedPortal", "JudgedPortal", "Open", "where"]
