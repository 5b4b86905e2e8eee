"""The database as its users see it: units of work are atomic, in order, durable and independent."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.clock import ManualClock
from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.database import Database, NotUnique, Tx, Work

INSERT = (
    "INSERT INTO audit (seq, at, record, prev_hash, hash) "
    "SELECT coalesce(max(seq), 0) + 1, '2026-11-25T10:00:00Z', ?, '', '' FROM audit"
)
RECORDS = "SELECT record FROM audit ORDER BY seq"


class Refused(Exception):
    """What a unit of these tests fails with."""


def append(record: str) -> Work[str]:
    async def work(tx: Tx) -> str:
        await tx.execute(INSERT, record)
        return record

    return work


async def records(database: Database) -> list[str]:
    return [row[0] for row in await database.read(RECORDS)]


def unit(name: str, ending: str) -> Work[str]:
    """A unit that stores `name` in two tables and then ends as told."""

    async def work(tx: Tx) -> str:
        await tx.execute(INSERT, name)
        await tx.execute("INSERT INTO keys (name, value) VALUES (?, ?)", name, b"")
        if ending == "raises":
            raise Refused(name)
        if ending == "repeats a key":
            await tx.execute("INSERT INTO keys (name, value) VALUES (?, ?)", name, b"")
        if ending == "hides its failure":
            try:
                await tx.execute("INSERT INTO keys (name, value) VALUES (?, ?)", name, b"")
            except NotUnique:
                return name
        return name

    return work


async def test_a_unit_returns_its_value_and_a_read_sees_what_it_wrote(database):
    assert await database.write(append("one")) == "one"
    assert await records(database) == ["one"]


async def test_a_failing_unit_leaves_nothing_behind_and_its_caller_gets_what_it_raised(database):
    with pytest.raises(Refused, match="alone"):
        await database.write(unit("alone", "raises"))
    assert await records(database) == []
    assert await database.read("SELECT name FROM keys") == []


async def test_a_key_that_is_taken_is_not_unique(database):
    await database.write(unit("key", "returns"))
    with pytest.raises(NotUnique):
        await database.write(unit("key", "returns"))
    assert await records(database) == ["key"]


async def test_a_unit_may_say_in_its_own_words_that_a_key_is_taken(database):
    async def work(tx: Tx) -> None:
        await tx.execute("INSERT INTO keys (name, value) VALUES ('a', ?)", b"")
        try:
            await tx.execute("INSERT INTO keys (name, value) VALUES ('a', ?)", b"")
        except NotUnique:
            raise Refused from None

    with pytest.raises(Refused):
        await database.write(work)


async def test_after_a_failed_statement_a_unit_does_nothing_more(database):
    async def work(tx: Tx) -> None:
        for record in ("first", None, "last"):  # a record may not be NULL
            try:
                await tx.execute(INSERT, record)
            except Exception as error:  # noqa: BLE001 - any way of going on is what this test is about
                problem = error
        raise problem

    with pytest.raises(
        Exception, match=r"NOT NULL constraint failed: audit\.record|null value in column \"record\""
    ):
        await database.write(work)
    assert await records(database) == []


async def test_a_thousand_units_at_once_are_stored_in_the_order_they_were_submitted(database):
    endings = ["raises" if n % 7 == 3 else "repeats a key" if n % 11 == 5 else "returns" for n in range(1000)]
    writes = [database.write(unit(f"{n}", ending)) for n, ending in enumerate(endings)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    kept = [f"{n}" for n, ending in enumerate(endings) if ending == "returns"]
    assert await records(database) == kept
    assert [result for result in results if isinstance(result, str)] == kept
    for ending, result in zip(endings, results, strict=True):
        assert isinstance(result, {"returns": str, "raises": Refused, "repeats a key": NotUnique}[ending])


@given(st.lists(st.sampled_from(["returns", "raises", "repeats a key", "hides its failure"]), max_size=300))
@settings(max_examples=25)
async def test_what_is_stored_is_exactly_what_was_acknowledged(endings: list[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        database = await Database.open(Path(directory, "wirepost.db"), ManualClock())
        writes = [database.write(unit(f"{n}", ending)) for n, ending in enumerate(endings)]
        results = await asyncio.gather(*writes, return_exceptions=True)
        acknowledged = [result for result in results if isinstance(result, str)]
        assert await records(database) == acknowledged
        assert acknowledged == [f"{n}" for n, ending in enumerate(endings) if ending == "returns"]
        await database.close()


async def test_who_stops_waiting_does_not_stop_the_write(database):
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(5)

    held = asyncio.create_task(database.write(hold))
    cancelled = asyncio.create_task(database.write(append("cancelled")))
    failing = asyncio.create_task(database.write(unit("failing", "raises")))
    kept = asyncio.create_task(database.write(append("kept")))
    await asyncio.wait([held], timeout=0)
    for task in (cancelled, failing):
        task.cancel()
    may_go_on.set()
    assert await kept == "kept"
    assert cancelled.cancelled()
    assert failing.cancelled()
    assert await records(database) == ["cancelled", "kept"]


async def test_a_queue_that_is_full_refuses_at_once_and_goes_on_later(database):
    may_go_on = threading.Event()

    async def hold(tx: Tx) -> None:
        may_go_on.wait(30)

    tasks = [asyncio.create_task(database.write(hold))]
    tasks += [asyncio.create_task(database.write(append(f"{n}"))) for n in range(4999)]
    await asyncio.wait(tasks[:1], timeout=0)
    with pytest.raises(Unavailable) as refused:
        await database.write(append("one too many"))
    assert refused.value.payload() == {
        "code": "server_unavailable",
        "message": "5000 writes wait for the server's disk already; nothing was sent",
        "retryable": True,
        "outcome": "not_applied",
        "retry_after_s": 1.0,
        "hint": "Repeat the call later; `wirepost doctor` measures the disk",
    }
    may_go_on.set()
    await asyncio.gather(*tasks)
    await database.write(append("later"))
    assert await database.read("SELECT count(*) FROM audit") == [(5000,)]


async def test_a_unit_that_awaits_anything_else_is_a_mistake(database, clock):
    async def work(tx: Tx) -> None:
        await tx.execute(INSERT, "lost")
        await clock.sleep(1)

    with pytest.raises(RuntimeError, match=r"nothing but tx\.execute"):
        await database.write(work)
    assert await records(database) == []


async def test_a_mistake_in_a_statement_is_not_taken_for_a_broken_store(database):
    with pytest.raises(Exception, match=r'no such table: nowhere|relation "nowhere" does not exist'):
        await database.write(lambda tx: tx.execute("SELECT * FROM nowhere"))
    with pytest.raises(Exception, match=r'no such table: nowhere|relation "nowhere" does not exist'):
        await database.read("SELECT * FROM nowhere")


async def test_closing_writes_what_waits_and_refuses_what_comes_later(place, clock):
    database = await Database.open(place, clock)
    waiting = [asyncio.create_task(database.write(append(f"{n}"))) for n in range(500)]
    await asyncio.wait(waiting[:1], timeout=0)
    await database.close()
    assert await asyncio.gather(*waiting) == [f"{n}" for n in range(500)]
    for late in (database.write(append("late")), database.read(RECORDS)):
        with pytest.raises(Unavailable, match="shutting down"):
            await late
    await database.close()
    if isinstance(place, Path):
        assert [file.name for file in place.parent.iterdir()] == ["wirepost.db"]

    again = await Database.open(place, clock)
    assert len(await records(again)) == 500
    await again.close()


async def test_values_come_back_as_they_went_in(database):
    values = ("ä\u2028 % ? text", -(2**63), 0.1, b"\x00\xff", None)
    assert await database.write(lambda tx: tx.execute("SELECT ?, ?, ?, ?, ?", *values)) == [values]
    assert await database.read("SELECT ?, ?, ?, ?, ?", *values) == [values]


async def test_the_planner_can_be_brought_up_to_date(database):
    await asyncio.gather(*(database.write(append(f"{n}")) for n in range(100)))
    await database.optimize()
    assert len(await records(database)) == 100


async def test_another_program_reads_while_the_server_writes(place, database):
    await database.write(append("one"))
    reader = await Database.open_reader(place)
    assert await reader.read(RECORDS) == [("one",)]
    await database.write(append("two"))
    assert await reader.read(RECORDS) == [("one",), ("two",)]
    with pytest.raises(Unavailable, match=r"no permission to write|it takes no writes"):
        await reader.read("DELETE FROM audit")
    await reader.close()


async def test_a_reader_needs_no_server(place, clock):
    database = await Database.open(place, clock)
    await database.write(append("one"))
    await database.close()
    reader = await Database.open_reader(place)
    assert await reader.read(RECORDS) == [("one",)]
    await reader.close()


async def test_a_reader_says_when_there_is_nothing_to_read(path):
    with pytest.raises(ConfigError, match=r"there is no database \(Start the server: wirepost serve\)"):
        await Database.open_reader(path)
    assert not path.parent.exists()
