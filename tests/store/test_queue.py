"""The queue: work is stored with what makes it due, once for each kind and key."""

from __future__ import annotations

import pytest

from wirepost.store.queue import Task, hasten, put, withdraw

ALL = "SELECT state, attempt, due_at, every_s, details FROM work ORDER BY kind, key LIMIT 9"


def task(**fields):
    return Task(**({"kind": "fetch", "key": "evt_1", "due_at": 100.0} | fields))


async def store(database, given, now=50.0):
    await database.write(lambda tx: put(tx, given, now))


async def test_work_is_there_with_what_was_stored_beside_it_or_not_at_all(database):
    async def work(tx):
        await put(tx, task(details={"a": 1}), 50.0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await database.read(ALL) == []
    await store(database, task(details={"a": 1}))
    assert await database.read(ALL) == [("waiting", 0, 100.0, None, '{"a":1}')]


async def test_the_same_work_is_not_put_twice(database):
    await store(database, task())
    await store(database, task(due_at=10.0))
    assert await database.read(ALL) == [("waiting", 0, 100.0, None, "{}")]


async def test_what_comes_again_and_again_follows_the_configuration(database):
    await store(database, task(every_s=900.0))
    await store(database, task(every_s=60.0, due_at=20.0))
    assert await database.read(ALL) == [("waiting", 0, 20.0, 60.0, "{}")]


async def test_what_runs_is_not_changed_by_being_put_again(database):
    await store(database, task(every_s=900.0))
    await database.write(lambda tx: tx.execute("UPDATE work SET holder = 'one', attempt = 2"))
    await store(database, task(every_s=60.0))
    assert await database.read(ALL) == [("waiting", 2, 100.0, 900.0, "{}")]


async def test_what_was_given_up_is_tried_anew(database):
    await store(database, task())
    await database.write(lambda tx: tx.execute("UPDATE work SET state = 'dead', attempt = 12, reason = 'no'"))
    await store(database, task(due_at=200.0))
    assert await database.read(ALL) == [("waiting", 0, 200.0, None, "{}")]


async def test_work_can_be_withdrawn(database):
    await store(database, task())
    await store(database, task(key="evt_2"))
    await database.write(lambda tx: withdraw(tx, "fetch", "evt_1"))
    assert await database.read("SELECT key FROM work LIMIT 9") == [("evt_2",)]


async def test_what_waits_is_brought_forward_and_never_put_off(database):
    await database.write(lambda tx: put(tx, Task("look", "job_1", 100.0), 1.0))
    assert await database.write(lambda tx: hasten(tx, "look", "job_1", 50.0))
    assert not await database.write(lambda tx: hasten(tx, "look", "job_1", 70.0))
    assert not await database.write(lambda tx: hasten(tx, "look", "job_2", 50.0))
    assert await database.read("SELECT key, due_at FROM work LIMIT 9") == [("job_1", 50.0)]


async def test_what_is_being_done_is_not_brought_forward(database):
    await database.write(lambda tx: put(tx, Task("look", "job_1", 100.0), 1.0))
    await database.write(lambda tx: tx.execute("UPDATE work SET holder = 'wrk_1'"))
    assert not await database.write(lambda tx: hasten(tx, "look", "job_1", 50.0))
