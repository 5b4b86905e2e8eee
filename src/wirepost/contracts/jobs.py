"""`JobKind`: how jobs of one kind are followed, read and cancelled at their provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from wirepost.tools.jobs import JobStatus

if TYPE_CHECKING:
    from wirepost.contracts.generation import Usage

Api = TypeVar("Api")
Row = Mapping[str, Any]
"""One row of a result: JSON."""

MINUTE_S = 60.0
BATCH_POLL_S = 300.0


@dataclass(frozen=True)
class JobFacts:
    """What a kind may know of a job."""

    id: str
    kind: str
    provider_id: str
    details: Mapping[str, Any]
    status: JobStatus
    owner: str
    created_at: datetime
    connection: str


@dataclass(frozen=True)
class Report:
    """An event that concerns a job, as it was received and verified."""

    type: str
    time: datetime
    data: Mapping[str, Any]
    actor: Mapping[str, Any] | None
    is_verified: bool


@dataclass(frozen=True)
class Look(Generic[Api]):
    """One look at a job."""

    api: Api
    """The vendor's client, for reading; while a job is cancelled or closed, for that one write too."""
    job: JobFacts
    now: datetime
    reports: Callable[[str], Awaitable[Sequence[Report]]]
    """Subject of events → what was received about it from this connection, oldest first."""


@dataclass(frozen=True)
class Problem:
    """Why a job failed; the message may come from the provider."""

    code: str
    message: str


@dataclass(frozen=True)
class Seen:
    """What a look has shown."""

    status: JobStatus
    provider_status: str | None = None
    """In the provider's words."""
    done: int | None = None
    total: int | None = None
    poll_after_s: float | None = None
    """The provider's hint."""
    expires_at: datetime | None = None
    error: Problem | None = None
    usage: Usage | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Added to the details of the job."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class JobKind(Generic[Api]):
    """All jobs of one kind.

    `look` and `results` only read. A look that finds the provider's "no such job" raises its `not_found`;
    any other `CallError` is a failed look, after which the job is looked at again.
    """

    name: str
    """Such as `openai.batch`."""
    title: str
    look: Callable[[Look[Api]], Awaitable[Seen]]
    results: Callable[[Look[Api]], AsyncIterator[Row]] | None = None
    """The result, row by row; read once, when the job has succeeded, partly or wholly."""
    cancel: Callable[[Look[Api]], Awaitable[None]] | None = None
    """Ask the provider to stop it; `None` where the provider cannot."""
    close: Callable[[Look[Api]], Awaitable[None]] | None = None
    """Once it is over: write at the provider how it ended. May be done twice, to the same effect."""
    longest_poll_s: float = MINUTE_S
    """Between two looks, when nothing happens for long."""
    forgets_early: bool = False
    """Its result is at the provider for minutes only, so a failed copy is repeated at once."""
