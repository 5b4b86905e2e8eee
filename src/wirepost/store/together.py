"""`Together`: what comes while others are being written is written together after them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from wirepost.core.errors import CallError, Unavailable

T = TypeVar("T")
R = TypeVar("R")

MOST = 256
"""Items in one unit of work."""
WAITING = 5000
"""Items that wait at most; more are refused."""
RETRY_S = 1.0


class Together(Generic[T, R]):
    """Collects items for one unit of work after the other.

    `write` stores some and returns what became of each, in order. What it raises, those get who wait for one
    of them; where that is no `CallError`, each is written alone, as the fault may be one of a single item.
    """

    def __init__(
        self, write: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, most_waiting: int = WAITING
    ) -> None:
        self._write, self._most_waiting = write, most_waiting
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """Write it; returns when that is done. Whoever stops waiting does not stop it.

        Raises `Unavailable` where too many wait, and what `write` raises.
        """
        if len(self._waiting) >= self._most_waiting:
            raise _full()
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_waiting())
        return await future

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write_some(some)
        finally:
            self._writing = None

    async def _write_some(self, some: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._write([item for item, _ in some])
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            if len(some) > 1 and not isinstance(error, CallError):
                for each in some:
                    await self._write_some([each])
                return
            for _, future in some:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(some, results, strict=True):
            if not future.done():
                future.set_result(result)


def _full() -> Unavailable:
    return Unavailable(
        "server_unavailable",
        "Too many requests wait for the server's disk already",
        hint="`wirepost doctor` measures the disk",
        retry_after_s=RETRY_S,
    )
