"""`Silence`: notices that a source which is usually busy has fallen silent."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from wirepost.core.times import from_epoch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.core.clock import Clock
    from wirepost.events.own import OwnEvents
    from wirepost.store.database import Database

LOOKED_AT = 500
"""Events from whose distances follows what is usual."""
ENOUGH = 50
"""Fewer events say nothing about what is usual."""
AT_LEAST_S = 3600.0
TIMES_LONGEST = 2.0
"""Nights and weekends are among the distances, so twice the longest one is unusual."""

_ARRIVALS = (
    "SELECT received_at, seq FROM events WHERE source = ? AND endpoint <> '' AND seq > 0 "
    "ORDER BY seq DESC LIMIT ?"
)


@dataclass(frozen=True)
class Quiet:
    """How long it has been, against what is usual; both in seconds."""

    since: float
    last_seq: int
    for_s: float
    usual_s: float

    @property
    def is_unusual(self) -> bool:
        """Whether an operator should know."""
        return self.for_s > max(AT_LEAST_S, TIMES_LONGEST * self.usual_s)


def quiet_of(arrivals: Sequence[tuple[float, int]], now: float) -> Quiet | None:
    """How a source stands by its last arrivals (time and position, newest first); `None`: too few to say."""
    if len(arrivals) < ENOUGH:
        return None
    times = [at for at, _ in arrivals]
    longest = max(later - earlier for later, earlier in pairwise(times))
    return Quiet(times[0], arrivals[0][1], now - times[0], longest)


class Silence:
    """Looks at sources that send webhooks."""

    def __init__(self, database: Database, own: OwnEvents, clock: Clock) -> None:
        self._database, self._own, self._clock = database, own, clock

    async def quiet(self, source: str) -> Quiet | None:
        """How it stands; raises `Unavailable`."""
        rows = await self._database.read(_ARRIVALS, source, LOOKED_AT)
        return quiet_of([(at, seq) for at, seq in rows], self._clock.now().timestamp())

    async def look(self, source: str, environment: str) -> bool:
        """Say once for each silence that it is unusual; whether it was said now. Raises `Unavailable`."""
        found = await self.quiet(source)
        if found is None or not found.is_unusual:
            return False
        hours = found.for_s / 3600
        return await self._own.record(
            "source.silent",
            f"connection/{source}",
            f"{source} has sent nothing for {hours:.1f} h; usual are up to {found.usual_s / 3600:.1f} h",
            key=f"{source}:{found.last_seq}",
            environment=environment,
            data={
                "connection": source,
                "last_received_at": from_epoch(int(found.since)),
                "silent_s": round(found.for_s),
                "usual_s": round(found.usual_s),
            },
        )
