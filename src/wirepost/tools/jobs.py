"""`Started`: what an operation returns that starts a job; callers get a `JobHandle` for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from wirepost.tools.results import Result

JobStatus = Literal[
    "queued",
    "running",
    "waiting_input",
    "waiting_approval",
    "succeeded",
    "partial",
    "failed",
    "cancelling",
    "cancelled",
    "expired",
    "unknown",
]
TERMINAL: frozenset[str] = frozenset({"succeeded", "partial", "failed", "cancelled", "expired"})
"""States that never change."""


@dataclass(frozen=True)
class Started:
    """A job that a provider has taken on."""

    kind: str
    """Name of a `JobKind`."""
    provider_id: str | None
    """The provider's name for it; `None` where it has none."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """What its kind needs to follow it and to read its results: JSON without secrets."""
    status: JobStatus = "queued"
    poll_after_s: float | None = None
    """The provider's hint."""
    expires_at: datetime | None = None
    """When the provider ends or forgets it."""
    total: int | None = None
    """Of how many parts it consists, where that is known."""


class JobHandle(Result):
    """A job that goes on without the caller; `job_get` follows it by this handle."""

    job: str
    kind: str
    status: JobStatus
    poll_after_s: float = Field(description="Seconds after which asking again makes sense")
    expires_at: str | None = None
