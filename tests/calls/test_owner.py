"""Processes that share a database: who lives is left alone, and what the dead left open is settled."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from wirepost.calls.ledger import Entry, Identity, Ledger
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.owner import Owner
from wirepost.core.errors import Unavailable
from wirepost.core.signing import Signer
from wirepost.store.database import Database

NAMED = Identity("anna", "stripe-live", "stripe_create_refund", "hash-1", "refund-4711", looks_back=True)
PROOFS = "SELECT holder FROM leases WHERE name LIKE 'owner %'"


def ledger_of(database: Database, clock: ManualClock, owner: Owner) -> Ledger:
    return Ledger(database, clock, Signer(b"secret"), owner.id)


async def claimed(ledger: Ledger, intent: str) -> Entry:
    identity = Identity(**{**vars(NAMED), "intent": intent})
    entry, is_ours = await ledger.claim(identity, nonce=None, reserve=None)
    assert is_ours
    return entry


async def states(database: Database) -> dict[str, str]:
    return dict(await database.read("SELECT intent, state FROM intents"))


async def let_all_die(database: Database) -> None:
    """As if nobody had proved its life for long."""
    await database.write(lambda tx: tx.execute("UPDATE leases SET until_at = until_at - 1000"))


async def test_what_the_dead_left_is_settled_at_the_start(database, clock, caplog):
    ledger = ledger_of(database, clock, Owner(database, clock))
    await claimed(ledger, "never sent")
    await ledger.mark_dispatched(await claimed(ledger, "sent"))
    async with Owner(database, clock).present():
        assert await states(database) == {"never sent": "not_applied", "sent": "unknown"}
    assert "1 writes of the last run have an unknown outcome" in caplog.text


@pytest.mark.services("postgres")
class TestShared:
    """Only PostgreSQL has several owners at once."""

    @pytest.fixture
    def place(self, shared_place):
        return shared_place

    async def test_who_lives_is_left_alone_until_it_leaves(self, database, other, clock):
        living = Owner(database, clock)
        await living.prove()
        ledger = ledger_of(database, clock, living)
        entry = await claimed(ledger, "at work")
        assert await Owner(other, clock).settle_others() == 0
        assert await states(database) == {"at work": "claimed"}
        await ledger.mark_dispatched(entry)
        assert await Owner(other, clock).settle_others() == 0
        await let_all_die(database)
        assert await Owner(other, clock).settle_others() == 1
        assert await states(database) == {"at work": "unknown"}

    async def test_others_see_who_lives(self, database, other, clock):
        living, looking = Owner(database, clock), Owner(other, clock)
        await living.prove()
        assert await looking.is_alive(living.id)
        assert await looking.is_alive(looking.id)
        await let_all_die(database)
        assert not await looking.is_alive(living.id)

    async def test_who_was_taken_for_dead_sends_nothing_any_more(self, database, other, clock):
        slow = Owner(database, clock)
        await slow.prove()
        ledger = ledger_of(database, clock, slow)
        entry = await claimed(ledger, "slow")
        await let_all_die(database)
        await Owner(other, clock).prove()
        noting = OwnWrites(database, clock).noting("stripe-live", ["refund-4711"], "refund-4711")
        with pytest.raises(Unavailable, match="another one took over this action") as refused:
            await ledger.mark_dispatched(entry, noting)
        assert refused.value.retryable
        assert await database.read("SELECT count(*) FROM own_writes LIMIT 1") == [(0,)]
        assert await states(database) == {"slow": "not_applied"}

    async def test_who_comes_late_does_not_settle_what_another_has_claimed(self, database, other, clock):
        slow, next_one = Owner(database, clock), Owner(other, clock)
        ledger, theirs = ledger_of(database, clock, slow), ledger_of(other, clock, next_one)
        entry = await claimed(ledger, "refund-4711")
        await ledger.mark_dispatched(entry)
        await next_one.prove()
        clock.advance(1)
        again, is_ours = await theirs.claim(NAMED, nonce=None, reserve=None, again=await theirs.find(NAMED))
        assert is_ours
        await ledger.settle(entry, "not_applied")
        assert await states(database) == {"refund-4711": "claimed"}
        await theirs.settle(again, "applied", result={"id": "re_1"})
        assert await states(database) == {"refund-4711": "applied"}

    async def test_a_process_proves_its_life_as_long_as_it_is_there(self, database):
        clock = ManualClock(auto=False)
        owner = Owner(database, clock)
        async with owner.present():
            for _ in range(3):
                await clock.wait_for_sleepers()
                await let_all_die(database)
                clock.advance(5)
                await clock.wait_for_sleepers()
                alive = "SELECT holder FROM leases WHERE until_at > unixepoch('subsec')"
                async with asyncio.timeout(5):
                    while await database.read(alive) != [(owner.id,)]:
                        pass  # reading gives the proof its turn
        assert await database.read(PROOFS) == []

    async def test_a_store_that_is_away_ends_no_process(self, other, clock, caplog):
        slow_clock = ManualClock(auto=False)
        async with Owner(other, slow_clock).present():
            await slow_clock.wait_for_sleepers()
            await other.close()
            slow_clock.advance(5)
            async with asyncio.timeout(5):
                while "other servers may soon take this one for dead" not in caplog.text:
                    await clock.sleep(0)  # gives the proof its turn

    async def test_who_waits_for_another_process_looks_less_often_the_longer_it_takes(
        self, database, other, clock
    ):
        busy = Owner(database, clock)
        await busy.prove()
        entry = await claimed(ledger_of(database, clock, busy), "refund-4711")
        waiting = ledger_of(other, clock, Owner(other, clock))
        while clock.now().timestamp() - entry.claimed_at < 10:
            await waiting.wait(entry, clock.monotonic() + 45)
        assert clock.slept[0] == 0.005
        assert clock.slept == sorted(clock.slept)
        assert clock.slept[-1] == 0.25
