"""The inbox: events come as soon as they are stored, and again until they are acknowledged; no wait spins."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from support.clock import ManualClock
from support.occurred import event, stored
from wirepost.core.errors import InvalidCall
from wirepost.core.signing import Signer
from wirepost.events.acknowledge import Acknowledgements
from wirepost.events.again import Again, DeadFilter
from wirepost.events.cursors import EventCursors
from wirepost.events.deliveries import Deliveries
from wirepost.events.filters import Filter
from wirepost.events.inbox import Inbox
from wirepost.events.log import EventLog
from wirepost.events.matching import Matcher
from wirepost.events.subscriptions import Subscriptions
from wirepost.settings.events import SubscriptionSettings
from wirepost.store.signals import Signals
from wirepost.tools.context import no_progress


class Reader:
    """Everything around one subscription."""

    def __init__(self, log, deliveries, clock):
        self.log, self.deliveries, self.clock = log, deliveries, clock
        self.subscriptions = Subscriptions(log.database, clock)
        self.cursors = EventCursors(Signer(b"k" * 32))
        self.inbox = Inbox(log.database, deliveries, self.subscriptions, self.cursors, clock, ceiling_s=40)
        self.acks = Acknowledgements(log.database, deliveries, clock)
        self.again = Again(log.database, deliveries, clock)
        self.matcher = Matcher(log, deliveries, clock, max_waiting=1000)

    async def subscribe(self, name="refunds", **options):
        settings = SubscriptionSettings(**options)
        return await self.subscriptions.put("anna", name, Filter.of(settings), settings)

    async def occur(self, *events):
        found = await stored(self.log, *events)
        while await self.matcher.step():
            pass
        return found

    async def wait(self, subscription, *, holder="anna", report=no_progress, **how):
        known = await self.subscriptions.get(subscription.id)
        async with asyncio.timeout(20):
            return await self.inbox.wait(known, holder, report, **how)


@pytest.fixture
def reader(log, deliveries, clock):
    return Reader(log, deliveries, clock)


@pytest.fixture
def still():
    """Time that stands still until it is advanced."""
    return ManualClock(auto=False)


@pytest.fixture
def patient(database, signals, still):
    return Reader(EventLog(database, signals, still), Deliveries(database, signals, still), still)


@asynccontextmanager
async def waiting(reader, subscription, **how):
    task = asyncio.create_task(reader.wait(subscription, **how))
    await reader.clock.wait_for_sleepers()
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_waits_already_comes_at_once_and_in_order(reader, clock):
    sub = await reader.subscribe()
    events = await reader.occur(*(event() for _ in range(3)))
    batch = await reader.wait(sub, limit=2)
    assert [each.event.id for each in batch.deliveries] == [each.id for each in events[:2]]
    assert (batch.has_more, batch.pending, batch.truncated, batch.timed_out) == (True, 3, False, False)
    rest = await reader.wait(sub, cursor=batch.next_cursor)
    assert [each.event.id for each in rest.deliveries] == [events[2].id]
    assert (rest.has_more, rest.pending) == (False, 3)
    assert clock.slept == []


async def test_an_empty_success_comes_before_the_client_gives_up(patient, still):
    """12.4.06a: after 40 seconds, whatever was asked for."""
    sub = await patient.subscribe()
    told = []

    async def report(done, total, message):
        told.append((done, total))

    async with waiting(patient, sub, wait_s=55, report=report) as task:
        for seconds in (10, 20, 30):
            still.advance(10)
            while told[-1:] != [(seconds, 40)]:
                await asyncio.to_thread(lambda: None)
            await still.wait_for_sleepers()
            assert not task.done()
        still.advance(10)
        batch = await task
    assert (batch.deliveries, batch.timed_out, batch.has_more, batch.pending) == ([], True, False, 0)
    assert still.monotonic() == 1040
    assert told == [(10, 40), (20, 40), (30, 40)]


async def test_an_event_that_arrives_at_ten_seconds_is_returned_at_ten_seconds(patient, still):
    """12.4.06b: at ten seconds."""
    sub = await patient.subscribe()
    async with waiting(patient, sub) as task:
        still.advance(9)
        await still.wait_for_sleepers()
        still.advance(1)
        (refund,) = await patient.occur(event())
        batch = await task
    assert [each.event.id for each in batch.deliveries] == [refund.id]
    assert still.monotonic() == 1010


async def test_who_never_acknowledges_gets_it_again_until_it_is_put_aside_and_redriven(reader, clock):
    """12.4.05: one reader, five times."""
    sub = await reader.subscribe(ack_timeout_s=300, max_attempts=5)
    (refund,) = await reader.occur(event())
    for attempt in range(1, 6):
        (delivery,) = (await reader.wait(sub, wait_s=0)).deliveries
        assert delivery.attempt == attempt
        assert (await reader.wait(sub, wait_s=0)).timed_out
        clock.advance(300)
    batch = await reader.wait(sub, wait_s=0)
    assert (batch.timed_out, batch.pending) == (True, 0)
    assert [each.event for each in await reader.again.dead(DeadFilter(subscription=sub.id))] == [refund.id]
    await reader.again.redrive(DeadFilter(subscription=sub.id))
    (delivery,) = (await reader.wait(sub, wait_s=0)).deliveries
    assert (delivery.event.id, delivery.attempt) == (refund.id, 1)


async def test_a_wait_ends_when_the_time_of_another_reading_is_over(patient, still):
    sub = await patient.subscribe(ack_timeout_s=15)
    await patient.occur(event())
    await patient.wait(sub)
    async with waiting(patient, sub) as task:
        still.advance(10)
        await still.wait_for_sleepers()
        still.advance(5)
        (delivery,) = (await task).deliveries
    assert delivery.attempt == 2
    assert still.monotonic() == 1015


async def test_an_answer_that_was_lost_can_be_had_again_by_its_cursor(reader):
    sub = await reader.subscribe()
    await reader.occur(event())
    before = await reader.wait(sub)
    await reader.occur(event(), event())
    lost = await reader.wait(sub, cursor=before.next_cursor)
    for _ in range(9):  # however often, it is the same attempt
        again = await reader.wait(sub, cursor=before.next_cursor)
        assert again.deliveries == lost.deliveries
    other = await reader.wait(sub, holder="somebody else", cursor=before.next_cursor, wait_s=0)
    assert other.timed_out


async def test_two_sessions_of_one_caller_share_the_events(reader, clock):
    sub = await reader.subscribe(ack_timeout_s=60)
    await reader.occur(*(event() for _ in range(3)))
    one = await reader.wait(sub, limit=2)
    other = await reader.wait(sub, limit=2)
    assert [[each.seq for each in batch.deliveries] for batch in (one, other)] == [[1, 2], [3]]
    assert (await reader.wait(sub, cursor=one.next_cursor, wait_s=0)).timed_out
    clock.advance(60)
    again = await reader.wait(sub, cursor=one.next_cursor, wait_s=0)
    assert (3, 2) in [(each.seq, each.attempt) for each in again.deliveries]


async def test_on_fetch_what_was_read_once_does_not_come_again(reader, clock):
    sub = await reader.subscribe(ack="on_fetch", max_in_flight=1)
    await reader.occur(event(), event())
    batch = await reader.wait(sub)
    assert (len(batch.deliveries), batch.pending) == (2, 0)
    clock.advance(10_000)
    assert (await reader.wait(sub, wait_s=0)).timed_out


async def test_with_enough_in_flight_the_next_comes_after_an_acknowledgement(patient, still):
    sub = await patient.subscribe(max_in_flight=1)
    one, two = await patient.occur(event(), event())
    batch = await patient.wait(sub)
    assert [each.event.id for each in batch.deliveries] == [one.id]
    async with waiting(patient, sub) as task:
        await patient.acks.ack(sub.id, [one.id])
        assert [each.event.id for each in (await task).deliveries] == [two.id]


async def test_a_refused_event_comes_after_its_delay(patient, still):
    sub = await patient.subscribe()
    (one,) = await patient.occur(event())
    await patient.wait(sub)
    async with waiting(patient, sub) as task:
        await patient.acks.nack(sub.id, [one.id], 4)
        while 4 not in [round(each, 6) for each in still.slept]:
            await asyncio.to_thread(lambda: None)
        await still.wait_for_sleepers()
        still.advance(4)
        assert [each.attempt for each in (await task).deliveries] == [2]


async def test_a_cursor_older_than_what_is_kept_says_so_and_fails_nobody(reader):
    """12.4.07a: of a subscription."""
    sub = await reader.subscribe()
    (gone,) = await reader.occur(event())
    batch = await reader.wait(sub)
    await reader.occur(event(), event(), event())
    forget = "DELETE FROM events WHERE seq IN (2, 3)"
    await reader.log.database.write(lambda tx: tx.execute(forget))
    rest = await reader.wait(sub, cursor=batch.next_cursor)
    assert rest.truncated
    assert [each.seq for each in rest.deliveries] == [4]
    assert not (await reader.wait(sub, cursor=rest.next_cursor, wait_s=0)).truncated
    assert gone.seq == 1


async def test_a_tampered_cursor_is_rejected(reader):
    """12.4.07b: of a subscription."""
    sub = await reader.subscribe()
    cursor = (await reader.wait(sub, wait_s=0)).next_cursor
    with pytest.raises(InvalidCall, match="was changed"):
        await reader.wait(sub, cursor=cursor[:-1] + ("A" if cursor[-1] != "A" else "B"))


async def test_events_that_were_left_out_are_told_once(reader):
    sub = await reader.subscribe()
    reader.matcher = Matcher(reader.log, reader.deliveries, reader.clock, max_waiting=2)
    await reader.occur(*(event() for _ in range(5)))
    batch = await reader.wait(sub)
    assert ([each.seq for each in batch.deliveries], batch.truncated) == ([4, 5], True)
    assert not (await reader.wait(sub, wait_s=0)).truncated


async def test_what_does_not_fit_into_one_answer_stays_for_the_next(reader):
    sub = await reader.subscribe()
    await reader.occur(*(event(data={"text": "x" * 7000}) for _ in range(5)))
    first = await reader.wait(sub, limit=5)
    assert (len(first.deliveries), first.has_more) == (2, True)
    second = await reader.wait(sub, cursor=first.next_cursor)
    assert [(each.seq, each.attempt) for each in second.deliveries] == [(3, 1), (4, 1)]
    await reader.occur(event(data={"text": "x" * 30_000}))


async def test_what_another_process_offers_is_found_within_seconds(reader, other, clock):
    sub = await reader.subscribe()
    (one,) = await reader.occur(event())
    await reader.wait(sub)
    await reader.acks.ack(sub.id, [one.id], None)
    elsewhere = Again(other, Deliveries(other, Signals(), clock), clock)

    async def report(*_):
        if not await elsewhere.replay(sub, [one.id]):
            raise AssertionError("nothing was offered")

    began = clock.monotonic()
    batch = await reader.wait(sub, wait_s=40, report=report)
    assert [each.event.id for each in batch.deliveries] == [one.id]
    assert clock.monotonic() - began <= 15


async def test_who_stops_waiting_loses_nothing(patient, still):
    sub = await patient.subscribe()
    await patient.occur(event())
    task = asyncio.create_task(patient.wait(sub))
    await patient.deliveries.counts(sub.id)  # meanwhile it may have begun to take the event, or have it
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    if task.cancelled():
        async with asyncio.timeout(10):
            while (await patient.deliveries.counts(sub.id)).in_flight:
                await asyncio.to_thread(lambda: None)
    (delivery,) = ((await patient.wait(sub)) if task.cancelled() else task.result()).deliveries
    assert delivery.attempt == 1


async def test_a_thousand_may_wait_for_one_event_and_none_of_them_spins(patient, still):
    subs = [
        await patient.subscriptions.put(f"c{n}", "all", Filter(), SubscriptionSettings()) for n in range(100)
    ]
    tasks = [asyncio.create_task(patient.wait(subs[n % 100])) for n in range(1000)]
    await still.wait_for_sleepers(1000)
    asleep = len(still.slept)
    await patient.occur(event())
    done, waiting_on = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    while len(done) < 100:
        more, waiting_on = await asyncio.wait(waiting_on, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        done |= more
    assert len(done) == 100
    assert all(len(task.result().deliveries) == 1 for task in done)
    assert len(still.slept) <= asleep + 1000  # each looked once and went back to sleep
    for task in waiting_on:
        task.cancel()
    await asyncio.gather(*waiting_on, return_exceptions=True)
