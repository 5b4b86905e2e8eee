"""`Arrival`: what one request brought, or one look at a feed, on its way into the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wirepost.events.event import Event
    from wirepost.store.queue import Task


@dataclass(slots=True)
class NewEvent:
    """An event with the keys that tell it from others."""

    event: Event
    dedupe_key: str
    body_key: str | None
    receipt: dict[str, Any]
    is_complete: bool = True
    """False: nobody reads it before `complete` was called for it."""


@dataclass(slots=True)
class DeadLetter:
    """What could not be read of a genuine request."""

    id: str
    body_key: str
    reason: str
    verified: dict[str, Any] = field(default_factory=dict)
    """What made the request genuine, for when it is read again."""


@dataclass(slots=True)
class Arrival:
    """What one request brought, or one look at a feed."""

    source: str
    endpoint: str
    received_at: float
    events: Sequence[NewEvent] = ()
    dead: Sequence[DeadLetter] = ()
    raw_id: str | None = None
    sealed: bytes = b""
    """The request, sealed."""
    tasks: Sequence[Task] = ()
    """What is to be done because of it."""
    attempt: dict[str, Any] = field(default_factory=dict)
    """Of the request: endpoint, headers that count attempts; kept where it brought nothing new."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one event; `id` is that of the stored one."""

    id: str
    is_new: bool
