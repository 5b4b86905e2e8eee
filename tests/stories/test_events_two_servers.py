"""Two servers on one database: what arrives at one wakes who waits at the other, once."""

from __future__ import annotations

import asyncio

import pytest

from support.event_desk import Desks
from support.occurred import event, stored
from wirepost.store.database import Database
from wirepost.toolsets.events.acknowledging import event_ack
from wirepost.toolsets.events.reading import event_wait

pytestmark = pytest.mark.services("postgres")


async def test_an_event_stored_at_one_server_is_given_to_one_reader_at_the_other(shared_place, clock):
    one, two = await Database.open(shared_place, clock), await Database.open(shared_place, clock)
    here, there = Desks(one, clock), Desks(two, clock)
    await there.run(event_wait, wait_s=0)
    running = [
        asyncio.create_task(each)
        for each in (
            one.carry(here.log.signals),
            two.carry(there.log.signals),
            here.matcher.run(),
            there.matcher.run(),
        )
    ]
    try:
        async with asyncio.timeout(30):
            readers = [asyncio.create_task(patient(there)) for _ in range(3)]
            (refund,) = await stored(here.log, event())
            done, left = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
            assert [each.id for task in done for each in task.result().events] == [refund.id]
            assert (await here.run(event_ack, events=[refund.id])).acknowledged == [refund.id]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            assert (await there.run(event_wait, wait_s=0)).pending == 0
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await one.close()
        await two.close()


async def patient(desks: Desks):
    """Waits until there is something; the test's clock passes at once, so an answer may be empty."""
    while True:
        answer = await desks.run(event_wait)
        if answer.events:
            return answer
