"""`Wakes`: how often something is pushed and how often something is started, counted for all processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Delivery
    from wirepost.store.database import Database, Tx

PERIODS_S = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
DAY_S = PERIODS_S["d"]

# Reasons: 'rate' came too quickly and waits, 'counted' was told as a part of a number.
_TAKE = (
    "INSERT INTO wakes (name, started_at, used) VALUES (?, ?, 1) ON CONFLICT (name) DO UPDATE SET "
    "used = CASE WHEN wakes.started_at <= ? THEN 1 ELSE wakes.used + 1 END, "
    "started_at = CASE WHEN wakes.started_at <= ? THEN excluded.started_at ELSE wakes.started_at END "
    "WHERE wakes.started_at <= ? OR wakes.used < ? RETURNING used"
)
_STARTED = "SELECT started_at FROM wakes WHERE name = ? LIMIT 1"
_USED_UP = "SELECT started_at FROM wakes WHERE name = ? AND started_at > ? AND used >= ? LIMIT 1"
_PUT_BACK = (
    "UPDATE deliveries SET state = 'pending', attempt = attempt - 1, due_at = ?, reason = ?, "
    "holder = NULL WHERE subscription = ? AND sink = ? AND seq = ? AND copy = ? AND state = 'offered' "
    "AND holder = ? AND attempt = ?"
)
_DELAY = (
    "UPDATE deliveries SET due_at = ?, reason = 'rate' WHERE subscription = ? AND sink = ? "
    "AND state IN ('pending', 'offered') AND state = 'pending' AND attempt = 0 AND due_at < ?"
)
_HOLD = (
    "UPDATE deliveries SET due_at = ? WHERE subscription = ? AND sink = ? "
    "AND state IN ('pending', 'offered') AND state = 'pending' AND due_at < ?"
)
_COUNT = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ?, reason = 'counted' WHERE subscription = ? "
    "AND sink = ? AND state IN ('pending', 'offered') AND state = 'pending' AND attempt = 0 "
    "AND reason = 'rate' RETURNING seq"
)
_FORGET = "DELETE FROM wakes WHERE started_at < ?"


@dataclass(frozen=True)
class Allowance:
    """So many times in a period, which begins with the first."""

    name: str
    most: int
    period_s: float
    reason: str = "rate"
    """Why something waits for it."""


@dataclass(frozen=True)
class Admitted:
    """It may be pushed, now."""

    waiting: int = 0
    """Others that are told with it as a number."""


@dataclass(frozen=True)
class Delayed:
    """It was put back."""

    until: float


@dataclass(frozen=True)
class Stopped:
    """Nothing came of it, and nothing will."""


class Wakes:
    """The counts of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def admit(
        self,
        delivery: Delivery,
        holder: str,
        allowances: Sequence[Allowance],
        *,
        final: Allowance | None = None,
        counts: bool = False,
    ) -> Admitted | Delayed | Stopped:
        """Use one of each allowance, or put the delivery back, with all like it, until all have one left.

        The attempt does not count then. Where nothing is left of the `final` one, it alone is put back. With
        `counts`, whoever is admitted stands for those that wait since they were put back, and what finds
        nothing left of the `final` one is stopped.
        """
        now = self._clock.now().timestamp()
        place = (delivery.subscription, delivery.sink)

        async def put_back(tx: Tx, allowance: Allowance, until: float) -> Delayed:
            await tx.execute(_PUT_BACK, until, allowance.reason, *delivery.key, holder, delivery.attempt)
            return Delayed(until)

        async def work(tx: Tx) -> Admitted | Delayed | Stopped:
            # Looked at first: what waits for its run must not use up the rate of the others.
            if final is not None and not counts:
                until = await _used_up(tx, final, now)
                if until is not None:
                    return await put_back(tx, final, until)
            for allowance in allowances:
                until = await _taken(tx, allowance, now)
                if until is not None:
                    await tx.execute(_DELAY, until, *place, until)
                    return await put_back(tx, allowance, until)
            if final is not None:
                until = await _taken(tx, final, now)
                if until is not None:
                    return Stopped() if counts else await put_back(tx, final, until)
            return Admitted(len(await tx.execute(_COUNT, now, *place)) if counts else 0)

        return await self._database.write(work)

    async def hold(self, delivery: Delivery, until: float) -> None:
        """Let those for the same place wait: whoever does not answer must not take up what others need."""
        place = (delivery.subscription, delivery.sink)
        await self._database.write(lambda tx: tx.execute(_HOLD, until, *place, until))

    async def prune(self) -> None:
        """Forget what began longer ago than any period lasts."""
        before = self._clock.now().timestamp() - DAY_S
        await self._database.write(lambda tx: tx.execute(_FORGET, before))


def rate_of(name: str, rate: str) -> Allowance:
    """The allowance that `6/min` describes."""
    most, _, unit = rate.partition("/")
    return Allowance(name, int(most), PERIODS_S[unit])


async def _used_up(tx: Tx, allowance: Allowance, now: float) -> float | None:
    """Where there is none left, when the next period begins; uses nothing."""
    rows = await tx.execute(_USED_UP, allowance.name, now - allowance.period_s, allowance.most)
    return float(rows[0][0]) + allowance.period_s if rows else None


async def _taken(tx: Tx, allowance: Allowance, now: float) -> float | None:
    """Use one; when there is none left, when the next period begins."""
    over = now - allowance.period_s
    if await tx.execute(_TAKE, allowance.name, now, over, over, over, allowance.most):
        return None
    ((started_at,),) = await tx.execute(_STARTED, allowance.name)
    return float(started_at) + allowance.period_s
