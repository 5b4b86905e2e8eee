"""`Job`: one row of the jobs, and what callers are shown of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import orjson
from pydantic import Field

from wirepost.contracts.jobs import JobFacts
from wirepost.core.ids import new_id
from wirepost.core.times import from_epoch
from wirepost.tools.jobs import TERMINAL, JobHandle, JobStatus, Started
from wirepost.tools.results import Result, Untrusted

if TYPE_CHECKING:
    from wirepost.store.database import Row, Value

FIRST_POLL_S = 2.0
"""Before the first look, where the provider gives no hint."""
_HEX = 26
_JSON = ("details", "error", "usage", "warnings")


@dataclass(frozen=True)
class Job:
    """Work that outlives the call that started it; moments are seconds since 1970."""

    id: str
    owner: str
    """The caller who may see it."""
    kind: str
    connection: str
    """Empty where there is none."""
    environment: str
    tool: str
    """That started it; empty for one that was adopted."""
    created_at: float
    changed_at: float
    intent: str | None = None
    provider_id: str | None = None
    status: JobStatus = "queued"
    provider_status: str | None = None
    done: int | None = None
    total: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    error: dict[str, str] | None = None
    """`code` and `message`; the message may come from the provider."""
    usage: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    file: str | None = None
    poll_after_s: float = FIRST_POLL_S
    failed_looks: int = 0
    missing_since: float | None = None
    version: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    expires_at: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether its state never changes any more."""
        return self.status in TERMINAL

    @property
    def is_local(self) -> bool:
        """Whether it runs here: kinds of providers are called after them, such as `openai.batch`."""
        return "." not in self.kind

    @property
    def facts(self) -> JobFacts:
        """What its kind may know of it."""
        return JobFacts(
            id=self.id,
            kind=self.kind,
            provider_id=self.provider_id or "",
            details=self.details,
            status=self.status,
            owner=self.owner,
            created_at=datetime.fromtimestamp(self.created_at, UTC),
            connection=self.connection,
        )

    @property
    def columns(self) -> dict[str, Value]:
        """Column → what is stored in it."""
        shown: dict[str, Any] = dict(vars(self))
        for name in _JSON:
            shown[name] = None if shown[name] is None else orjson.dumps(shown[name]).decode()
        return shown

    @classmethod
    def of_row(cls, row: Row) -> Self:
        """Read a row of `COLUMNS`."""
        values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
        for name in _JSON:
            values[name] = None if values[name] is None else orjson.loads(values[name])
        values["warnings"] = tuple(values["warnings"])
        return cls(**values)


_NAMES = tuple(each.name for each in fields(Job))
COLUMNS = ", ".join(_NAMES)


class JobProgress(Result):
    """How far it is."""

    done: int
    total: int | None = None


class JobProblem(Result):
    """Why it failed, or why its result is missing or cut."""

    code: str
    message: Untrusted


class JobView(Result):
    """What the caller of a job is shown of it."""

    job: str
    kind: str
    status: JobStatus
    connection: str | None = None
    provider_id: Untrusted | None = None
    provider_status: Untrusted | None = Field(default=None, description="In the provider's words")
    progress: JobProgress | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    expires_at: str | None = None
    poll_after_s: float | None = Field(
        default=None, description="Seconds after which asking again makes sense; absent: it has ended"
    )
    error: JobProblem | None = None
    warnings: list[str] | None = None
    usage: dict[str, Any] | None = None
    result_available: bool = Field(description="job_get_result returns something")


def opened(
    started: Started,
    *,
    owner: str,
    connection: str,
    environment: str,
    now: float,
    tool: str = "",
    intent: str | None = None,
) -> Job:
    """The row of a job that a provider has taken on.

    One job at a provider has one id, however often and by whomever it is found; where the provider has no
    name for it, one intent has.
    """
    expires_at = started.expires_at.timestamp() if started.expires_at else None
    return Job(
        id=_id_of(connection, started.kind, started.provider_id or intent),
        owner=owner,
        kind=started.kind,
        connection=connection,
        environment=environment,
        tool=tool,
        intent=intent,
        provider_id=started.provider_id,
        # Whatever it is already, its results are still to be copied.
        status="running" if started.status in TERMINAL else started.status,
        total=started.total,
        details=dict(started.details),
        poll_after_s=FIRST_POLL_S if started.poll_after_s is None else started.poll_after_s,
        created_at=now,
        changed_at=now,
        expires_at=expires_at,
    )


def changed(job: Job, now: float, **values: Any) -> Job:
    """The next version of a job; a terminal status ends it."""
    status = values.get("status", job.status)
    begun = job.started_at or (None if status in {"queued", "waiting_approval", "unknown"} else now)
    ended_at = now if status in TERMINAL else None
    return replace(
        job, **values, started_at=begun, changed_at=now, ended_at=ended_at, version=job.version + 1
    )


def handle(job: Job) -> JobHandle:
    """What the caller who started it gets."""
    return JobHandle(
        job=job.id,
        kind=job.kind,
        status=job.status,
        poll_after_s=job.poll_after_s,
        expires_at=from_epoch(job.expires_at),
    )


def view(job: Job) -> JobView:
    """What its caller is shown."""
    has_progress = job.done is not None or job.total is not None
    return JobView(
        job=job.id,
        kind=job.kind,
        status=job.status,
        connection=job.connection or None,
        provider_id=None if job.is_local else job.provider_id,
        provider_status=job.provider_status,
        progress=JobProgress(done=job.done or 0, total=job.total) if has_progress else None,
        created_at=from_epoch(job.created_at),
        started_at=from_epoch(job.started_at),
        ended_at=from_epoch(job.ended_at),
        expires_at=from_epoch(job.expires_at),
        poll_after_s=None if job.is_over else round(job.poll_after_s, 1),
        error=JobProblem(**job.error) if job.error else None,
        warnings=list(job.warnings) or None,
        usage=job.usage,
        result_available=job.file is not None,
    )


def _id_of(connection: str, kind: str, name: str | None) -> str:
    if name is None:
        return new_id("job")
    named = f"{connection}\0{kind}\0{name}".encode()
    return f"job_{hashlib.sha256(named).hexdigest()[:_HEX]}"
