"""`Call`: everything an operation gets besides its own arguments."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from wirepost.core.errors import InvalidCall

Api_co = TypeVar("Api_co", covariant=True)
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


async def no_progress(done: float, total: float | None, message: str | None) -> None:
    """Nobody asked for progress."""


RowsOf = Callable[[str], AsyncIterator[dict[str, Any]]]


async def no_rows(file_ref: str) -> AsyncIterator[dict[str, Any]]:
    """Where no files are kept."""
    raise InvalidCall("invalid_arguments", f"There is no file {file_ref[:60]!r}")
    yield {}


Remember = Callable[[str, Callable[[], Awaitable[Any]]], Awaitable[Any]]


async def no_memory(what: str, load: Callable[[], Awaitable[Any]]) -> Any:
    """Where nothing is kept."""
    del what
    return await load()


@dataclass(frozen=True)
class ConnectionFacts:
    """What an operation may know of the connection it runs on; no credential is among it."""

    name: str
    provider: str
    environment: str
    options: Any = None
    """The connection's settings model (accounts, money rules, …)."""


@dataclass
class Call(Generic[Api_co]):
    """One attempt to run a tool, seen by its operation.

    The type argument says what `api` is: a vendor's client, or one of our own objects.
    """

    api: Api_co
    caller: str
    now: datetime
    connection: ConnectionFacts | None = None
    limit: int = 20
    position: str | None = None
    """Where the page starts, in the provider's own terms (taken from the cursor)."""
    fields: tuple[str, ...] = ()
    key: str | None = None
    """Idempotency key for the provider; set on writes that are executed."""
    intent: str | None = None
    """Id of the business action, to be stored in the object that is created (`metadata.intent_id`)."""
    dispatched_at: datetime | None = None
    """For `reconcile`: when the lost attempt was sent."""
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    report: Progress = no_progress
    rows_of: RowsOf = no_rows
    """`file_ref` → rows of a file of the caller; raises `InvalidCall` where they have no such."""
    remember: Remember = no_memory
    """What was asked before → the same JSON, or else what loading it brings; a failure is not kept."""

    def note(self, name: str, value: Any) -> None:
        """Add a fact about how the result came to be to `meta`."""
        self.notes[name] = value

    def warn(self, message: str) -> None:
        """Tell the caller something that is not an error."""
        if message not in self.warnings:
            self.warnings.append(message)
