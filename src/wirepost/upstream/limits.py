"""How many requests a connection may make: a token bucket, two queues, a cap on what is in flight."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wirepost.core.errors import Unavailable

if TYPE_CHECKING:
    from wirepost.core.clock import Clock

INTERACTIVE_RUN = 9
"""So many interactive requests may pass before a waiting background request gets its turn."""
UNBOUNDED = 10_000
_SAME_WINDOW_S = 1.0
_ALMOST_ONE = 1.0 - 1e-9
"""A token that is short of one only by the rounding of floats."""


@dataclass(frozen=True)
class Quota:
    """A further limit on some requests of a connection, such as its searches."""

    requests_per_s: float
    burst: int


@dataclass(frozen=True)
class Limits:
    """What a provider allows one connection, and when to leave it in peace."""

    requests_per_s: float = 10.0
    burst: int = 10
    concurrency: int = 10
    queue: int = 200
    """Requests that may wait; more are refused at once."""
    failures_to_open: int = 8
    """Consecutive failures after which the circuit opens."""
    cool_down_s: float = 15.0
    """How long it stays open before one request tries again."""
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    """Further limits by name; a request that names one waits for both."""


@dataclass(frozen=True)
class LimitSeen:
    """What the provider's headers said: requests left in the current window, its end and its size."""

    remaining: float
    resets_in_s: float
    limit: float | None = None


class TokenBucket:
    """Lets at most `burst + rate × t` requests pass in any `t` seconds; `now` is in monotonic seconds."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate, self._burst = rate, float(max(burst, 1))
        self._tokens, self._at = self._burst, now
        self._paused_until = now
        self._left = math.inf
        self._left_until = now

    def take(self, now: float) -> bool:
        """Use one token if there is one."""
        if self.delay(now) > 0:
            return False
        self._tokens -= 1.0
        self._left -= 1.0
        return True

    def give_back(self) -> None:
        """Return a token that was taken but not used."""
        self._tokens = min(self._burst, self._tokens + 1.0)
        self._left += 1.0

    def delay(self, now: float, ahead: int = 0) -> float:
        """Seconds until a token is there for a request that lets `ahead` others pass first."""
        self._refill(now)
        needed = ahead + 1
        start = max(self._paused_until, self._left_until if self._left < _ALMOST_ONE + ahead else now)
        if self._tokens >= needed - 1 + _ALMOST_ONE:
            return max(0.0, start - now)
        return max(0.0, start - now, (needed - self._tokens) / self._rate)

    def pause(self, now: float, seconds: float) -> None:
        """Let nothing pass for so long."""
        self._paused_until = max(self._paused_until, now + seconds)

    def drain(self, now: float) -> None:
        """The provider says that it was too much: start from an empty bucket."""
        self._refill(now)
        self._tokens = min(self._tokens, 0.0)

    def correct(self, now: float, seen: LimitSeen, in_flight: int) -> None:
        """Believe the provider where it allows less than we thought; others may share the quota."""
        self._refill(now)
        if seen.limit is not None:
            self._burst = max(1.0, min(self._burst, seen.limit))
        left = seen.remaining - in_flight
        until = now + seen.resets_in_s
        if abs(until - self._left_until) <= _SAME_WINDOW_S:
            # Answers overtake each other; within one window the lowest number is the newest.
            left = min(left, self._left)
        self._left, self._left_until = left, until
        self._tokens = min(self._tokens, max(left, 0.0), self._burst)

    def _refill(self, now: float) -> None:
        if now >= self._left_until:
            self._left = math.inf
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now


@dataclass(eq=False)
class _Waiter:
    turn: asyncio.Future[bool]
    latest: float
    interactive: bool


class Limiter:
    """Lets requests of one connection pass in turn: interactive ones first, background ones not never."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits, self._clock = limits, clock
        self._bucket = TokenBucket(limits.requests_per_s, limits.burst, clock.monotonic())
        self._interactive: deque[_Waiter] = deque()
        self._background: deque[_Waiter] = deque()
        self._in_flight = 0
        self._background_in_flight = 0
        self._run = 0
        """Interactive requests in a row while background ones waited."""
        self._timer: asyncio.Task[None] | None = None
        self._quotas: dict[str, Limiter] = {}

    @property
    def waiting(self) -> int:
        """Requests in the queues."""
        return len(self._interactive) + len(self._background)

    @property
    def in_flight(self) -> int:
        """Requests that passed and have not left yet."""
        return self._in_flight

    def limiter_of(self, quota: str) -> Limiter:
        """The limiter of a further limit, which lets as many wait as this one and bounds nothing in flight.

        Raises `KeyError` for a name the limits do not have: a fault in a provider.
        """
        found = self._quotas.get(quota)
        if found is None:
            wanted = self._limits.quotas[quota]
            limits = replace(
                self._limits,
                requests_per_s=wanted.requests_per_s,
                burst=wanted.burst,
                concurrency=UNBOUNDED,
                quotas={},
            )
            found = self._quotas[quota] = Limiter(limits, self._clock)
        return found

    async def enter(self, *, interactive: bool, latest: float) -> None:
        """Wait for a turn; each `enter` that returns needs a `leave`.

        Raises `Unavailable` (`rate_limited`) at once when the turn would come after `latest`.
        """
        now = self._clock.monotonic()
        if not self.waiting and self._has_room(interactive=interactive) and self._bucket.take(now):
            self._start(interactive=interactive)
            return
        self._refuse_if_hopeless(now, interactive=interactive, latest=latest)
        waiter = _Waiter(asyncio.get_running_loop().create_future(), latest, interactive)
        (self._interactive if interactive else self._background).append(waiter)
        self._pump()
        is_granted = False
        try:
            # Waiting for somebody else's answer passes real time even where a test's clock stands still.
            async with asyncio.timeout(max(0.0, latest - now)):
                is_granted = await waiter.turn
        except TimeoutError:
            pass
        finally:
            if not is_granted:
                self._withdraw(waiter)
        if not is_granted:
            raise _too_many(max(0.0, self._bucket.delay(self._clock.monotonic(), self.waiting)))

    def leave(self, *, interactive: bool) -> None:
        """The request is over; the next one may pass."""
        self._in_flight -= 1
        self._background_in_flight -= not interactive
        if self.waiting:
            self._pump()

    def learn(self, seen: LimitSeen) -> None:
        """Correct the bucket by what an answer said; the request it belongs to is still in flight."""
        self._bucket.correct(self._clock.monotonic(), seen, max(0, self._in_flight - 1))

    def pause(self, seconds: float | None) -> None:
        """The provider refused for the rate: nothing passes for so long, or until the bucket fills again."""
        now = self._clock.monotonic()
        if seconds is None:
            self._bucket.drain(now)
        else:
            self._bucket.pause(now, seconds)

    def close(self) -> None:
        """Stop waiting for tokens."""
        for limiter in self._quotas.values():
            limiter.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse_if_hopeless(self, now: float, *, interactive: bool, latest: float) -> None:
        if self.waiting >= self._limits.queue:
            raise _too_many(self._bucket.delay(now, self.waiting))
        ahead = len(self._interactive)
        ahead += (
            min(len(self._background), ahead // INTERACTIVE_RUN) if interactive else len(self._background)
        )
        delay = self._bucket.delay(now, ahead)
        if now + delay > latest:
            raise _too_many(delay)

    def _has_room(self, *, interactive: bool) -> bool:
        """Background work never takes all places, so that nobody waits for ten slow exports."""
        places = self._limits.concurrency
        if self._in_flight >= places:
            return False
        return interactive or self._background_in_flight < max(1, places - 1)

    def _start(self, *, interactive: bool) -> None:
        self._in_flight += 1
        self._background_in_flight += not interactive

    def _pump(self) -> None:
        """Let pass who may pass now, and come back when the next token is there."""
        now = self._clock.monotonic()
        while (queue := self._next_queue()) is not None:
            if queue[0].turn.done():
                queue.popleft()
                continue
            if queue[0].latest < now:
                queue.popleft().turn.set_result(False)
                continue
            if not self._bucket.take(now):
                self._start_timer()
                return
            waiter = queue.popleft()
            self._run = self._run + 1 if waiter.interactive and self._background else 0
            self._start(interactive=waiter.interactive)
            waiter.turn.set_result(True)

    def _next_queue(self) -> deque[_Waiter] | None:
        background_may = bool(self._background) and self._has_room(interactive=False)
        if background_may and (not self._interactive or self._run >= INTERACTIVE_RUN):
            return self._background
        if self._interactive and self._has_room(interactive=True):
            return self._interactive
        return None

    def _withdraw(self, waiter: _Waiter) -> None:
        """A waiter gives up; a turn it was given in the same moment goes to the next."""
        for queue in (self._interactive, self._background):
            if waiter in queue:
                queue.remove(waiter)
        if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.result():
            self._bucket.give_back()
            self.leave(interactive=waiter.interactive)
        if not self.waiting:
            self.close()

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = asyncio.create_task(self._wait_for_token(), name="wirepost-limiter")

    async def _wait_for_token(self) -> None:
        while self._next_queue() is not None:
            await self._clock.sleep(self._bucket.delay(self._clock.monotonic()))
            self._pump()
        self._timer = None


def _too_many(wait_s: float) -> Unavailable:
    return Unavailable(
        "rate_limited",
        "The rate limit of this connection leaves no room before the deadline; nothing was sent",
        hint="Try again later, or do less at once",
        retry_after_s=max(0.1, math.ceil(wait_s * 10) / 10),
    )
