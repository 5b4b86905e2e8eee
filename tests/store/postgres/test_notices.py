"""Notices: who waits in one process is woken by what is told in another."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import psycopg
import pytest

from support.postgres import address_in, ask
from wirepost.core.clock import Clock
from wirepost.core.ids import new_id
from wirepost.store.database import Database
from wirepost.store.postgres.notices import Notices
from wirepost.store.postgres.server import Server
from wirepost.store.signals import Signals

pytestmark = pytest.mark.services("postgres")


@asynccontextmanager
async def carrying(*notices):
    tasks = [asyncio.create_task(each.run()) for each in notices]
    try:
        async with asyncio.timeout(20):
            for each in notices:
                await each.is_listening.wait()
            yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_is_told_in_one_process_is_heard_in_another(shared_place):
    here, there = Signals(), Signals()
    async with carrying(Notices(shared_place, here), Notices(shared_place, there)):
        theirs, other, mine = there.listen("events"), there.listen("work"), here.listen("events")
        here.tell("events")
        await theirs.wait()
        assert mine.is_set()
        assert not other.is_set()


async def test_many_topics_told_at_once_all_arrive(shared_place):
    here, there = Signals(), Signals()
    async with carrying(Notices(shared_place, here), Notices(shared_place, there)):
        heard = [there.listen(f"inbox/sub_{n:026}") for n in range(500)]
        for n in range(500):
            here.tell(f"inbox/sub_{n:026}")
        await asyncio.gather(*(each.wait() for each in heard))


async def test_what_was_told_does_not_come_back_to_who_told_it(shared_place):
    here, there = Signals(), Signals()
    async with carrying(Notices(shared_place, here), Notices(shared_place, there)):
        theirs, last = there.listen("events"), here.listen("last")
        here.tell("events")
        again = here.listen("events")
        await theirs.wait()
        there.tell("last")
        await last.wait()
        assert not again.is_set()


async def test_whoever_waited_before_looks_again_when_the_listening_begins(shared_place):
    signals = Signals()
    waiting = signals.listen("events")
    async with carrying(Notices(shared_place, signals)):
        await waiting.wait()


async def test_another_schema_of_the_database_hears_nothing(shared_place):
    name = new_id("test")
    ask(f"CREATE SCHEMA {name}")
    try:
        here, there, third = Signals(), Signals(), Signals()
        elsewhere = Server.at(address_in(name))
        notices = Notices(shared_place, here), Notices(elsewhere, there), Notices(shared_place, third)
        async with carrying(*notices):
            foreign, own = there.listen("events"), third.listen("events")
            here.tell("events")
            await own.wait()
            assert not foreign.is_set()
    finally:
        ask(f"DROP SCHEMA {name} CASCADE")


async def test_a_lost_connection_ends_it_with_an_error_and_signals_stay_within(shared_place, schema):
    signals = Signals()
    notices = Notices(shared_place, signals)
    async with carrying(notices) as (task,):
        listening = f"query LIKE 'LISTEN%' || md5('{schema}') || '%'"
        ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {listening}")  # noqa: S608 - our own words
        with pytest.raises(psycopg.OperationalError):
            await task
    assert signals.forward is None
    signals.tell("events")


async def test_who_stops_before_the_listening_begins_is_not_told_that_it_has(shared_place):
    notices = Notices(shared_place, Signals())
    task = asyncio.create_task(notices.run())
    for _ in range(3):
        await Clock().sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await Clock().sleep(0)
    assert not notices.is_listening.is_set()


async def test_a_database_carries_signals_to_the_others_that_have_it_open(shared_place, clock):
    one, two = await Database.open(shared_place, clock), await Database.open(shared_place, clock)
    here, there = Signals(), Signals()
    tasks = [asyncio.create_task(one.carry(here)), asyncio.create_task(two.carry(there))]
    try:
        async with asyncio.timeout(20):
            heard = there.listen("begun")
            await heard.wait()  # the listening has begun there
            heard = there.listen("events")
            while here.forward is None:
                await asyncio.to_thread(lambda: None)
            here.tell("events")
            await heard.wait()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await one.close()
        await two.close()


async def test_a_database_of_one_server_carries_nothing(tmp_path, clock):
    database = await Database.open(tmp_path / "directory" / "wirepost.db", clock)
    await database.carry(Signals())
    await database.close()
