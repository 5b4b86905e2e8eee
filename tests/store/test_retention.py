"""Old settled actions go, in slices; open ones and the audit stay."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.database import Database, Tx
from wirepost.store.leases import Leases
from wirepost.store.retention import prune

DAY = 86_400.0
INTENT = (
    "INSERT INTO intents (id, caller, connection, tool, intent, arguments_hash, is_derived, state, attempt, "
    "owner, claimed_at, settled_at) VALUES (?, 'c', 's', 't', ?, 'h', 0, ?, 1, 'o', ?, ?)"
)


async def fill(database, clock, ages):
    """One action for each (name, state, age in days), with the money it moved and its confirmation."""
    now = clock.now().timestamp()

    async def work(tx: Tx) -> None:
        for name, state, age in ages:
            at = now - age * DAY
            settled_at = at if state in {"applied", "not_applied"} else None
            await tx.execute(INTENT, name, name, state, at, settled_at)
            await tx.execute("INSERT INTO spend VALUES (?, 's', '2026-11-25', 'eur', 100)", name)
            await tx.execute("INSERT INTO confirmations VALUES (?, ?, ?)", f"nonce of {name}", name, at)
            await tx.execute(
                "INSERT INTO audit (seq, at, record, prev_hash, hash) "
                "SELECT coalesce(max(seq), 0) + 1, '2020', ?, '', '' FROM audit",
                name,
            )

    await database.write(work)


async def names(database, sql):
    return sorted(row[0] for row in await database.read(sql))


async def test_only_settled_actions_older_than_the_given_age_go(database, clock):
    states = ("claimed", "dispatched", "unknown", "applied", "not_applied")
    await fill(database, clock, [(f"{state} {age}", state, age) for state in states for age in (89, 91)])
    assert await prune(database, clock, timedelta(days=90)) == 2
    kept = [f"{state} {age}" for state in states[:3] for age in (89, 91)] + ["applied 89", "not_applied 89"]
    kept.sort()
    assert await names(database, "SELECT id FROM intents") == kept
    assert await names(database, "SELECT intent_id FROM spend") == kept
    assert await database.read("SELECT count(*) FROM confirmations") == [(5,)]
    assert await database.read("SELECT count(*) FROM audit") == [(10,)]


async def test_many_go_in_slices_with_room_for_others_between(database, clock):
    await fill(database, clock, [(f"{n}", "applied", 100) for n in range(1200)])
    assert await prune(database, clock, timedelta(days=90)) == 1200
    assert clock.slept == [0.05] * 4  # after each full slice of 500, confirmations and actions
    assert await database.read("SELECT count(*) FROM spend") == [(0,)]
    assert await prune(database, clock, timedelta(days=90)) == 0


async def test_one_process_at_a_time_deletes(database, other, clock):
    await fill(database, clock, [("old", "applied", 100)])
    async with Leases(other, clock).hold("prune", ttl_s=60, wait_s=0):
        assert await prune(database, clock, timedelta(days=90)) == 0
    assert await prune(database, clock, timedelta(days=90)) == 1


async def test_a_store_that_refuses_is_not_taken_for_another_process(other, clock):
    await other.close()
    with pytest.raises(Unavailable, match="shutting down"):
        await prune(other, clock, timedelta(days=90))


async def test_traces_of_processes_that_died_go_after_a_day(database, clock):
    async def work(tx: Tx) -> None:
        for name, age in (("today", 80_000), ("yesterday", 90_000)):
            await tx.execute("INSERT INTO leases VALUES (?, 'h', unixepoch('subsec') - ?)", name, age)
            await tx.execute("INSERT INTO commits VALUES (?, 1, unixepoch('subsec') - ?)", name, age)

    await database.write(work)
    await prune(database, clock, timedelta(days=90))
    assert await names(database, "SELECT name FROM leases") == ["today"]
    assert "yesterday" not in await names(database, "SELECT writer FROM commits")
    assert "today" in await names(database, "SELECT writer FROM commits")


async def test_actions_that_still_count_for_today_cannot_be_deleted(database, clock):
    with pytest.raises(ConfigError, match="1 day, 23:00:00 is too short to keep settled actions"):
        await prune(database, clock, timedelta(hours=47))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM intents WHERE state IN ('applied', 'not_applied') AND settled_at < 1 LIMIT 500",
        "SELECT id FROM intents WHERE state IN ('claimed', 'dispatched', 'unknown')",
        "SELECT id FROM intents WHERE caller = '' AND connection = '' AND tool = '' AND intent = ''",
        "SELECT id FROM intents WHERE caller = '' AND connection = '' AND tool = '' AND arguments_hash = ''",
        "SELECT nonce FROM confirmations WHERE used_at < 1 LIMIT 500",
        "SELECT minor FROM spend WHERE connection = '' AND day = '' AND currency = ''",
        "SELECT record FROM audit WHERE seq > 1 ORDER BY seq LIMIT 200",
        "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1",
    ],
)
async def test_what_is_asked_for_has_an_index(path, clock, sql):
    database = await Database.open(path, clock)
    plan = " ".join(row[3] for row in await database.read(f"EXPLAIN QUERY PLAN {sql}"))
    await database.close()
    assert plan.startswith("SEARCH") or "ORDER BY seq DESC" in sql
    assert "TEMP B-TREE" not in plan
