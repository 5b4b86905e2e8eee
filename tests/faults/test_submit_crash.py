"""Killed with -9 when a provider has begun a job and nobody here knows: the next process starts no other."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from support.keys import pem, rsa_key
from support.running import Running, running
from support.serving import served
from support.warehouse import DESCRIBED, Warehouse
from support.worlds import world_at
from wirepost.core.clock import Clock
from wirepost.providers import load_provider, provider_names
from wirepost.providers.bedrock.sandbox import FILM
from wirepost.sandbox.sockets import ConnectionCut

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

INTENT = "of-the-month"
PROGRAM = """
import asyncio, sys, orjson
from pathlib import Path
from support.running import running
from wirepost.calls.caller import LOCAL

async def main(directory, options, tool, arguments):
    async with running(Path(directory), **orjson.loads(options)) as wirepost:
        outcome = await wirepost.app.calls.call(LOCAL, tool, orjson.loads(arguments))
        sys.exit(f"it lived: {outcome.envelope}")

asyncio.run(main(*sys.argv[1:]))
"""
REQUESTS = [{"custom_id": "one", "prompt": "Say something about lamps"}]
ROLE = "arn:aws:iam::123456789012:role/bedrock-batch"
BUCKET = {"name": "acme-ai-jobs", "prefix": "wirepost", "role": ROLE}
ENDED = {"succeeded", "partial", "failed"}


@dataclass(frozen=True)
class Kind:
    """One kind of job, and how it is begun."""

    tool: str
    arguments: Mapping[str, Any]
    begins: str
    """Method and path of the request with which the provider begins it."""
    id_at: str
    """Where the answer to that has the id of the job."""
    then: str = "found"
    """What the next process does: it has `found` the job, at once or `late`, started it `again` (which reads
    only), or does not know (`unknown`)."""
    last: str = ""
    """The request after which it is killed, if that is another one."""
    connection: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    ends: bool = True
    """Whether the job ends by itself."""


def batch(begins: str, id_at: str, model: str, **more: Any) -> Kind:
    return Kind("ai_submit_batch", {"requests": REQUESTS}, begins, id_at, model=model, **more)


def background(begins: str, id_at: str, model: str, **more: Any) -> Kind:
    prompt = {"prompt": "Compare the two lamps"}
    return Kind("ai_submit_background", prompt, begins, id_at, model=model, then="unknown", **more)


def invocation(begins: str, id_at: str, endpoint: str, payload: str, **more: Any) -> Kind:
    asked = {"endpoint": endpoint, "payload": payload, "background": True}
    return Kind("ai_invoke_endpoint", asked, begins, id_at, **more)


REPORT = {"report_type": "balance.summary.1", "interval": {"start": "-30d", "end": "-5d"}}
CONTACT = [
    {"fields": [{"name": "last_name", "value": "Larsen"}, {"name": "email", "value": "kim@example.com"}]}
]
EXPORT = {"object": "deal"}
IMPORT = {"object": "contact", "operation": "create", "records": CONTACT}
AWS = {"sigv4": {"region": "eu-central-1", "access_key_id": "env:KEY_ID", "secret_access_key": "env:KEY"}}
CLAUDE = "anthropic.claude-haiku-4-5-20251001-v1:0"
KINDS = {
    "openai.batch": batch("POST (/v1)?/batches", "id", "gpt-5-mini", connection={"api": "responses"}),
    "openai.response": background(
        "POST (/v1)?/responses", "id", "gpt-5-mini", connection={"api": "responses"}
    ),
    "anthropic.batch": batch("POST /v1/messages/batches", "id", "claude-haiku-4-5", then="unknown"),
    "gemini.batch": batch("POST /v1beta/models/.*:batchGenerateContent", "name", "gemini-2.5-flash"),
    "gemini.interaction": background("POST /v1beta/interactions", "id", "gemini-2.5-flash"),
    "vertex.batch": batch("POST /v1.*/batchPredictionJobs", "name", "gemini-2.5-flash"),
    "bedrock.batch": batch("POST /model-invocation-job", "jobArn", CLAUDE),
    "bedrock.async": invocation(
        "POST /async-invoke", "invocationArn", FILM, '{"taskType": "TEXT_VIDEO"}', then="unknown"
    ),
    "sagemaker.async": invocation(
        "POST /endpoints/.*/async-invocations",
        "InferenceId",
        "reviews",
        '{"inputs": "Great!"}',
        then="unknown",
    ),
    "hf.job": invocation("POST /api/jobs/.*", "id", "python:3.12", '{"command": ["echo", "hello"]}'),
    # Its rows are at files.stripe.com, where nothing of ours can stand in.
    "stripe.report": Kind("stripe_start_report", REPORT, "POST /v1/reporting/report_runs", "id", ends=False),
    "salesforce.bulk_query": Kind(
        "crm_start_export", EXPORT, "POST /services/data/.*/jobs/query", "id", "again"
    ),
    "salesforce.bulk_ingest": Kind(
        "crm_start_import",
        IMPORT,
        "POST /services/data/.*/jobs/ingest",
        "id",
        then="late",
        last="PATCH /services/data/.*/jobs/ingest/.*",
    ),
    "hubspot.export": Kind("crm_start_export", EXPORT, "POST /crm/.*/export/async", "id", "again"),
    "hubspot.import": Kind("crm_start_import", IMPORT, "POST /crm/imports/.*", "id"),
    "slack.ask": Kind(
        "slack_ask",
        {"channel": "#support", "question": "Refund it?", "options": ["Refund", "Send again"]},
        "POST /api/chat.postMessage",
        "ts",
        ends=False,
    ),
    "http.job": Kind("http_start_job", {"job": "export"}, "POST /v1/exports", "data.export.id"),
}


class Later(Clock):
    """Real time, and as much more as a test lets pass."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        """Of the provider."""
        return super().now() + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        """The same."""
        return super().monotonic() + self.passed_s


class Trap:
    """A provider behind a socket, which kills its client when a job has begun and before it is told so."""

    def __init__(self, app: Any, kind: Kind) -> None:
        self._app, self._kind = app, kind
        self.victim: asyncio.subprocess.Process | None = None
        self.begun: list[str] = []
        """Ids of jobs, as often as they were told."""
        self.asked: list[str] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """ASGI."""
        asked = f"{scope.get('method')} {scope.get('path')}"
        self.asked.append(asked)
        begins = re.fullmatch(self._kind.begins, asked) is not None
        is_last = re.fullmatch(self._kind.last or self._kind.begins, asked) is not None
        if not (begins or is_last):
            await self._app(scope, receive, send)
            return
        answer: list[Any] = []

        async def keep(message: Any) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if begins and answer[0]["status"] < 300:
            said = orjson.loads(b"".join(each.get("body", b"") for each in answer[1:]))
            for name in self._kind.id_at.split("."):
                said = said[name]
            self.begun.append(said)
        if is_last and self.victim is not None and self.begun:
            os.kill(self.victim.pid, signal.SIGKILL)
            self.victim = None
            raise ConnectionCut
        for message in answer:
            await send(message)


@dataclass
class Place:
    """A provider that outlives our processes, and what they are told of it."""

    trap: Trap
    vendor: Any
    options: Mapping[str, Any]
    arguments: Mapping[str, Any]


@asynccontextmanager
async def place(name: str, clock: Clock, directory: Path) -> AsyncIterator[Place]:
    """The provider of this kind."""
    kind = KINDS[name]
    provider = "huggingface" if name == "hf.job" else name.partition(".")[0]
    vendor: Any = Warehouse()
    if provider != "http":
        vendor = load_provider(provider).sandbox(world_at(clock.now()), clock)
    else:
        vendor.state = {"state": "done"}
    trap = Trap(vendor.app, kind)
    async with served(trap, lifespan="off") as base:
        address = f"{base}/api" if provider == "slack" else base
        given = {"provider": provider, "environment": "test", "base_url": address}
        given |= _ways_in(provider, base, directory)
        rules = [{"id": "asked", "effect": "allow", "tools": [kind.tool]}]
        options: dict[str, Any] = {
            "connections": {"far": {**given, **kind.connection}},
            "policy": {"rules": rules},
        }
        if kind.model:
            options["ai"] = {"models": {"default": {"connection": "far", "model": kind.model}}}
        arguments = {**kind.arguments, "connection": "far", "intent": INTENT}
        yield Place(trap, vendor, options, arguments)


def _ways_in(provider: str, base: str, directory: Path) -> dict[str, Any]:
    if provider in {"bedrock", "sagemaker"}:
        return {**AWS, "bucket": BUCKET}
    if provider == "salesforce":
        return {"client_id": "sandbox", "client_secret": "env:KEY"}
    if provider == "vertex":
        key = directory / "key.pem"
        key.touch(mode=0o600)
        key.write_text(pem(rsa_key()))
        return {
            "client_id": "wirepost@acme-ai.iam.gserviceaccount.com",
            "private_key": f"file:{key}",
            "oauth": {"token_url": f"{base}/token"},
            "vertex": {"project": "acme-ai", "location": "europe-west3"},
            "bucket": {"name": "acme-ai-jobs", "prefix": "wirepost"},
        }
    if provider == "http":
        return {"key": "env:KEY", "jobs": {"export": DESCRIBED}}
    return {"key": "env:KEY"}


async def die(at: Place, kind: Kind, directory: Path) -> None:
    """A process that begins the job and is killed before it hears so."""
    tests = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    options, arguments = (orjson.dumps(each).decode() for each in (at.options, at.arguments))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(directory), options, kind.tool, arguments),
        env={**os.environ, "PYTHONPATH": tests},
    )
    at.trap.victim = child
    async with asyncio.timeout(60):
        assert await child.wait() == -signal.SIGKILL, at.trap.asked


async def ended(wirepost: Running, job: str) -> dict[str, Any]:
    for _ in range(10):
        shown = (await wirepost.ok("job_get", job=job, wait_s=10))["data"]
        if shown["status"] in ENDED:
            return shown
    raise AssertionError(shown)


@pytest.mark.parametrize("name", KINDS)
async def test_a_kill_between_the_start_of_a_job_and_its_row_starts_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind, clock = KINDS[name], Later()
    provider = "huggingface" if name == "hf.job" else name.partition(".")[0]
    key = "a-key" if provider == "http" else load_provider(provider).sandbox.key
    monkeypatch.setenv("KEY", key)
    monkeypatch.setenv("KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    async with place(name, clock, tmp_path) as at:
        await die(at, kind, tmp_path)
        assert len(at.trap.begun) == 1
        if kind.then == "unknown":
            for _ in range(2):
                async with running(tmp_path, **at.options) as later:
                    doubt = await later.error(kind.tool, **at.arguments)
                assert (doubt["code"], len(at.trap.begun)) == ("outcome_unknown", 1)
            return
        async with running(tmp_path, **at.options) as later, later.app.hub.at_work():
            outcome = (await later.outcome(kind.tool, **at.arguments)).envelope
            if kind.then == "late":
                assert outcome["error"]["code"] == "outcome_unknown", outcome
                clock.passed_s += 3600
                outcome = (await later.outcome(kind.tool, **at.arguments)).envelope
            assert "error" not in outcome, outcome
            job = outcome["data"]["job"]
            assert len(set(at.trap.begun)) == (2 if kind.then == "again" else 1)
            assert outcome["data"]["kind"] == name
            if kind.ends:
                clock.passed_s += 3600
                assert (await ended(later, job))["status"] == "succeeded"
        asked = len(at.trap.asked)
        async with running(tmp_path, **at.options) as last:
            again = await last.ok(kind.tool, **at.arguments)
            assert (again["data"]["job"], again["meta"]["idempotency"]["replayed"]) == (job, True)
            if kind.ends:
                result = await last.ok("job_get_result", job=job)
                assert result["data"]["records"] or name == "hubspot.import", "HubSpot names errors only"
        assert len(at.trap.asked) == asked, "what is known here is not asked again"


def test_every_kind_is_here() -> None:
    loads = [load_provider(name).load_jobs for name in provider_names()]
    assert set(KINDS) == {kind.name for load in loads if load for kind in load()}
