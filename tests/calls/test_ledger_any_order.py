"""Any order of claims, answers and deaths: a lost attempt is only ever repeated under its own key."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from wirepost.calls.ledger import Entry, Identity, Ledger
from wirepost.calls.owner import Owner
from wirepost.core.signing import Signer
from wirepost.store.database import Database

NAMED = Identity("anna", "stripe-live", "stripe_create_refund", "hash-1", "refund-4711", looks_back=True)


def ledger_of(database: Database, clock: ManualClock, owner: str = "this process") -> Ledger:
    return Ledger(database, clock, Signer(b"secret"), owner)


async def claim(ledger: Ledger, identity: Identity = NAMED, **options: Any) -> Entry:
    entry, is_ours = await ledger.claim(identity, **{"nonce": None, "reserve": None} | options)
    assert is_ours
    return entry


class Play:
    """Plays process and provider, and watches that the provider can never be made to pay twice."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self._database, self._clock = database, clock
        self._ledger = ledger_of(database, clock, "process 0")
        self._held: Entry | None = None
        self._open_keys: set[str] = set()
        """Keys that left and whose fate is not known."""
        self._number = 0

    async def step(self, event: str) -> None:
        self._clock.advance(1)
        self._number += 1
        if event == "die":
            self._ledger = ledger_of(self._database, self._clock, f"process {self._number}")
            self._held = None
            await Owner(self._database, self._clock, f"process {self._number}").settle_others()
        elif event == "claim":
            await self._claim()
        elif self._held is not None:
            await self._end(self._held, event)
        entry = await self._ledger.find(NAMED)
        assert entry is None or entry.is_in_progress == (self._held is not None)

    async def _claim(self) -> None:
        prior = await self._ledger.find(NAMED)
        if self._held is not None or (prior and prior.state == "applied"):
            _, is_ours = await self._ledger.claim(NAMED, nonce=None, reserve=None)
            assert not is_ours
            return
        self._held = await claim(self._ledger, again=prior)
        if self._open_keys:
            assert self._ledger.upstream_key(self._held) in self._open_keys

    async def _end(self, held: Entry, event: str) -> None:
        key = self._ledger.upstream_key(held)
        if event == "send":
            await self._ledger.mark_dispatched(held)
            self._open_keys.add(key)
            return
        if key not in self._open_keys:
            event = "not_applied"  # nothing left under this key, so nothing else can be said
        state: Any = event if event in {"applied", "not_applied"} else "unknown"
        await self._ledger.settle(held, state, last_status=500 if event == "error 500" else None)
        if event != "lost":
            # Also after a 500: the provider repeats it for the key, so only reading can tell what happened.
            self._open_keys.discard(key)
        self._held = None


events = st.sampled_from(["claim", "send", "applied", "not_applied", "lost", "error 500", "die"])


async def _play(steps: list[str], path: Path) -> None:
    clock = ManualClock()
    database = await Database.open(path, clock)
    try:
        play = Play(database, clock)
        for event in steps:
            await play.step(event)
    finally:
        await database.close()


@given(st.lists(events, max_size=25))
def test_a_lost_attempt_is_only_ever_repeated_under_its_own_key(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    asyncio.run(_play(steps, tmp_path_factory.mktemp("ledger") / "wirepost.db"))
