"""The sample vendor behind the sample tools, and a call path with nothing but these."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import orjson

from support.samples import SAMPLES, Board, SampleClient
from support.worlds import world_at
from wirepost.calls.approvals import Approvals
from wirepost.calls.attempt import Outcome
from wirepost.calls.audit import Audit
from wirepost.calls.call_tool import Calls
from wirepost.calls.caller import LOCAL, Caller
from wirepost.calls.confirm import Confirmations
from wirepost.calls.consents import Consents
from wirepost.calls.cursor import Cursors
from wirepost.calls.decide import Judge
from wirepost.calls.ledger import Ledger
from wirepost.calls.outlive import Outliving
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.owner import Owner
from wirepost.calls.policy import Policy
from wirepost.calls.taint import Taints
from wirepost.calls.write import Writes
from wirepost.connections.accounts import Accounts
from wirepost.connections.connections import Connection, Connections
from wirepost.connections.oauth.links import Links
from wirepost.contracts.auth import ApiKey
from wirepost.contracts.provider import Probe, Provider
from wirepost.core.clock import Clock
from wirepost.core.signing import Signer
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.settings import ConnectionSettings, EventSettings, LimitSettings, Rule
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.tools.catalog import ToolList
from wirepost.tools.tool import AnyTool
from wirepost.upstream.ask import Ask
from wirepost.upstream.limits import Limits


class SampleSandbox(Sandbox):
    """Makes notes, once for each key; with `hides`, new notes cannot be read yet."""

    vendor: ClassVar[str] = "sample"
    key: ClassVar[str] = "sample_sandbox"

    def forget(self) -> None:
        """Drop all notes."""
        self.made.clear()

    @property
    def made(self) -> list[dict[str, Any]]:
        """Every note that was made."""
        notes: list[dict[str, Any]] = self.__dict__.setdefault("notes", [])
        return notes

    hides = False

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """`POST /notes` makes one, `GET /notes` lists them."""
        if fault and fault.kind == "status" and not fault.is_applied:
            return Response(fault.status, b'{"error": "fault"}')
        if request.method == "GET":
            return Response(200, orjson.dumps([] if self.hides else self.made))
        key = request.headers["x-key"]
        known = next((note for note in self.made if note["key"] == key), None)
        note = known or {**orjson.loads(request.body), "key": key}
        if not known:
            self.made.append(note)
        return Response(200, orjson.dumps({"id": note["id"]}))

    def summary(self) -> dict[str, Any]:
        """How many notes there are."""
        return {"notes": len(self.made)}


LIMITS = Limits(requests_per_s=1000, burst=1000, concurrency=100, failures_to_open=1000)


async def probe(client: SampleClient) -> Probe:
    """Read the notes."""
    await client.send(Ask("GET", "/notes"))
    return Probe(identity="somebody", scopes=["notes.read"])


SAMPLE = Provider(
    name="sample",
    title="Sample",
    base_url="https://api.sample.example",
    client=SampleClient,
    auth=(ApiKey({r"live_\w+": "production", r"test_\w+": "test"}, help="Ask the sample vendor."),),
    load_tools=lambda: SAMPLES,
    load_sandbox=lambda: SampleSandbox,
    limits={"production": LIMITS, "test": LIMITS, "sandbox": LIMITS},
    api_versions={"1": None},
    probe=probe,
)


def connection_settings(environment: str = "sandbox", **options: Any) -> ConnectionSettings:
    """Settings of a connection to the sample vendor."""
    return ConnectionSettings.model_validate({"provider": "sample", "environment": environment, **options})


def connection(
    name: str = "sample", clock: Clock | None = None, *, provider: Provider = SAMPLE, **options: Any
) -> Connection:
    """A connection to the sample vendor."""
    clock = clock or Clock()
    return Connection(name, provider, connection_settings(**options), clock, lambda: world_at(clock.now()))


@dataclass(eq=False)
class Assembled:
    """The call path over the sample tools, and its parts."""

    calls: Calls
    judge: Judge
    ledger: Ledger
    database: Database
    connections: Connections
    own: OwnWrites
    taints: Taints
    jobs: Jobs
    outliving: Outliving
    approvals: Approvals
    board: Board

    @property
    def vendor(self) -> SampleSandbox:
        """The sample vendor."""
        sandbox = self.connections.sandbox("sample")
        assert isinstance(sandbox, SampleSandbox)
        return sandbox

    async def call(self, name: str, /, caller: Caller = LOCAL, **arguments: Any) -> Outcome:
        """Call a sample tool."""
        return await self.calls.call(caller, name, arguments)

    async def confirmed(self, name: str, /, **arguments: Any) -> Outcome:
        """Call it with the confirmation of its preview."""
        preview = await self.call(name, **arguments, mode="preview")
        token = preview.envelope["data"]["confirmation"]
        return await self.call(name, **arguments, confirmation=token)


def no_links(connections: Connections, database: Database, clock: Clock) -> Consents:
    """Consents of a server that serves no pages."""
    return Consents(connections, Accounts(database, clock), Links(database, clock, None), clock)


@asynccontextmanager
async def assembled(
    directory: Path,
    clock: Clock,
    *,
    rules: list[dict[str, Any]] | None = None,
    tools: tuple[AnyTool, ...] = SAMPLES,
    taint: str = "events",
    limits: Mapping[str, Any] | None = None,
    **options: Any,
) -> AsyncIterator[Assembled]:
    """Put it together as an application does; `options` are those of the one connection."""
    database = await Database.open(directory / "wirepost.db", clock)
    connections = Connections({"sample": connection(clock=clock, **options)})
    signer, listed, board = Signer(b"secret of the tests"), ToolList(tools), Board()
    policy = Policy([Rule.model_validate(rule) for rule in rules or []])
    taints = Taints(database, clock, EventSettings.model_validate({"taint": taint}))
    judge = Judge(policy, Confirmations(signer, 600), taints)
    owner = Owner(database, clock)
    ledger = Ledger(database, clock, signer, owner.id)
    own = OwnWrites(database, clock)
    jobs = Jobs(database, Signals(), clock, Files(database, clock))
    bounds = LimitSettings.model_validate(limits or {})
    outliving, approvals = Outliving(jobs, owner, clock), Approvals(jobs, clock, 86_400)
    calls = Calls(
        everything=listed,
        visible=lambda caller: listed,
        connections=connections,
        consents=no_links(connections, database, clock),
        objects={Board: lambda _: board},
        judge=judge,
        writes=Writes(judge, ledger, clock, own, jobs),
        cursors=Cursors(signer, 3600),
        audit=Audit(database),
        clock=clock,
        limits=bounds,
        outliving=outliving,
        approvals=approvals,
    )
    approvals.carry = calls.carry_out
    try:
        yield Assembled(
            calls, judge, ledger, database, connections, own, taints, jobs, outliving, approvals, board
        )
    finally:
        await calls.close()
        await connections.close()
        await database.close()
