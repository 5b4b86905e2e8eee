"""Values that live as long as a connection."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from wirepost.upstream.cache import MAX_KEPT, Cache


class Source:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.asked = 0
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def __call__(self) -> int:
        self.asked += 1
        await self.gate.wait()
        return self.asked


async def test_a_value_is_kept_for_its_lifetime(clock) -> None:
    cache, source = Cache(clock), Source()
    assert await cache.get("a", source, 60) == 1
    clock.advance(59)
    assert await cache.get("a", source, 60) == 1
    clock.advance(2)
    assert await cache.get("a", source, 60) == 2


async def test_several_who_miss_it_load_it_once(clock) -> None:
    cache, source = Cache(clock), Source(is_open=False)
    waiting = [asyncio.create_task(cache.get("a", source)) for _ in range(5)]
    await clock.sleep(0)
    source.gate.set()
    assert await asyncio.gather(*waiting) == [1] * 5


async def test_a_failure_is_told_to_all_and_not_kept(clock) -> None:
    async def fail() -> int:
        raise LookupError

    cache, source = Cache(clock), Source()
    failed = await asyncio.gather(*(cache.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in failed] == [LookupError] * 3
    assert await cache.get("a", source) == 1


async def test_one_who_goes_away_does_not_take_the_value_from_the_others(clock) -> None:
    cache, source = Cache(clock), Source(is_open=False)
    first, second = (asyncio.create_task(cache.get("a", source)) for _ in range(2))
    await clock.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.gate.set()
    assert await second == 1


async def test_a_load_that_nobody_waits_for_ends_and_the_next_starts_anew(clock) -> None:
    cache, source = Cache(clock), Source(is_open=False)
    only = asyncio.create_task(cache.get("a", source))
    await clock.sleep(0)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    source.gate.set()
    assert await cache.get("a", source) == 2


async def test_a_load_that_comes_to_its_end_all_the_same_is_kept(clock) -> None:
    may_end = asyncio.Event()

    async def finish() -> int:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await may_end.wait()
        return 7

    cache, source = Cache(clock), Source()
    only = asyncio.create_task(cache.get("a", finish))
    await clock.sleep(0)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    await clock.sleep(0)
    may_end.set()
    await clock.sleep(0)
    assert await cache.get("a", source) == 7
    assert source.asked == 0


async def test_values_are_forgotten_by_prefix(clock) -> None:
    cache, source = Cache(clock), Source()
    for key in ("users/1", "users/2", "channels"):
        await cache.get(key, source)
    cache.forget("users/")
    assert await cache.get("channels", source) == 3
    assert await cache.get("users/1", source) == 4


async def test_the_value_unused_for_longest_gives_way(clock) -> None:
    cache, source = Cache(clock), Source()
    for number in range(MAX_KEPT):
        await cache.get(str(number), source)
    await cache.get("0", source)
    await cache.get("new", source)
    assert await cache.get("0", source) == 1
    assert await cache.get("1", source) == MAX_KEPT + 2
