"""`Acknowledgements`: a reader says what it is done with, and what it wants to see again later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.core.text import clean_line
from wirepost.store.tx import placeholders

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.events.deliveries import Deliveries
    from wirepost.store.database import Database, Tx

MOST = 200
"""Events that can be named at once."""
LONGEST_NOTE = 300

_KNOWN = (
    "SELECT DISTINCT events.id, events.seq FROM events JOIN deliveries ON deliveries.seq = events.seq "
    "WHERE events.id IN ({marks}) AND deliveries.subscription = ? AND deliveries.sink = 'pull' LIMIT ?"
)
_ACK = (
    "UPDATE deliveries SET state = 'done', ended_at = ?, reason = ?, holder = NULL WHERE subscription = ? "
    "AND sink IN ('pull', 'channel') AND state IN ('pending', 'offered', 'dead') AND seq IN ({marks})"
)
_ACK_UP_TO = (
    "UPDATE deliveries SET state = 'done', ended_at = ?, reason = ?, holder = NULL WHERE subscription = ? "
    "AND sink IN ('pull', 'channel') AND state IN ('pending', 'offered') AND seq <= ? AND (seq, copy) IN "
    "(SELECT seq, copy FROM deliveries WHERE subscription = ? AND sink = 'pull' "
    "AND state IN ('pending', 'offered') AND state = 'offered' AND seq <= ? AND holder = ?) RETURNING seq"
)
"""The states stand in it as the index has them."""
_NACK = (
    "UPDATE deliveries SET state = 'pending', due_at = ?, reason = ?, holder = NULL WHERE subscription = ? "
    "AND sink IN ('pull', 'channel') AND state IN ('pending', 'offered') AND seq IN ({marks}) "
    "RETURNING sink, seq"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the events that were named."""

    known: list[str]
    """Ids that the subscription was given; saying it twice changes nothing."""
    unknown: list[str]


class Acknowledgements:
    """What readers of one database say."""

    def __init__(self, database: Database, deliveries: Deliveries, clock: Clock) -> None:
        self._database, self._deliveries, self._clock = database, deliveries, clock

    async def ack(self, subscription: str, ids: Sequence[str], note: str | None = None) -> Answer:
        """These are done with, also those that were given up meanwhile."""
        now, told = self._now, _told(note)

        async def work(tx: Tx) -> Answer:
            known = await _known(tx, subscription, ids)
            if known:
                await tx.execute(
                    _ACK.format(marks=placeholders(known)), now, told, subscription, *known.values()
                )
            return _answer(ids, known)

        return self._wake(subscription, await self._database.write(work))

    async def ack_up_to(self, subscription: str, seq: int, holder: str, note: str | None = None) -> int:
        """All up to this one that `holder` has are done with; returns how many were not before.

        What others have, and what was refused and comes again later, is not meant by it.
        """
        now, told = self._now, _told(note)
        params = (now, told, subscription, seq, subscription, seq, holder)
        rows = await self._database.write(lambda tx: tx.execute(_ACK_UP_TO, *params))
        self._deliveries.told([(subscription, "pull")])
        return len({seq for (seq,) in rows})

    async def nack(
        self, subscription: str, ids: Sequence[str], delay_s: float, reason: str | None = None
    ) -> Answer:
        """These come again after `delay_s` seconds, unless they came as often as they may."""
        due, told = self._now + delay_s, _told(reason)

        async def work(tx: Tx) -> Answer:
            known = await _known(tx, subscription, ids)
            changed: set[int] = set()
            if known:
                sql = _NACK.format(marks=placeholders(known))
                rows = await tx.execute(sql, due, told, subscription, *known.values())
                changed = {seq for sink, seq in rows if sink == "pull"}
            return _answer(ids, {each: seq for each, seq in known.items() if seq in changed})

        return self._wake(subscription, await self._database.write(work))

    def _wake(self, subscription: str, answer: Answer) -> Answer:
        """There is room for the next, or something is due at another time."""
        self._deliveries.told([(subscription, "pull")])
        return answer

    @property
    def _now(self) -> float:
        return self._clock.now().timestamp()


async def _known(tx: Tx, subscription: str, ids: Sequence[str]) -> dict[str, int]:
    asked = tuple(dict.fromkeys(ids))[:MOST]
    if not asked:
        return {}
    return dict(await tx.execute(_KNOWN.format(marks=placeholders(asked)), *asked, subscription, len(asked)))


def _answer(ids: Sequence[str], known: dict[str, int]) -> Answer:
    asked = list(dict.fromkeys(ids))
    return Answer([each for each in asked if each in known], [each for each in asked if each not in known])


def _told(note: str | None) -> str | None:
    return clean_line(note, LONGEST_NOTE) if note else None
