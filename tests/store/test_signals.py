"""Signals: nobody who listened before looking misses what is told, and nobody waits longer than it said."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from wirepost.store.signals import Pace, Signals, wait


@pytest.fixture
def patient():
    return ManualClock(auto=False)


async def test_all_who_listen_to_a_topic_are_woken_once(patient):
    signals = Signals()
    one, two, other = signals.listen("a"), signals.listen("a"), signals.listen("b")
    signals.tell("a")
    assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
    assert not signals.listen("a").is_set()
    signals.tell("nobody listens")


async def test_a_wait_ends_when_it_is_told(patient):
    signals = Signals()
    waiting = asyncio.create_task(wait(signals.listen("a"), patient, 60))
    await patient.wait_for_sleepers()
    signals.tell("a")
    async with asyncio.timeout(5):
        await waiting
    assert patient.monotonic() == 1000


async def test_a_wait_ends_when_its_time_is_over(patient):
    waiting = asyncio.create_task(wait(Signals().listen("a"), patient, 60))
    await patient.wait_for_sleepers()
    patient.advance(59)
    assert not waiting.done()
    patient.advance(1)
    async with asyncio.timeout(5):
        await waiting


async def test_what_was_told_before_is_not_waited_for(patient):
    signals = Signals()
    woken = signals.listen("a")
    signals.tell("a")
    async with asyncio.timeout(5):
        await wait(woken, patient, 60)
    assert patient.slept == []


async def test_a_cancelled_wait_leaves_nothing_behind(patient):
    waiting = asyncio.create_task(wait(Signals().listen("a"), patient, 60))
    await patient.wait_for_sleepers()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
    assert patient._sleepers == []  # noqa: SLF001 - what is left of them is the point


async def test_what_comes_after_a_pause_is_looked_at_at_once_and_what_follows_soon_together(patient):
    signals, looks = Signals(), asyncio.Queue()

    async def look() -> None:
        pace = Pace(patient, shortest_s=2, longest_s=60)
        while True:
            woken = signals.listen("a")
            looks.put_nowait(patient.monotonic() - 1000)
            await pace.next(woken)

    looking = asyncio.create_task(look())
    async with asyncio.timeout(5):
        assert await looks.get() == 0
        patient.advance(5)
        signals.tell("a")
        assert await looks.get() == 5
        signals.tell("a")
        await patient.wait_for_sleep(2)
        signals.tell("a")
        assert looks.empty()
        patient.advance(2)
        assert await looks.get() == 7
        assert looks.empty()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)


async def test_without_a_wake_the_pace_is_the_longest(patient):
    pace = Pace(patient, shortest_s=2, longest_s=60)
    waiting = asyncio.create_task(pace.next(Signals().listen("a")))
    await patient.wait_for_sleepers()
    patient.advance(59)
    assert not waiting.done()
    patient.advance(1)
    async with asyncio.timeout(5):
        await waiting
