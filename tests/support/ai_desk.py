"""The call path over the AI tools and a provider that answers as a test has written."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from support.calling import Calling
from support.sample_vendor import SAMPLE, no_links
from support.worlds import world_at
from wirepost import declarations
from wirepost.calls.attempt import Attempt
from wirepost.calls.audit import Audit
from wirepost.calls.call_tool import Calls
from wirepost.calls.confirm import Confirmations
from wirepost.calls.cursor import Cursors
from wirepost.calls.decide import Judge
from wirepost.calls.ledger import Ledger
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.policy import Policy
from wirepost.calls.taint import Taints
from wirepost.calls.write import Writes
from wirepost.connections.connections import Connection, Connections
from wirepost.contracts.ai import Models
from wirepost.contracts.analysis import Analysis, Finding, Task
from wirepost.contracts.generation import (
    BatchItem,
    Embeddings,
    Endpoint,
    Generation,
    Invocation,
    ModelFacts,
    Prompt,
    Usage,
)
from wirepost.core.clock import Clock
from wirepost.core.errors import CallError, OutcomeUnknown
from wirepost.core.signing import Signer
from wirepost.jobs.files import Files
from wirepost.jobs.jobs import Jobs
from wirepost.settings import AiSettings, ConnectionSettings, EventSettings, LimitSettings
from wirepost.store.cache.cache import cache_of
from wirepost.store.database import Database
from wirepost.store.signals import Signals
from wirepost.tools.catalog import ToolList
from wirepost.tools.jobs import Started
from wirepost.tools.tool import tools_in
from wirepost.toolsets.ai.aliases import Aliases
from wirepost.toolsets.ai.opening import Books
from wirepost.toolsets.ai.usage import Usages
from wirepost.upstream.client import Client
from wirepost.upstream.scope import Scope

TOOLS = ToolList(tools_in(*declarations.AI))
USAGE = Usage(input_tokens=1000, output_tokens=100)
MODEL = "gpt-5-mini"


@dataclass(eq=False)
class Script:
    """What the models answer, one after the other, and what they were asked."""

    answers: list[str | Generation | CallError] = field(default_factory=list)
    always: Callable[[Prompt], str] | None = None
    """Answers when `answers` is used up."""
    asked: list[Prompt] = field(default_factory=list)
    batches: list[tuple[Sequence[BatchItem], str]] = field(default_factory=list)
    """(items, intent) of each."""
    backgrounds: list[tuple[Prompt, str]] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    lists: int = 0
    loses_answers: bool = False
    hangs: bool = False
    usage: Usage = USAGE
    findings: list[Finding] | None = None
    """Where the provider judges texts itself: what it finds."""

    def say(self, *values: Any) -> None:
        """Answer with these, as JSON."""
        self.answers += [json.dumps(value) for value in values]


class ScriptedModels(Models, Analysis):
    """Both contracts over a script, for one call."""

    def __init__(self, script: Script, scope: Scope) -> None:
        self.script, self.scope = script, scope

    async def generate(self, prompt: Prompt) -> Generation:
        self.script.asked.append(prompt)
        if self.script.hangs:
            await asyncio.Event().wait()
        answer: Any = self.script.answers.pop(0) if self.script.answers else None
        if answer is None:
            assert self.script.always, "nothing is left to say"
            answer = self.script.always(prompt)
        if isinstance(answer, CallError):
            raise answer
        if isinstance(answer, Generation):
            return answer
        return Generation(answer, "stop", prompt.model, self.script.usage)

    async def list_models(self) -> list[ModelFacts]:
        self.script.lists += 1
        return [
            ModelFacts(id=MODEL, input_limit=400000, features=["text", "json"]),
            ModelFacts(id="gpt-5", features=["text"]),
            ModelFacts(id="text-embedding-3-small", features=["embeddings"]),
        ]

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None) -> Embeddings:
        vectors = [[float(len(text)), 0.5] for text in texts]
        return Embeddings(vectors, model, Usage(input_tokens=10))

    async def submit_batch(self, items: Sequence[BatchItem], *, key: str, intent: str) -> Started:
        await self._written()
        self.script.batches.append((items, intent))
        return self._started("sample.batch", "batch_1", len(items))

    async def find_batch(self, intent: str, since: datetime) -> Started | None:
        found = any(each == intent for _, each in self.script.batches)
        return Started("sample.batch", "batch_1") if found else None

    async def submit_background(self, prompt: Prompt, *, key: str, intent: str) -> Started:
        await self._written()
        self.script.backgrounds.append((prompt, intent))
        return self._started("sample.response", "resp_1", None)

    async def find_background(self, intent: str, since: datetime) -> Started | None:
        found = any(each == intent for _, each in self.script.backgrounds)
        return Started("sample.response", "resp_1") if found else None

    async def invoke(self, endpoint: Endpoint) -> Invocation:
        await self._written()
        self.script.endpoints.append(endpoint)
        return Invocation(body='{"label": "positive"}', content_type="application/json")

    async def submit_invocation(self, endpoint: Endpoint, *, key: str, intent: str) -> Started:
        await self._written()
        self.script.endpoints.append(endpoint)
        return self._started("sample.invocation", "inv_1", None)

    async def analyze(
        self, task: Task, texts: Sequence[str], *, labels: Sequence[str] = (), summary_words: int = 50
    ) -> list[Finding]:
        assert self.script.findings is not None
        return self.script.findings

    async def _written(self) -> None:
        await self.scope.announce_write()

    def _started(self, kind: str, name: str, total: int | None) -> Started:
        if self.script.loses_answers:
            raise OutcomeUnknown("outcome_unknown", "The answer was lost")
        return Started(kind, name, total=total)


@dataclass(eq=False)
class AiDesk(Calling):
    """Short ways to call AI tools."""

    calls: Calls
    script: Script
    database: Database
    books: Books
    jobs: Jobs
    files: Files
    connections: Connections

    async def spent(self) -> list[tuple[str, str, int, int, int, int]]:
        """(model, alias, requests, tokens in, tokens out, billionths of a dollar) of today."""
        rows = await self.books.usages.of_day(self.books.usages.today)
        return [(*dataclasses.astuple(each)[1:],) for each in rows]

    async def audited(self) -> list[dict[str, Any]]:
        """All audit records."""
        rows = await self.database.read("SELECT record FROM audit ORDER BY seq LIMIT 1000")
        return [orjson.loads(str(row[0])) for row in rows]


DEFAULT: Mapping[str, Any] = {"models": {"default": {"connection": "ai", "model": MODEL}}}


@asynccontextmanager
async def ai_desk(
    directory: Path,
    clock: Clock,
    script: Script | None = None,
    *,
    settings: Mapping[str, Any] = DEFAULT,
    provider: str = "openai",
    log_prompts: bool = False,
    limits: Mapping[str, Any] | None = None,
    **connection: Any,
) -> AsyncIterator[AiDesk]:
    """Put it together as an application does; `connection` holds options of the connection `ai`."""
    script = script or Script()
    database = await Database.open(directory / "wirepost.db", clock)

    def models(client: Client) -> ScriptedModels:
        return ScriptedModels(script, client.scope)

    offers: dict[Any, Any] = {Models: models}
    if script.findings is not None:
        offers[Analysis] = models
    vendor = dataclasses.replace(SAMPLE, name=provider, load_tools=None, offers=offers)
    chosen = ConnectionSettings.model_validate({"provider": provider, "environment": "sandbox", **connection})
    connections = Connections(
        {
            name: Connection(name, vendor, chosen, clock, lambda: world_at(clock.now()))
            for name in ("ai", "other")
        }
    )
    options = AiSettings.model_validate({**settings, "log_prompts": log_prompts})
    aliases = Aliases(options, {name: each.settings for name, each in connections.by_name.items()})
    aliases.check()
    files = Files(database, clock)
    jobs = Jobs(database, Signals(), clock, files)
    books = Books(
        options, aliases, Usages(database, clock), cache_of(options.cache, database, clock), files, clock
    )
    signer = Signer(b"secret of the tests")
    judge = Judge(Policy([]), Confirmations(signer, 600), Taints(database, clock, EventSettings()))
    ledger = Ledger(database, clock, signer, "this process")

    def wrap(attempt: Attempt, api: Any) -> Any:
        return books.open(attempt, api)

    calls = Calls(
        everything=TOOLS,
        visible=lambda caller: TOOLS,
        connections=connections,
        consents=no_links(connections, database, clock),
        objects={},
        wraps={Models: wrap},
        prefer=aliases.prefer,
        judge=judge,
        writes=Writes(judge, ledger, clock, OwnWrites(database, clock), jobs),
        cursors=Cursors(signer, 3600),
        audit=Audit(database),
        clock=clock,
        limits=LimitSettings.model_validate(limits or {}),
        log_prompts=log_prompts,
        files=files,
    )
    try:
        yield AiDesk(calls, script, database, books, jobs, files, connections)
    finally:
        await calls.close()
        await connections.close()
        await database.close()
