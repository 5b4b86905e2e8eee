"""The ledger on a full disk: nothing is claimed, nothing is lost, nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.disk import fill_disk, free_disk
from wirepost.calls.ledger import Entry, Identity, Ledger
from wirepost.core.errors import Unavailable
from wirepost.core.signing import Signer
from wirepost.store.database import Database

NAMED = Identity("anna", "stripe-live", "stripe_create_refund", "hash-1", "refund-4711", looks_back=True)


@pytest.fixture
async def database(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Database]:
    opened = await Database.open(tmp_path / "wirepost.db", clock)
    yield opened
    await opened.close()


def ledger_of(database: Database, clock: ManualClock, owner: str = "this process") -> Ledger:
    return Ledger(database, clock, Signer(b"secret"), owner)


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Ledger:
    return ledger_of(database, clock)


async def claim(ledger: Ledger, identity: Identity = NAMED, **options: Any) -> Entry:
    entry, is_ours = await ledger.claim(identity, **{"nonce": None, "reserve": None} | options)
    assert is_ours
    return entry


async def found(ledger: Ledger, identity: Identity = NAMED) -> Entry:
    entry = await ledger.find(identity)
    assert entry is not None
    return entry


@pytest.mark.parametrize("state", ["applied", "not_applied", "unknown"])
async def test_what_could_not_be_settled_is_unknown_and_keeps_nobody_waiting(
    database: Database, clock: ManualClock, ledger: Ledger, state: Any
) -> None:
    entry = await claim(ledger)
    await ledger.mark_dispatched(entry)
    waiting = asyncio.create_task(ledger.wait(entry, clock.monotonic() + 45))
    await asyncio.sleep(0)  # noqa: TID251 - lets the waiter start
    await fill_disk(database, "intents")
    with pytest.raises(Unavailable):
        await ledger.settle(entry, state)
    async with asyncio.timeout(5):
        await waiting
    await free_disk(database)

    clock.advance(1)
    left = await found(ledger)
    assert left.state == "unknown"
    second = await claim(ledger, again=left)
    assert ledger.upstream_key(second) == ledger.upstream_key(entry)
    assert (await found(ledger)).state == "claimed"
    await ledger.settle(second, "applied", result={})
    assert (await found(ledger)).state == "applied"


async def test_a_claim_the_store_refuses_claims_nothing(database: Database, ledger: Ledger) -> None:
    await fill_disk(database, "intents")
    with pytest.raises(Unavailable) as refused:
        await ledger.claim(NAMED, nonce="cnf_1", reserve=None)
    assert refused.value.code == "server_unavailable"
    await free_disk(database)
    await claim(ledger, nonce="cnf_1")
