"""The token bucket and the limiter: rates, priorities, corrections, cancellation."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from wirepost.core.errors import Unavailable
from wirepost.upstream.limits import Limiter, Limits, LimitSeen, TokenBucket

FAR = 10_000.0


@given(
    st.floats(0.1, 50),
    st.integers(1, 30),
    st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["take", "correct", "pause", "drain"])), max_size=80),
)
def test_no_window_ever_sees_more_than_burst_plus_rate_times_its_length(rate, burst, events):
    bucket, now = TokenBucket(rate, burst, 0.0), 0.0
    passed: list[float] = []
    for gap, event in events:
        now += gap
        match event:
            case "take":
                while bucket.take(now):
                    passed.append(now)
            case "correct":
                bucket.correct(now, LimitSeen(gap * 10, gap, burst / 2), in_flight=1)
            case "pause":
                bucket.pause(now, gap)
            case "drain":
                bucket.drain(now)
    for index, start in enumerate(passed):
        for count, end in enumerate(passed[index:], 1):
            assert count <= burst + rate * (end - start) + 1e-6


@given(st.floats(0.1, 50), st.integers(1, 30), st.lists(st.floats(0, 3), max_size=60))
def test_a_request_passes_exactly_after_the_announced_delay(rate, burst, gaps):
    bucket, now = TokenBucket(rate, burst, 0.0), 0.0
    for gap in gaps:
        now += gap
        delay = bucket.delay(now)
        if delay > 1e-3:
            assert not bucket.take(now + delay * 0.99)
        now += delay
        assert bucket.take(now)


def test_the_delay_counts_those_who_go_first():
    bucket = TokenBucket(2.0, 1, 0.0)
    assert [bucket.delay(0.0, ahead) for ahead in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_a_quota_that_others_used_up_stops_us_until_its_reset():
    bucket = TokenBucket(10.0, 10, 0.0)
    bucket.correct(0.0, LimitSeen(remaining=2, resets_in_s=60), in_flight=0)
    assert [bucket.take(5.0) for _ in range(3)] == [True, True, False]
    assert bucket.delay(5.0) == 55.0
    assert bucket.take(60.0)


def test_requests_in_flight_are_taken_off_the_remaining_quota():
    bucket = TokenBucket(10.0, 10, 0.0)
    bucket.correct(0.0, LimitSeen(remaining=3, resets_in_s=60), in_flight=2)
    assert [bucket.take(5.0) for _ in range(2)] == [True, False]


def test_an_answer_that_was_overtaken_does_not_raise_the_quota_again():
    bucket = TokenBucket(10.0, 10, 0.0)
    bucket.correct(0.0, LimitSeen(remaining=1, resets_in_s=60), in_flight=0)
    bucket.correct(0.2, LimitSeen(remaining=9, resets_in_s=60), in_flight=0)
    assert [bucket.take(5.0) for _ in range(2)] == [True, False]


def test_a_new_window_brings_a_new_quota():
    bucket = TokenBucket(10.0, 10, 0.0)
    bucket.correct(0.0, LimitSeen(remaining=0, resets_in_s=1), in_flight=0)
    bucket.correct(1.5, LimitSeen(remaining=9, resets_in_s=60), in_flight=0)
    assert bucket.delay(3.0) == 0.0


def test_a_smaller_limit_than_configured_is_believed_and_a_larger_one_is_not():
    bucket = TokenBucket(1.0, 10, 0.0)
    bucket.correct(0.0, LimitSeen(remaining=100, resets_in_s=10, limit=100), in_flight=0)
    assert sum(bucket.take(0.0) for _ in range(20)) == 10
    bucket.correct(100.0, LimitSeen(remaining=100, resets_in_s=10, limit=4), in_flight=0)
    assert sum(bucket.take(200.0) for _ in range(20)) == 4


def test_a_token_given_back_can_be_used_again():
    bucket = TokenBucket(1.0, 1, 0.0)
    assert bucket.take(0.0)
    bucket.give_back()
    assert bucket.take(0.0)
    assert not bucket.take(0.0)


class Visitors:
    """Requests that enter a limiter and note when they were let in."""

    def __init__(self, limiter: Limiter, clock: ManualClock) -> None:
        self.limiter, self.clock = limiter, clock
        self.order: list[str] = []
        self.at: list[float] = []

    async def visit(self, name: str, *, interactive: bool = True, latest: float = FAR) -> None:
        await self.limiter.enter(interactive=interactive, latest=latest)
        self.order.append(name)
        self.at.append(self.clock.monotonic() - 1000.0)
        self.limiter.leave(interactive=interactive)


async def let_time_pass(clock: ManualClock, tasks: list[asyncio.Task[None]]) -> None:
    """Move the clock in small steps, with turns for everybody in between, until all have been let in."""
    async with asyncio.timeout(5):
        while not all(task.done() for task in tasks):
            for _ in range(6):
                await clock.sleep(0)
            clock.advance(0.125)
    for task in tasks:
        task.result()


async def test_a_burst_passes_at_once_and_the_rest_at_the_rate():
    clock = ManualClock(auto=False)
    visitors = Visitors(Limiter(Limits(requests_per_s=2, burst=3), clock), clock)
    await let_time_pass(clock, [asyncio.create_task(visitors.visit(str(index))) for index in range(6)])
    assert visitors.order == list("012345")
    assert visitors.at == pytest.approx([0, 0, 0, 0.5, 1.0, 1.5])
    assert visitors.limiter.in_flight == visitors.limiter.waiting == 0


async def test_interactive_requests_overtake_background_ones():
    clock = ManualClock(auto=False)
    visitors = Visitors(Limiter(Limits(requests_per_s=1, burst=1), clock), clock)
    await visitors.visit("first")
    background = asyncio.create_task(visitors.visit("background", interactive=False))
    await clock.wait_for_sleepers(1)
    await let_time_pass(clock, [background, asyncio.create_task(visitors.visit("interactive"))])
    assert visitors.order == ["first", "interactive", "background"]


async def test_background_requests_get_a_share_however_many_interactive_ones_wait():
    clock = ManualClock()
    visitors = Visitors(Limiter(Limits(requests_per_s=1, burst=1), clock), clock)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(visitors.visit("b", interactive=False))
        for _ in range(40):
            group.create_task(visitors.visit("i"))
    places = [index for index, name in enumerate(visitors.order) if name == "b"]
    assert len(places) == 3
    assert places[-1] <= 31
    assert all(later - earlier <= 10 for earlier, later in pairwise(places))


async def test_no_more_than_the_cap_are_in_flight():
    clock = ManualClock()
    limiter = Limiter(Limits(requests_per_s=1000, burst=1000, concurrency=3), clock)
    most, gates = 0, [asyncio.Event() for _ in range(8)]

    async def work(gate: asyncio.Event) -> None:
        nonlocal most
        await limiter.enter(interactive=True, latest=FAR)
        most = max(most, limiter.in_flight)
        await gate.wait()
        limiter.leave(interactive=True)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for gate in gates:
            group.create_task(work(gate))
        for gate in gates:
            for _ in range(3):
                await clock.sleep(0)
            gate.set()
    assert most == 3
    assert limiter.in_flight == 0
    assert set(clock.slept) == {0}


async def test_background_requests_never_take_all_places():
    clock = ManualClock()
    limiter = Limiter(Limits(requests_per_s=1000, burst=1000, concurrency=3), clock)
    for _ in range(2):
        await limiter.enter(interactive=False, latest=FAR)
    third = asyncio.create_task(limiter.enter(interactive=False, latest=FAR))
    await asyncio.wait_for(limiter.enter(interactive=True, latest=FAR), 5)
    assert not third.done()
    limiter.leave(interactive=False)
    await asyncio.wait_for(third, 5)
    assert limiter.in_flight == 3


async def test_a_single_place_serves_background_requests_too():
    limiter = Limiter(Limits(concurrency=1), ManualClock())
    await asyncio.wait_for(limiter.enter(interactive=False, latest=FAR), 5)


async def test_a_turn_that_would_come_too_late_is_refused_at_once():
    clock = ManualClock()
    limiter = Limiter(Limits(requests_per_s=0.5, burst=1), clock)
    await limiter.enter(interactive=True, latest=FAR)
    with pytest.raises(Unavailable) as caught:
        await limiter.enter(interactive=True, latest=clock.monotonic() + 1.9)
    assert (caught.value.code, caught.value.retry_after_s, caught.value.outcome) == (
        "rate_limited",
        2.0,
        "not_applied",
    )
    assert clock.slept == []
    assert limiter.waiting == 0


async def test_the_queue_has_an_end():
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(requests_per_s=1, burst=1, queue=2), clock)
    await limiter.enter(interactive=True, latest=FAR)
    waiting = [asyncio.create_task(limiter.enter(interactive=True, latest=FAR)) for _ in range(2)]
    await clock.wait_for_sleepers(1)
    with pytest.raises(Unavailable):
        await limiter.enter(interactive=True, latest=FAR)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert limiter.waiting == 0


async def test_waiting_for_a_place_ends_with_the_deadline():
    clock = ManualClock()
    limiter = Limiter(Limits(concurrency=1), clock)
    await limiter.enter(interactive=True, latest=FAR)
    with pytest.raises(Unavailable) as caught:
        await limiter.enter(interactive=True, latest=clock.monotonic() + 0.05)
    assert caught.value.code == "rate_limited"
    assert (limiter.waiting, limiter.in_flight) == (0, 1)


async def test_a_waiter_whose_deadline_passed_is_skipped():
    clock = ManualClock()
    limiter = Limiter(Limits(requests_per_s=1000, burst=1000, concurrency=1), clock)
    await limiter.enter(interactive=True, latest=FAR)
    late = asyncio.create_task(limiter.enter(interactive=True, latest=clock.monotonic() + 30))
    on_time = asyncio.create_task(limiter.enter(interactive=True, latest=FAR))
    await clock.sleep(0)
    clock.advance(31)
    limiter.leave(interactive=True)
    with pytest.raises(Unavailable):
        await asyncio.wait_for(late, 5)
    await asyncio.wait_for(on_time, 5)


async def test_a_cancelled_waiter_gives_its_turn_to_the_next():
    clock = ManualClock(auto=False)
    visitors = Visitors(Limiter(Limits(requests_per_s=1, burst=1), clock), clock)
    await visitors.visit("first")
    gone = asyncio.create_task(visitors.visit("gone"))
    await clock.wait_for_sleepers(1)
    next_one = asyncio.create_task(visitors.visit("next"))
    await clock.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    clock.advance(1)
    await asyncio.wait_for(next_one, 5)
    assert visitors.order == ["first", "next"]
    assert visitors.at[-1] == 1.0


async def test_a_waiter_cancelled_in_the_moment_of_its_turn_gives_the_token_back():
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(requests_per_s=1, burst=1, concurrency=1), clock)
    await limiter.enter(interactive=True, latest=FAR)
    clock.advance(1)
    gone = asyncio.create_task(limiter.enter(interactive=True, latest=FAR))
    await clock.sleep(0)
    limiter.leave(interactive=True)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert limiter.in_flight == 0
    await asyncio.wait_for(limiter.enter(interactive=True, latest=clock.monotonic()), 5)


async def test_a_place_that_frees_up_passes_over_a_waiter_who_is_just_leaving():
    limiter = Limiter(Limits(concurrency=1), ManualClock())
    await limiter.enter(interactive=True, latest=FAR)
    gone, patient = (asyncio.create_task(limiter.enter(interactive=True, latest=FAR)) for _ in range(2))
    while limiter.waiting < 2:
        await ManualClock().sleep(0)
    gone.cancel()
    limiter.leave(interactive=True)
    await asyncio.wait_for(patient, 5)
    assert gone.cancelled()
    assert (limiter.in_flight, limiter.waiting) == (1, 0)


async def test_a_pause_holds_everybody_and_ends():
    clock = ManualClock()
    visitors = Visitors(Limiter(Limits(requests_per_s=100, burst=100), clock), clock)
    visitors.limiter.pause(4.0)
    await asyncio.wait_for(visitors.visit("a"), 5)
    assert visitors.at == [4.0]


async def test_a_refusal_without_a_time_starts_from_an_empty_bucket():
    clock = ManualClock()
    visitors = Visitors(Limiter(Limits(requests_per_s=4, burst=100), clock), clock)
    visitors.limiter.pause(None)
    await asyncio.wait_for(visitors.visit("a"), 5)
    assert visitors.at == [0.25]


async def test_what_an_answer_says_holds_for_the_next_request():
    clock = ManualClock()
    limiter = Limiter(Limits(), clock)
    await limiter.enter(interactive=True, latest=FAR)
    limiter.learn(LimitSeen(remaining=0, resets_in_s=8))
    limiter.leave(interactive=True)
    await asyncio.wait_for(limiter.enter(interactive=True, latest=FAR), 5)
    assert clock.monotonic() == 1008.0


async def test_nothing_is_left_running_when_it_is_closed():
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(requests_per_s=1, burst=1), clock)
    await limiter.enter(interactive=True, latest=FAR)
    waiting = asyncio.create_task(limiter.enter(interactive=True, latest=FAR))
    await clock.wait_for_sleepers(1)
    limiter.close()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not [
        task for task in asyncio.all_tasks() if task.get_name() == "wirepost-limiter" and not task.done()
    ]


@given(
    st.floats(0.5, 20),
    st.integers(1, 8),
    st.integers(1, 4),
    st.lists(st.tuples(st.booleans(), st.floats(0, 2)), min_size=1, max_size=30),
)
def test_everybody_gets_in_at_no_more_than_the_rate(rate, burst, concurrency, visits):
    async def play() -> None:
        clock = ManualClock(auto=False)
        limits = Limits(requests_per_s=rate, burst=burst, concurrency=concurrency)
        visitors = Visitors(Limiter(limits, clock), clock)
        tasks = []
        for is_interactive, gap in visits:
            clock.advance(gap)
            tasks.append(asyncio.create_task(visitors.visit("x", interactive=is_interactive)))
            for _ in range(6):
                await clock.sleep(0)
        await let_time_pass(clock, tasks)
        assert len(visitors.at) == len(visits)
        for index, start in enumerate(visitors.at):
            for count, end in enumerate(visitors.at[index:], 1):
                assert count <= burst + rate * (end - start) + 1e-6
        assert visitors.limiter.in_flight == visitors.limiter.waiting == 0

    asyncio.run(play())
