"""Clients of AWS's services over a connection as the product makes it: to a sandbox, or to a test server."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import orjson

from support.clients import use_aws
from support.clock import ManualClock
from support.secret_stores import AWS_KEY
from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.connections.unsent import SignatureCredential
from wirepost.contracts.ai import Models
from wirepost.contracts.jobs import JobFacts, JobKind, Look, Report, Row, Seen
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings
from wirepost.tools.jobs import Started
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.upstream import Upstream

REGION = "eu-central-1"
_COMPARED = frozenset(
    {
        *("content-type", "x-amz-target", "x-amz-content-sha256", "range"),
        *("x-amzn-sagemaker-inputlocation", "x-amzn-sagemaker-content-type", "x-amzn-sagemaker-inference-id"),
        *("x-amzn-sagemaker-requestttlseconds", "x-amzn-sagemaker-invocationtimeoutseconds"),
    }
)
ROLE = "arn:aws:iam::123456789012:role/bedrock-batch"


@dataclass
class Account:
    """One connection, and what its provider offers, each time for a new call."""

    connection: Connection
    clock: ManualClock
    upstream: Upstream | None = None
    """In place of the connection's own."""
    sent: list[httpx2.Request] = field(default_factory=list)
    """Where they are recorded."""

    @property
    def sandbox(self) -> Any:
        """The imitation."""
        return self.connection.sandbox

    def scope(self, *, may_write: bool) -> Scope:
        """What one call lends to its requests."""
        return Scope(self.clock.monotonic() + 45, before_write=_nothing if may_write else None)

    def client(self, *, may_write: bool = False) -> Any:
        """The vendor's client."""
        upstream = self.upstream or self.connection.shared.upstream
        return self.connection.provider.client(
            upstream, self.scope(may_write=may_write), self.connection.settings
        )

    def models(self, *, may_write: bool = False) -> Any:
        """The contract of models."""
        return self.connection.provider.offers[Models](self.client(may_write=may_write))

    def look(self, started: Started, *, may_write: bool = False) -> Look[Any]:
        """What a kind is given about a job that has just been started."""
        facts = JobFacts(
            id="job_1",
            kind=started.kind,
            provider_id=started.provider_id or "",
            details=started.details,
            status=started.status,
            owner="local",
            created_at=self._began,
            connection=self.connection.name,
        )
        return Look(self.client(may_write=may_write), facts, self.clock.now(), _no_reports)

    async def seen(self, started: Started) -> Seen:
        """One look at a job."""
        return await self.kind(started).look(self.look(started))

    async def rows(self, started: Started) -> list[Row]:
        """Its result."""
        results = self.kind(started).results
        assert results is not None
        found: AsyncIterator[Row] = results(self.look(started))
        return [row async for row in found]

    def kind(self, started: Started) -> JobKind[Any]:
        """How such jobs are followed."""
        load = self.connection.provider.load_jobs
        assert load is not None
        return next(each for each in load() if each.name == started.kind)

    def __post_init__(self) -> None:
        self._began = self.clock.now()


def sandbox_account(provider: str, **settings: Any) -> Account:
    """A sandbox connection."""
    return _account(provider, ManualClock(), {"environment": "sandbox", **settings})


def far_account(provider: str, clock: ManualClock | None = None, **settings: Any) -> Account:
    """A connection with an access key, such as to a server that plays AWS at `base_url`."""
    key = {
        "region": REGION,
        "access_key_id": "env:AWS_ACCESS_KEY_ID",
        "secret_access_key": "env:AWS_SECRET_ACCESS_KEY",
    }
    return _account(provider, clock or ManualClock(), {"environment": "test", "sigv4": key, **settings})


def _account(provider: str, clock: ManualClock, settings: dict[str, Any]) -> Account:
    chosen = ConnectionSettings.model_validate({"provider": provider, **settings})
    made = Connection("aws", load_provider(provider), chosen, clock, lambda: world_at(clock.now()))
    return Account(made, clock)


def recording_account(provider: str, answer: Any, headers: dict[str, str] | None = None) -> Account:
    """A connection whose requests are recorded and answered so, whatever they are."""
    account = far_account(provider, bucket={"name": "acme-jobs", "role": ROLE})
    credential = account.connection.shared.credential
    assert isinstance(credential, SignatureCredential)

    def record(request: httpx2.Request) -> httpx2.Response:
        account.sent.append(request)
        return httpx2.Response(200, json=answer, headers=headers)

    account.upstream = Upstream(
        "aws",
        base_url=account.connection.configured_address,
        credential=credential.header,
        limits=Limits(1000, 1000, 100),
        clock=account.clock,
        transport=httpx2.MockTransport(record),
        sign=credential.sign,
    )
    return account


async def compare(account: Account, *calls: tuple[str, str, dict[str, Any]]) -> None:
    """What was sent is what AWS's own library sends for these calls, and it signs the same.

    Left out are headers about the library itself, and those that follow from the time.
    """
    said = await use_aws(
        *calls, region=REGION, key=AWS_KEY, requests=[_signed_part(each) for each in account.sent]
    )
    ours = [_shown(each.method, str(each.url), each.headers, each.content) for each in account.sent]
    theirs = [
        _shown(each["method"], each["url"], each["headers"], base64.b64decode(each["body"]))
        for each in said["calls"]
    ]
    assert ours == theirs
    signatures = [each.headers["authorization"].rpartition("Signature=")[2] for each in account.sent]
    assert signatures == said["signatures"]


def _shown(method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(url)
    kept = {name.lower(): value for name, value in headers.items() if name.lower() in _COMPARED}
    if not body:
        kept.pop("content-type", None)
    return {
        "method": method,
        "host": parts.netloc,
        "path": parts.path,
        "query": sorted(parse_qsl(parts.query)),
        "headers": kept,
        "body": _value(body),
    }


def _value(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body


def _signed_part(request: httpx2.Request) -> dict[str, Any]:
    """A request with the headers that its signature says it covers."""
    stated = request.headers["authorization"]
    names = stated.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    return {
        "service": stated.split("/")[3],
        "method": request.method,
        "url": str(request.url),
        "headers": {name: request.headers[name] for name in names},
        "body": base64.b64encode(request.content).decode(),
    }


async def _nothing() -> None:
    return None


async def _no_reports(subject: str) -> Sequence[Report]:
    return ()
