"""The one retry policy: what may be sent again, how long to wait before, and when to stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from wirepost.upstream import faults
from wirepost.upstream.ask import Answer, Failure

if TYPE_CHECKING:
    from random import Random

    from tenacity import RetryCallState

    from wirepost.core.clock import Clock
    from wirepost.core.errors import CallError

MAX_ATTEMPTS = 3
BASE_S = 0.5
CAP_S = 8.0
TRANSIENT = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses after which another attempt makes sense, unless the provider says otherwise."""
_MAX_DIGITS = 9


def retry_after_s(value: str | None, now: datetime) -> float | None:
    """`Retry-After` in seconds: an integer or an HTTP date (RFC 9110, 10.2.3); `None` for anything else."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) <= _MAX_DIGITS else None
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def is_transient(answer: Answer, error: CallError) -> bool:
    """Whether another attempt makes sense: by the status, or by the meaning where that speaks of success."""
    if answer.is_success:
        return error.code == "rate_limited" or faults.is_failing(error)
    return answer.status in TRANSIENT


@dataclass(frozen=True)
class Pace:
    """What the waits of one request depend on: time, chance, and when the last attempt may start."""

    clock: Clock
    rng: Random
    latest: float

    def wait(self, state: RetryCallState) -> float:
        """What the provider demands; else full jitter: anything from nothing to a doubling bound."""
        failure = _failure(state)
        if failure is not None and failure.demanded_wait_s is not None:
            return failure.demanded_wait_s
        return self.rng.uniform(0.0, min(CAP_S, BASE_S * 2 ** (state.attempt_number - 1)))

    def stop(self, state: RetryCallState) -> bool:
        """After the last attempt, or when the next one would start too late."""
        is_last = state.attempt_number >= MAX_ATTEMPTS
        return is_last or self.clock.monotonic() + state.upcoming_sleep > self.latest


async def repeat(attempt: Callable[[], Awaitable[Answer]], failed: Failure, pace: Pace) -> Answer:
    """Go on after a first attempt that `failed`; raises the last `Failure` when no attempt is left.

    The first attempt happens outside because nearly all succeed and need none of this.
    """
    from tenacity import AsyncRetrying, retry_if_exception

    first: list[Failure] = [failed]

    async def next_attempt() -> Answer:
        if first:
            raise first.pop()
        return await attempt()

    retrying = AsyncRetrying(
        sleep=pace.clock.sleep,
        wait=pace.wait,
        stop=pace.stop,
        retry=retry_if_exception(lambda error: isinstance(error, Failure) and error.may_repeat),
        reraise=True,
    )
    answer: Answer = await retrying(next_attempt)
    return answer


def _failure(state: RetryCallState) -> Failure | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, Failure) else None
