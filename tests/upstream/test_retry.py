"""The retry policy by itself: reading `Retry-After`, waits, the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START, ManualClock
from support.scripted import Longest
from wirepost.core.errors import Unavailable
from wirepost.upstream.ask import Answer, Failure
from wirepost.upstream.retry import Pace, repeat, retry_after_s

# The three forms of a date that RFC 9110, 5.6.7 obliges a recipient to accept; all name the same moment.
MOMENT = datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
FORMS = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994")


def failure(demanded_wait_s: float | None = None, *, may_repeat: bool = True) -> Failure:
    error = Unavailable("upstream_unavailable", "down")
    return Failure(error, may_repeat=may_repeat, demanded_wait_s=demanded_wait_s)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_an_http_date_is_read(form):
    assert retry_after_s(form, MOMENT - timedelta(seconds=90)) == 90.0


@given(st.integers(0, 10**8))
def test_seconds_are_read_as_they_are(seconds):
    assert retry_after_s(str(seconds), START) == seconds
    assert retry_after_s(f" {seconds} ", START) == seconds


@given(st.integers(-(10**8), 10**8))
def test_a_date_is_the_time_until_then_and_never_negative(offset):
    assert retry_after_s(format_datetime(START + timedelta(seconds=offset), usegmt=True), START) == max(
        0, offset
    )


@given(st.text(max_size=60))
def test_anything_may_stand_in_the_header(text):
    wait = retry_after_s(text, START)
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    "value", [None, "", "soon", "-5", "1.5", "²", "Sun, 99 Nov 1994 08:49:37 GMT", "9" * 400]
)
def test_what_is_neither_is_ignored(value):
    assert retry_after_s(value, START) is None


async def run(script: list[Failure], pace: Pace) -> int:
    """How many further attempts follow the first failure."""
    attempts = 0

    async def attempt() -> Answer:
        nonlocal attempts
        attempts += 1
        if script:
            raise script.pop(0)
        return Answer(200, {}, b"{}")

    await repeat(attempt, script.pop(0), pace)
    return attempts


async def test_the_first_success_ends_it():
    clock = ManualClock()
    assert await run([failure()], Pace(clock, Longest(), clock.monotonic() + 45)) == 1


async def test_the_last_failure_is_raised_after_three_attempts_in_all():
    clock = ManualClock()
    third = failure()
    with pytest.raises(Failure) as caught:
        await run([failure(), failure(), third], Pace(clock, Longest(), clock.monotonic() + 45))
    assert caught.value is third


async def test_a_failure_that_must_not_be_repeated_ends_it():
    clock = ManualClock()
    with pytest.raises(Failure):
        await run([failure(), failure(may_repeat=False)], Pace(clock, Longest(), clock.monotonic() + 45))
    assert clock.slept == [0.5]


async def test_a_demanded_wait_goes_before_our_own():
    clock = ManualClock()
    await run([failure(3.0), failure(12.5)], Pace(clock, Longest(), clock.monotonic() + 45))
    assert clock.slept == [3.0, 12.5]


@given(st.integers(), st.floats(0, 30))
def test_own_waits_stay_within_their_bounds_and_the_deadline(seed, within_s):
    async def play() -> None:
        clock = ManualClock()
        latest = clock.monotonic() + within_s
        with suppress(Failure):
            await run([failure(), failure()], Pace(clock, Random(seed), latest))  # noqa: S311 - reproducible
        assert all(0 <= wait <= bound for wait, bound in zip(clock.slept, [0.5, 1.0], strict=False))
        assert clock.monotonic() <= latest

    asyncio.run(play())


async def test_waits_differ_from_call_to_call():
    waits = set()
    for seed in range(20):
        clock = ManualClock()
        await run([failure()], Pace(clock, Random(seed), clock.monotonic() + 45))  # noqa: S311 - reproducible
        waits.update(clock.slept)
    assert len(waits) == 20


async def test_other_exceptions_pass_at_once():
    clock = ManualClock()

    async def attempt() -> Answer:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await repeat(attempt, failure(), Pace(clock, Longest(), clock.monotonic() + 45))
    assert len(clock.slept) == 1
