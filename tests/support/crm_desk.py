"""The call path over the CRM tools and one CRM, in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from support.paper_crm import PaperBook, PaperCrm
from support.sample_vendor import SAMPLE, no_links
from wirepost import declarations
from wirepost.calls.attempt import Outcome
from wirepost.calls.audit import Audit
from wirepost.calls.call_tool import Calls
from wirepost.calls.caller import LOCAL
from wirepost.calls.confirm import Confirmations
from wirepost.calls.cursor import Cursors
from wirepost.calls.decide import Judge
from wirepost.calls.ledger import Ledger
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.policy import Policy
from wirepost.calls.remembering import Remembering
from wirepost.calls.taint import Taints
from wirepost.calls.write import Writes
from wirepost.connections.connections import Connection, Connections
from wirepost.contracts.crm import Crm
from wirepost.contracts.provider import Provider
from wirepost.core.clock import Clock
from wirepost.core.signing import Signer
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.sandbox.vendor import Sandbox
from wirepost.sandbox.world import World
from wirepost.settings import CacheSettings, ConnectionSettings, EventSettings, LimitSettings
from wirepost.store.cache.cache import cache_of
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.tools.catalog import ToolList
from wirepost.tools.tool import tools_in
from wirepost.upstream.client import Client

NAME = "crm"
TOOLS = ToolList(tools_in(*declarations.CRM))


def on_paper(book: PaperBook) -> Provider:
    """A vendor whose CRM is this book."""

    def open_book(client: Client) -> PaperCrm:
        return PaperCrm(book, client.scope)

    return dataclasses.replace(SAMPLE, name="paper", load_tools=None, offers={Crm: open_book})


@dataclasses.dataclass(eq=False)
class CrmDesk:
    """Short ways to call CRM tools."""

    calls: Calls
    connection: Connection
    files: Files

    @property
    def sandbox(self) -> Sandbox:
        """The vendor's imitation behind the connection."""
        sandbox = self.connection.sandbox
        assert sandbox is not None
        return sandbox

    @property
    def last_write(self) -> str:
        """Method and path of the last request that was no read."""
        for request in reversed(self.sandbox.requests):
            words = request.path.rpartition("/")[2].lower()
            if request.method != "GET" and not any(word in words for word in ("read", "search", "query")):
                return f"{request.method} {request.path}"
        raise AssertionError("nothing was written")

    async def outcome(self, name: str, /, **arguments: Any) -> Outcome:
        """Call a tool; the envelope must be JSON, as every client gets it."""
        outcome = await self.calls.call(LOCAL, name, arguments)
        assert orjson.loads(orjson.dumps(outcome.envelope)) == outcome.envelope
        return outcome

    async def ok(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed; the whole envelope."""
        outcome = await self.outcome(name, **arguments)
        assert not outcome.is_error, outcome.envelope
        return outcome.envelope

    async def error(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must fail; the error object."""
        outcome = await self.outcome(name, **arguments)
        assert outcome.is_error, outcome.envelope
        error: dict[str, Any] = outcome.envelope["error"]
        return error

    async def plan(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """The preview of a tool."""
        plan: dict[str, Any] = (await self.ok(name, **arguments, mode="preview"))["data"]
        return plan

    async def confirmed(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """Preview, then execute with the confirmation."""
        plan = await self.plan(name, **arguments)
        return await self.ok(name, **arguments, confirmation=plan["confirmation"])

    async def records(self, name: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """All records of a list, page after page."""
        found: list[dict[str, Any]] = []
        envelope = await self.ok(name, **arguments)
        while True:
            found += envelope["data"]["records"]
            if not envelope["page"]["has_more"]:
                return found
            envelope = await self.ok(name, **arguments, cursor=envelope["page"]["next_cursor"])


@asynccontextmanager
async def crm_desk(
    directory: Path,
    clock: Clock,
    provider: Provider,
    world: World,
    *,
    kept_in: str = "off",
    owner: str = "shared",
) -> AsyncIterator[CrmDesk]:
    """Put it together as an application does; what could be kept is kept where `kept_in` says."""
    database = await Database.open(directory / "wirepost.db", clock)
    given = {"provider": provider.name, "environment": "sandbox", "owner": owner}
    settings = ConnectionSettings.model_validate(given)
    connection = Connection(NAME, provider, settings, clock, lambda: world)
    connections = Connections({NAME: connection})
    signer = Signer(b"secret of the tests")
    judge = Judge(Policy([]), Confirmations(signer, 600), Taints(database, clock, EventSettings()))
    files = Files(database, clock)
    jobs = Jobs(database, Signals(), clock, files)
    ledger = Ledger(database, clock, signer, "this process")
    cache = cache_of(CacheSettings.model_validate({"kind": kept_in}), database, clock)
    calls = Calls(
        everything=TOOLS,
        visible=lambda caller: TOOLS,
        connections=connections,
        consents=no_links(connections, database, clock),
        objects={},
        judge=judge,
        writes=Writes(judge, ledger, clock, OwnWrites(database, clock), jobs),
        cursors=Cursors(signer, 3600),
        audit=Audit(database),
        clock=clock,
        limits=LimitSettings(),
        files=files,
        remembering=Remembering(cache, 60),
    )
    try:
        yield CrmDesk(calls, connection, files)
    finally:
        await calls.close()
        await connection.close()
        await database.close()
