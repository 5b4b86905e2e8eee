"""`within()`: a coroutine that may take so long, without a timer where it has nothing to wait for."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def within(seconds: float, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """What `work` returns; raises `TimeoutError` when it takes longer.

    Setting a timer and taking it back costs more than most things that are there already when asked for.
    """
    try:
        waits_for = work.send(None)
    except StopIteration as end:
        value: T = end.value
    else:
        value = yield from _timed(seconds, _go_on(work, waits_for))
    return value


@types.coroutine
def _go_on(work: Coroutine[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that has already handed out what it waits for."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - not ours to judge: it goes to whoever waits
            try:
                waits_for = work.throw(error)
            except StopIteration as end:
                value: T = end.value
                return value
        else:
            value = yield from work
            return value


async def _timed(seconds: float, rest: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await rest
