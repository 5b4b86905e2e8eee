"""Deadlines: kept where there is something to wait for, and free where there is nothing."""

from __future__ import annotations

import asyncio

import pytest

from wirepost.core.clock import Clock
from wirepost.core.deadline import within

CLOCK = Clock()


async def at_once() -> str:
    return "done"


def test_what_is_there_already_needs_no_timer() -> None:
    with pytest.raises(StopIteration) as end:  # there is no event loop here that could keep one
        within(5, at_once()).send(None)
    assert end.value.value == "done"


async def test_what_is_waited_for_comes() -> None:
    future = asyncio.get_running_loop().create_future()

    async def work() -> list[str]:
        return [await future, await at_once()]

    waiting = asyncio.ensure_future(_awaited(30, work()))
    await CLOCK.sleep(0)
    future.set_result("first")
    assert await waiting == ["first", "done"]


async def test_what_takes_too_long_is_ended() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    with pytest.raises(TimeoutError):
        await within(0.01, work())
    assert ended == [True]


async def test_an_error_is_passed_on() -> None:
    async def at_once_wrong() -> None:
        raise ValueError("now")

    async def later_wrong() -> None:
        await CLOCK.sleep(0)
        raise ValueError("later")

    with pytest.raises(ValueError, match="now"):
        await within(5, at_once_wrong())
    with pytest.raises(ValueError, match="later"):
        await within(5, later_wrong())


async def test_a_cancellation_reaches_it_and_it_may_have_the_last_word() -> None:
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await CLOCK.sleep(0)
        return "tidied"

    waiting = asyncio.ensure_future(_awaited(30, stubborn()))
    await CLOCK.sleep(0)
    waiting.cancel()
    assert await waiting == "tidied"


async def test_a_cancellation_may_be_its_end_in_good_order() -> None:
    async def tidy() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "tidied"
        return "never"

    waiting = asyncio.ensure_future(_awaited(30, tidy()))
    await CLOCK.sleep(0)
    waiting.cancel()
    assert await waiting == "tidied"


async def test_a_cancellation_ends_it() -> None:
    waiting = asyncio.ensure_future(_awaited(30, asyncio.Event().wait()))
    await CLOCK.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _awaited(seconds, work):
    return await within(seconds, work)
