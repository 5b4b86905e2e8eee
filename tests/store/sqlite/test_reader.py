"""Reading: short statements at once, long ones beside the loop, all of them at the newest state."""

from __future__ import annotations

import asyncio

import pytest

from wirepost.core.errors import Unavailable
from wirepost.store.database import Tx

COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n"


async def nothing(tx: Tx) -> None:
    await tx.execute("SELECT 1")


async def test_a_long_statement_does_not_hold_up_the_loop(database):
    long = asyncio.create_task(database.read(COUNT, 3_000_000))
    await database.write(nothing)
    await database.write(nothing)
    assert not long.done()
    assert await long == [(3_000_000,)]


@pytest.mark.parametrize("size", [1, 10, 100, 1000, 10_000])
async def test_a_statement_gives_the_same_rows_however_long_it_takes(database, size):
    for _ in range(50):
        assert await database.read(COUNT, size) == [(size,)]


async def test_several_long_statements_run_at_once_and_in_turn(database):
    sizes = [200_000 + n for n in range(8)]
    counts = await asyncio.gather(*(database.read(COUNT, size) for size in sizes))
    assert counts == [[(size,)] for size in sizes]


async def test_a_long_statement_that_fails_says_so(database):
    with pytest.raises(Exception, match="malformed JSON"):
        await database.read(COUNT.replace("count(*)", "json_extract('{', '$.' || count(*))"), 100_000)


async def test_reading_writes_nothing(database):
    with pytest.raises(Unavailable, match="no permission to write"):
        await database.read("INSERT INTO keys VALUES ('a', x'')")
