"""The words of a unit of work, the same on every database: values, rows, `Tx`, and how a unit may fail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sized
from typing import Any, Protocol, TypeAlias, TypeVar

from wirepost.core.errors import Unavailable

Value: TypeAlias = str | int | float | bytes | None
Row: TypeAlias = tuple[Any, ...]
T = TypeVar("T")

LOCK_WAIT_S = 5.0
"""So long a connection waits for another process that has the database locked."""


NOW = "unixepoch('subsec')"
"""In a statement: the database's own clock, the same for all processes; seconds since 1970, with fraction."""


class Tx(Protocol):
    """One open transaction, as a unit of work sees it."""

    async def execute(self, sql: str, *params: Value) -> list[Row]:
        """Run one statement with `?` parameters and return all its rows.

        After a statement has failed the unit is lost, whether or not it catches the error: further statements
        raise the same error, and nothing of the unit is stored.
        """
        ...


Work: TypeAlias = Callable[[Tx], Awaitable[T]]


def placeholders(values: Sized) -> str:
    """The parameters of `IN (…)` for so many values."""
    return ", ".join("?" * len(values))


class NotUnique(Exception):
    """A row with this key is already there; `ON CONFLICT DO NOTHING RETURNING` asks without an error."""


def shutting_down() -> Unavailable:
    """The answer to whoever comes after closing has begun."""
    message = "The server is shutting down; nothing was sent"
    return Unavailable("server_unavailable", message, hint="Repeat when it runs again", retry_after_s=5.0)
