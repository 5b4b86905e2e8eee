"""Vendors of models: a client of ours on a sandbox, each exchange judged by the vendor's description."""

from __future__ import annotations

import email
from dataclasses import dataclass, field
from typing import Any

import httpx2

from support.clock import ManualClock
from support.judged import JudgedTransport
from support.looking import look_by, rows_of
from support.specmock_fixture import described, new_mock
from support.worlds import world_at
from wirepost.contracts.ai import Models
from wirepost.contracts.jobs import JobKind, Seen
from wirepost.providers import load_provider
from wirepost.sandbox.vendor import Sandbox
from wirepost.settings import ConnectionSettings
from wirepost.tools.jobs import Started
from wirepost.upstream.client import Client
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

HTTP_OK = 200


@dataclass(eq=False)
class Described:
    """Compares exchanges with the description of an API; what it does not describe is noted."""

    api: str
    broken: list[str] = field(default_factory=list)
    undescribed: set[str] = field(default_factory=set)
    requests: list[httpx2.Request] = field(default_factory=list)

    def exchange(self, request: httpx2.Request, status: int, body: Any) -> None:
        """One request and what was answered."""
        self.requests.append(request)
        path = request.url.raw_path.decode()
        mock = new_mock(self.api)
        target, headers = f"/{self.api}{path}", dict(request.headers)
        reply = mock.call(request.method, target, headers, request.content, _form(request))
        bare = path.partition("?")[0]
        said = str(reply.body)
        if "no such path" in said or f", not {request.method}" in said:
            self.undescribed.add(f"{request.method} {bare}")
            return
        if status == HTTP_OK and "X-Specmock-Violation" in reply.headers:
            self.broken.append(f"{request.method} {bare}: {reply.body}")
        if isinstance(body, dict) and not bare.endswith("/content"):  # a file of one line is no answer
            stub = {"method": request.method, "path": bare, "status": status, "body": body}
            wrong = described(self.api)[self.api].check_stub(stub)
            self.broken += [f"{request.method} {bare} answers: {each}" for each in wrong]


def _form(request: httpx2.Request) -> dict[str, str] | None:
    """The fields of a form with files, which the specification server gets parsed."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return None
    kind = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(kind + request.content)
    return {
        str(part.get_param("name", header="content-disposition")): str(part.get_payload())
        for part in message.walk()
        if not part.is_multipart()
    }


@dataclass(eq=False)
class ModelVendor:
    """One connection, as calls and looks see it."""

    name: str
    sandbox: Sandbox
    clock: ManualClock
    judge: Described
    upstream: Upstream
    settings: ConnectionSettings

    @property
    def client(self) -> Client:
        """For one call that may write."""
        scope = Scope(self.clock.monotonic() + 45, before_write=_announced)
        return load_provider(self.name).client(self.upstream, scope, self.settings)

    @property
    def models(self) -> Models:
        """The vendor's models."""
        found = load_provider(self.name).offers[Models](self.client)
        assert isinstance(found, Models)
        return found

    def kind(self, name: str) -> JobKind[Any]:
        """A kind of its jobs."""
        load = load_provider(self.name).load_jobs
        assert load is not None
        return next(each for each in load() if each.name == name)

    async def look(self, started: Started) -> Seen:
        """How a job stands."""
        return await self.kind(started.kind).look(look_by(self.client, self.clock.now(), started))

    async def rows(self, started: Started) -> list[dict[str, Any]]:
        """What it has brought, by the details of the last look."""
        seen = await self.look(started)
        known = Started(started.kind, started.provider_id, {**started.details, **seen.details})
        return await rows_of(self.kind(started.kind), look_by(self.client, self.clock.now(), known))

    async def cancel(self, started: Started) -> None:
        """Ask for its end."""
        cancel = self.kind(started.kind).cancel
        assert cancel is not None
        await cancel(look_by(self.client, self.clock.now(), started))


def model_vendor(name: str, clock: ManualClock, *, api: str | None = None, **options: Any) -> ModelVendor:
    """A vendor's sandbox with a client before it."""
    provider = load_provider(name)
    sandbox = provider.sandbox(world_at(clock.now()), clock)
    judge = Described(api or name)
    settings = ConnectionSettings.model_validate({"provider": name, "environment": "sandbox", **options})

    async def credential() -> str:
        form = getattr(provider.auth[0], "form", "{}")
        return str(form.format(sandbox.key))

    upstream = Upstream(
        name,
        base_url=provider.base_url or f"https://{name}.invalid",
        limits=provider.limits["sandbox"],
        clock=clock,
        credential=credential,
        credential_header=getattr(provider.auth[0], "header", "Authorization"),
        transport=JudgedTransport(sandbox, clock, judge),
    )
    return ModelVendor(name, sandbox, clock, judge, upstream, settings)


async def _announced() -> None:
    """The ledger knows."""
