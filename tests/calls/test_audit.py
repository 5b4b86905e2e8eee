"""The audit log: every record once, in order, and no change to any of them goes unnoticed."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from typing import Any

import pytest

from support.disk import fill_disk, free_disk
from wirepost.calls.audit import Audit, records, verify
from wirepost.core.errors import Unavailable
from wirepost.store.database import Database, Tx

AT = "2026-11-25T10:00:00Z"
COLUMNS = "seq, at, record, prev_hash, hash"
COPY = "SELECT 7, at, record, prev_hash, hash FROM audit WHERE seq = 3"
START_OF_CHAIN = "0" * 64


@pytest.fixture
def audit(database: Database) -> Audit:
    return Audit(database)


async def write_down(audit: Audit, *names: str) -> None:
    for name in names:
        await audit.record(AT, {"at": AT, "tool": name})


async def rows(database: Database) -> list[tuple[int, str, str, str, str]]:
    return [row async for row in records(database)]


async def names(database: Database) -> list[str]:
    return [json.loads(row[2])["tool"] for row in await rows(database)]


async def change(database: Database, sql: str, *params: Any) -> None:
    async def work(tx: Tx) -> None:
        await tx.execute(sql, *params)

    await database.write(work)


async def test_an_empty_log_is_whole(database: Database) -> None:
    verdict = await verify(database)
    assert verdict.is_whole
    assert (verdict.records, verdict.head) == (0, START_OF_CHAIN)
    assert (await verify(database, expected_head=START_OF_CHAIN)).is_whole


async def test_records_are_chained_as_documented(database: Database, audit: Audit) -> None:
    """Recomputed here as the documents say: SHA-256 over the hash before and the record."""
    await write_down(audit, "a", "b", "c")
    previous = START_OF_CHAIN
    for number, (seq, at, record, prev_hash, current) in enumerate(await rows(database), 1):
        assert (seq, at, prev_hash) == (number, AT, previous)
        assert current == hashlib.sha256((previous + record).encode()).hexdigest()
        previous = current
    verdict = await verify(database)
    assert (verdict.is_whole, verdict.records, verdict.head) == (True, 3, previous)


async def test_records_are_kept_as_canonical_json(database: Database, audit: Audit) -> None:
    await audit.record(AT, {"tool": "ä", "at": AT, "arguments": {"b": 1, "a": [None]}})
    ((_, _, record, _, _),) = await rows(database)
    assert record == '{"arguments":{"a":[null],"b":1},"at":"2026-11-25T10:00:00Z","tool":"ä"}'


async def test_a_long_log_is_walked_to_its_end(database: Database, audit: Audit) -> None:
    await asyncio.gather(*(write_down(audit, f"t{number}") for number in range(450)))
    verdict = await verify(database)
    assert (verdict.is_whole, verdict.records) == (True, 450)
    assert sorted(await names(database)) == sorted(f"t{number}" for number in range(450))


@pytest.mark.parametrize("count", [199, 200, 201, 400])
async def test_no_record_is_read_twice_or_skipped(database: Database, audit: Audit, count: int) -> None:
    await asyncio.gather(*(write_down(audit, "t") for _ in range(count)))
    assert [row[0] for row in await rows(database)] == list(range(1, count + 1))
    assert [row[0] async for row in records(database, after=count - 2)] == [count - 1, count]


async def test_records_made_at_once_form_one_chain(database: Database) -> None:
    first, second = Audit(database), Audit(database)
    await asyncio.gather(*(write_down(each, "x") for each in (first, second) * 50))
    assert (await verify(database)).is_whole


# --- tampering ---


@pytest.mark.parametrize(
    ("sql", "broken_at", "problem"),
    [
        ("UPDATE audit SET record = replace(record, 't3', 'tX') WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET record = record || ' ' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET record = '' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET hash = lower(hash) || '0' WHERE seq = 3", 3, "was changed"),
        ("UPDATE audit SET at = '2020-01-01T00:00:00Z' WHERE seq = 3", 3, "another time"),
        ("UPDATE audit SET prev_hash = hash WHERE seq = 3", 3, "does not follow"),
        ("DELETE FROM audit WHERE seq = 3", 4, "record 3 is missing"),
        ("DELETE FROM audit WHERE seq = 1", 2, "record 1 is missing"),
        ("DELETE FROM audit WHERE seq BETWEEN 2 AND 4", 5, "record 2 is missing"),
        ("UPDATE audit SET seq = 100 WHERE seq = 3", 4, "record 3 is missing"),
        (f"INSERT INTO audit ({COLUMNS}) {COPY}", 7, "does not follow"),
        (
            "UPDATE audit SET record = (SELECT record FROM audit WHERE seq = 5) WHERE seq = 2",
            2,
            "was changed",
        ),
        ("UPDATE audit SET record = replace(record, 't6', 'tX') WHERE seq = 6", 6, "was changed"),
    ],
)
async def test_each_kind_of_tampering_is_found_at_its_place(
    database: Database, audit: Audit, sql: str, broken_at: int, problem: str
) -> None:
    await write_down(audit, "t1", "t2", "t3", "t4", "t5", "t6")
    await change(database, sql)
    verdict = await verify(database)
    assert not verdict.is_whole
    assert verdict.broken_at == broken_at
    assert problem in str(verdict.problem)


async def test_removing_a_record_and_closing_the_gap_is_found(database: Database, audit: Audit) -> None:
    await write_down(audit, "t1", "t2", "t3", "t4")
    await change(database, "DELETE FROM audit WHERE seq = 2")
    await change(database, "UPDATE audit SET seq = seq - 1 WHERE seq > 2")
    verdict = await verify(database)
    assert (verdict.broken_at, verdict.records) == (2, 1)


async def test_swapped_records_are_found(database: Database, audit: Audit) -> None:
    await write_down(audit, "t1", "t2", "t3", "t4")
    await change(database, "UPDATE audit SET seq = -seq WHERE seq IN (2, 3)")
    await change(database, "UPDATE audit SET seq = 5 + seq WHERE seq < 0")
    assert (await names(database)) == ["t1", "t3", "t2", "t4"]
    assert (await verify(database)).broken_at == 2


async def test_a_changed_record_with_a_hash_of_its_own_breaks_the_next_one(
    database: Database, audit: Audit
) -> None:
    await write_down(audit, "t1", "t2", "t3")
    _, _, record, prev_hash, _ = (await rows(database))[1]
    forged = record.replace("t2", "tX")
    await change(
        database,
        "UPDATE audit SET record = ?, hash = ? WHERE seq = 2",
        forged,
        hashlib.sha256((prev_hash + forged).encode()).hexdigest(),
    )
    verdict = await verify(database)
    assert verdict.broken_at == 3
    assert "does not follow" in str(verdict.problem)


async def test_a_cut_tail_is_found_by_a_hash_that_was_noted(database: Database, audit: Audit) -> None:
    await write_down(audit, "t1", "t2", "t3")
    head = (await verify(database)).head
    await write_down(audit, "t4")
    assert (await verify(database, expected_head=head)).is_whole

    await change(database, "DELETE FROM audit WHERE seq >= 3")
    assert (await verify(database)).is_whole  # the chain alone cannot know
    verdict = await verify(database, expected_head=head)
    assert (verdict.broken_at, verdict.records) == (3, 2)
    assert "removed" in str(verdict.problem)


async def test_a_rebuilt_log_is_found_by_a_hash_that_was_noted(database: Database, audit: Audit) -> None:
    await write_down(audit, "t1", "t2", "t3")
    head = (await verify(database)).head
    await change(database, "DELETE FROM audit")
    await write_down(audit, "t1", "tX", "t3")
    assert (await verify(database)).is_whole
    assert not (await verify(database, expected_head=head)).is_whole


async def test_a_log_that_was_emptied_is_found_by_a_hash_that_was_noted(
    database: Database, audit: Audit
) -> None:
    await write_down(audit, "t1")
    head = (await verify(database)).head
    await change(database, "DELETE FROM audit")
    assert (await verify(database, expected_head=head)).broken_at == 1


# --- a store that refuses ---


async def test_what_could_not_be_stored_is_stored_later_in_order(
    database: Database, audit: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    await write_down(audit, "t1")
    await fill_disk(database, "audit")
    for name in ("t2", "t3", "t4"):
        with pytest.raises(Unavailable):
            await write_down(audit, name)
    assert await names(database) == ["t1"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3

    await free_disk(database)
    await write_down(audit, "t5")
    assert await names(database) == ["t1", "t2", "t3", "t4", "t5"]
    assert (await verify(database)).is_whole


async def test_what_waits_can_be_stored_without_a_new_record(database: Database, audit: Audit) -> None:
    await fill_disk(database, "audit")
    with pytest.raises(Unavailable):
        await write_down(audit, "t1")
    await free_disk(database)
    await audit.flush()
    await audit.flush()
    assert await names(database) == ["t1"]


async def test_records_refused_at_the_same_time_are_each_stored_once(
    database: Database, audit: Audit
) -> None:
    await fill_disk(database, "audit")
    results = await asyncio.gather(
        *(write_down(audit, f"t{number}") for number in range(30)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    await free_disk(database)
    await audit.flush()
    assert sorted(await names(database)) == sorted(f"t{number}" for number in range(30))
    assert (await verify(database)).is_whole


async def test_memory_for_waiting_records_is_bounded_and_keeps_the_newest(
    database: Database, audit: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await fill_disk(database, "audit")
    await asyncio.gather(*(write_down(audit, f"t{number}") for number in range(1200)), return_exceptions=True)
    await free_disk(database)
    await audit.flush()
    assert len(await names(database)) <= 1000


async def test_the_record_of_a_write_that_was_sent_is_not_crowded_out(
    database: Database, audit: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await fill_disk(database, "audit")
    with pytest.raises(Unavailable):
        await audit.record(AT, {"tool": "refund", "at": AT}, is_sent=True)
    await asyncio.gather(*(write_down(audit, f"t{number}") for number in range(1200)), return_exceptions=True)
    await free_disk(database)
    await audit.flush()
    assert (await names(database))[0] == "refund"


async def test_writes_that_were_sent_are_all_kept_however_many(
    database: Database, audit: Audit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    await fill_disk(database, "audit")
    sent = (audit.record(AT, {"tool": "refund", "at": AT}, is_sent=True) for _ in range(1100))
    await asyncio.gather(*sent, return_exceptions=True)
    await free_disk(database)
    await audit.flush()
    assert len(await names(database)) == 1100


async def test_whoever_stops_waiting_does_not_lose_the_record(database: Database, audit: Audit) -> None:
    task = asyncio.create_task(write_down(audit, "t1"))
    await asyncio.sleep(0)  # noqa: TID251 - lets the task hand over its record
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await write_down(audit, "t2")
    assert await names(database) == ["t1", "t2"]
