"""Named locks: one holder at a time, given back or over by themselves, and never taken from somebody else."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from wirepost.core.errors import Unavailable
from wirepost.store.database import Database
from wirepost.store.leases import Leases

PATIENT_S = 1e9
"""Virtual seconds: whoever waits here waits until it is its turn."""


async def let_time_pass(database: Database) -> None:
    """Every lease is over, as if its seconds had passed."""
    await database.write(lambda tx: tx.execute("UPDATE leases SET until_at = until_at - 1000000"))


async def test_only_one_is_inside_at_a_time_whatever_connection_it_comes_through(database, other, clock):
    inside, most, order = 0, 0, []

    async def enter(leases: Leases, number: int) -> None:
        nonlocal inside, most
        async with leases.hold("account", ttl_s=60, wait_s=PATIENT_S):
            inside += 1
            most = max(most, inside)
            await clock.sleep(0)
            order.append(number)
            inside -= 1

    both = Leases(database, clock), Leases(other, clock)
    async with asyncio.timeout(30):
        await asyncio.gather(*(enter(both[n % 2], n) for n in range(20)))
    assert most == 1
    assert sorted(order) == list(range(20))
    assert await database.read("SELECT name FROM leases") == []


async def test_different_names_do_not_wait_for_each_other(database, clock):
    leases = Leases(database, clock)
    async with leases.hold("one", ttl_s=60, wait_s=0) as one, leases.hold("two", ttl_s=60, wait_s=0) as two:
        assert await one.is_held()
        assert await two.is_held()
    assert not await one.is_held()
    assert clock.slept == []


async def test_who_waits_in_vain_is_told_after_the_time_it_was_ready_to_wait(database, other, clock):
    async with Leases(database, clock).hold("account", ttl_s=60, wait_s=0) as lease:
        with pytest.raises(Unavailable, match="busy with 'account' for 2 s") as refused:
            async with Leases(other, clock).hold("account", ttl_s=60, wait_s=2):
                raise AssertionError
        assert await lease.is_held()
    assert refused.value.retryable
    assert all(0.01 <= pause <= 0.05 for pause in clock.slept)
    assert 2 <= sum(clock.slept) < 2.05
    assert len(set(clock.slept)) > 10  # those who wait together do not come back together


async def test_a_lease_that_is_over_passes_to_the_next_and_is_not_given_back_for_it(database, other, clock):
    async with AsyncExitStack() as late:
        first = await late.enter_async_context(Leases(database, clock).hold("account", ttl_s=60, wait_s=0))
        await let_time_pass(database)
        assert not await first.is_held()
        async with Leases(other, clock).hold("account", ttl_s=60, wait_s=0) as second:
            assert not await first.is_held()
            assert not await first.renew(60)
            await late.aclose()
            assert await second.is_held()


async def test_a_lease_can_be_renewed_as_long_as_nobody_else_has_it(database, clock):
    async with Leases(database, clock).hold("account", ttl_s=60, wait_s=0) as lease:
        await let_time_pass(database)
        assert await lease.renew(60)
        assert await lease.is_held()


async def test_time_is_the_database_s_and_not_ours(database, clock):
    async with Leases(database, clock).hold("account", ttl_s=60, wait_s=0) as lease:
        clock.advance(1e6)
        assert await lease.is_held()
        ((left,),) = await database.read("SELECT until_at - unixepoch('subsec') FROM leases")
        assert 0 < left <= 60


async def test_what_fails_inside_fails_as_it_is_and_leaves_the_lock_free(database, clock):
    with pytest.raises(ZeroDivisionError):
        async with Leases(database, clock).hold("account", ttl_s=60, wait_s=0):
            raise ZeroDivisionError
    assert await database.read("SELECT name FROM leases") == []


async def test_a_cancelled_holder_and_a_cancelled_waiter_leave_nothing_behind(database, clock):
    leases, is_inside = Leases(database, clock), asyncio.Event()

    async def stay() -> None:
        async with leases.hold("account", ttl_s=60, wait_s=PATIENT_S):
            is_inside.set()
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(stay()) for _ in range(3)]
    await is_inside.wait()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert await database.read("SELECT name FROM leases") == []


async def test_what_was_done_stays_done_when_the_lock_cannot_be_given_back(other, clock, caplog):
    async with Leases(other, clock).hold("account", ttl_s=60, wait_s=0):
        await other.close()
    assert "lease account could not be given back; it ends by itself" in caplog.messages
