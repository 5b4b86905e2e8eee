"""`LocalKind`: what can be done to jobs of one kind that run here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wirepost.jobs.job import Job


@dataclass(frozen=True)
class LocalKind:
    """What is `None` cannot be done."""

    stop: Callable[[Job], Awaitable[bool]] | None = None
    """End one that is under way; false where that is too late."""
    answer: Callable[[Job, Mapping[str, Any]], Awaitable[None]] | None = None
    """Take what the caller's client has answered to `input_requests` among the details."""


NOTHING = LocalKind()
