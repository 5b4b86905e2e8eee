"""A call path without a product behind it, for tests of the protocol alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from mcp import Client
from mcp.server.lowlevel import Server
from mcp_types import ElicitResult

from wirepost.calls.caller import Caller
from wirepost.core.clock import Clock
from wirepost.secrets.resolve import Secrets
from wirepost.server.mcp import build_mcp
from wirepost.settings import SecretSettings, ServerSettings
from wirepost.tools.catalog import Catalog, ToolList
from wirepost.tools.context import Progress, no_progress

SECRET = b"s" * 32
ERAS = ("auto", "legacy")
"""Both protocol generations, as the SDK's client names them: the current one, and the handshake."""

_ENVELOPE = {"type": "object", "properties": {"data": {"type": "object"}, "error": {"type": "object"}}}
_HINTS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}


def entry(name: str, **arguments: str) -> dict[str, Any]:
    """A tool as tools/list shows it; arguments by name and type."""
    properties = {argument: {"type": kind} for argument, kind in arguments.items()}
    return {
        "name": name,
        "title": name.capitalize(),
        "description": f"The tool {name}.",
        "inputSchema": {"type": "object", "properties": properties, "additionalProperties": False},
        "outputSchema": _ENVELOPE,
        "annotations": _HINTS,
    }


@dataclass(eq=False)
class Tools:
    """What one caller sees."""

    entries: list[dict[str, Any]]


@dataclass
class Ended:
    """How a call ended."""

    envelope: dict[str, Any]
    is_error: bool = False
    job: str | None = None


ECHO = Tools(
    [
        entry("echo", text="string"),
        entry("pay", amount="string", confirmation="string"),
        entry("steps"),
        entry("wait"),
        entry("read"),
        entry("buy", amount="string", confirmation="string"),
    ]
)


EFFECTS = [{"what": "Balance", "before": "100.00 EUR", "after": "80.00 EUR"}, {"what": "A receipt is sent"}]


@dataclass
class StandInCalls:
    """`echo` answers, `pay` wants its plan accepted, `steps` reports progress, `wait` never ends.

    `read` and `buy` need an account, which is there once somebody has `connects` left; `buy` is paid as well.
    """

    listed: Tools = ECHO
    clock: Clock = field(default_factory=Clock)
    made: list[tuple[Caller, str, dict[str, Any]]] = field(default_factory=list)
    refused: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    steps: list[tuple[float, float]] = field(default_factory=list)
    """For `steps`: what is reported, and how many seconds pass before it."""
    plans: list[str] = field(default_factory=lambda: ["first"])
    """For `pay`: the tokens of the plans shown one after the other; the last one stays valid."""
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    lists_asked: int = 0
    connects: bool = False
    """Whether the person who opens a link connects the account."""
    is_connected: bool = False
    links: int = 0
    waited: list[tuple[str, float]] = field(default_factory=list)
    """Connections for whose account was waited, and since when."""

    def tools(self, caller: Caller) -> Tools:
        """The same for everybody."""
        self.lists_asked += 1
        return self.listed

    async def call(
        self, caller: Caller, name: str, raw: Mapping[str, Any], *, report: Progress = no_progress
    ) -> Ended:
        """Run one of the tools."""
        self.made.append((caller, name, dict(raw)))
        if name == "echo":
            return Ended({"data": {"text": raw.get("text", "")}, "warnings": []})
        if name == "pay":
            return self._pay(raw)
        if name == "steps":
            for done, seconds in self.steps:
                await self.clock.sleep(seconds)
                await report(done, 10, f"step {done:g}")
            return Ended({"data": {}})
        if name in {"read", "buy"}:
            return self._with_account(name, raw)
        if name == "wait":
            self.waiting.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        return failed("invalid_arguments", f"There is no tool {name!r}")

    async def declined(
        self, caller: Caller, name: str, raw: Mapping[str, Any], *, connection: str | None = None
    ) -> Ended:
        """Note that a person said no."""
        self.refused.append((name, dict(raw)))
        if connection:
            return failed("not_connected", f"Nobody connects {connection}", declined=True)
        return failed("confirmation_required", "The user declined; nothing was done", declined=True)

    async def wait_for_account(self, caller: Caller, connection: str, since: float) -> None:
        """The person is done, or never will be."""
        self.waited.append((connection, since))
        self.is_connected = self.connects

    def _with_account(self, name: str, raw: Mapping[str, Any]) -> Ended:
        if self.is_connected:
            return self._pay(raw) if name == "buy" else Ended({"data": {"read": True}})
        self.links += 1
        link = f"https://wirepost.example.com/connect/crm?c={self.links}"
        link_parts = {"connect_url": link, "expires_in_s": 600, "connection": "crm", "account": "Acme (1)"}
        return failed("auth_expired", "The consent has ended", needed=["deals.read"], **link_parts)

    def _pay(self, raw: Mapping[str, Any]) -> Ended:
        given, valid = raw.get("confirmation"), self.plans[0]
        if given == valid and len(self.plans) == 1:
            return Ended({"data": {"paid": raw.get("amount")}})
        if given is not None and len(self.plans) > 1:
            self.plans.pop(0)
        code = "confirmation_required" if given is None else "confirmation_mismatch"
        plan = {
            "plan": f"Pay {raw.get('amount')} EUR",
            "effects": EFFECTS,
            "reversible": False,
            "confirmation": self.plans[0],
            "expires_at": "2026-11-25T10:10:00Z",
        }
        return failed(code, "A person must accept this plan first", plan=plan)


def failed(code: str, message: str, **detail: Any) -> Ended:
    """An error envelope."""
    error = {"code": code, "message": message, "retryable": False, "outcome": "not_applied", **detail}
    return Ended({"error": error}, is_error=True)


def serve(calls: StandInCalls) -> Server[Any]:
    """The product's MCP server in front of the stand-in."""
    return build_mcp(calls, secret=SECRET, version="1.2.3", clock=calls.clock)


def person(*answers: str) -> Any:
    """A client's way of asking a person: `yes` and `no` send the form, others end it; keeps the questions.

    A link is opened by `accept`.
    """
    left = list(answers)

    async def ask(context: Any, params: Any) -> ElicitResult:
        ask.questions.append(params)  # type: ignore[attr-defined]
        answer = left.pop(0)
        if answer in {"yes", "no"}:
            return ElicitResult(action="accept", content={"confirm": answer == "yes"})
        return ElicitResult.model_validate({"action": answer})

    ask.questions = []  # type: ignore[attr-defined]
    return ask


def client(server: Any, era: str, **options: Any) -> Client:
    """The SDK's own client."""
    return Client(server, mode=era, read_timeout_seconds=5, **options)


def stand_in_app(**server: Any) -> Any:
    """As much of an app as the HTTP side looks at."""

    async def write(work: Any) -> None:
        return None

    clock = Clock()
    return SimpleNamespace(
        settings=SimpleNamespace(server=ServerSettings(**server)),
        clock=clock,
        secrets=Secrets(SecretSettings(), clock),
        catalog=Catalog(ToolList(())),
        links=SimpleNamespace(address=None),
        hub=SimpleNamespace(receiver=None),  # nobody sends webhooks to it
        secret=SECRET,
        connecting=SimpleNamespace(flows=None),
        long_work=SimpleNamespace(approvals=None),  # nothing waits for a person
        connections=SimpleNamespace(by_name={"stripe-sandbox": None}, sandbox=lambda name: None),
        database=SimpleNamespace(write=write),
    )
