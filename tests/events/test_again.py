"""Again: what was given up can be tried anew, and what is stored can be offered once more, marked as such."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event, stored
from wirepost.events.again import MOST, Again, DeadFilter
from wirepost.events.deliveries import topic
from wirepost.events.filters import Filter
from wirepost.events.subscriptions import Subscriptions
from wirepost.settings.events import SubscriptionSettings

SUB = "sub_1"


@pytest.fixture
def again(database, deliveries, clock):
    return Again(database, deliveries, clock)


@pytest.fixture
def now(clock):
    return clock.now().timestamp()


async def give_up(deliveries, sink="hook"):
    for each in await deliveries.claim(sink, holder="one", lease_s=60, limit=99):
        await deliveries.dead(each, "one", "HTTP 500")


async def test_what_was_given_up_is_listed_and_tried_anew(log, deliveries, again, signals, now):
    one, two = await stored(log, event(), event(type="invoice.paid"))
    await delivered(log.database, SUB, "hook", one, two, now=now)
    await give_up(deliveries)
    listed = await again.dead(DeadFilter(subscription=SUB))
    assert [(each.event, each.type, each.attempts, each.reason) for each in listed] == [
        (one.id, "payment.refunded", 1, "HTTP 500"),
        (two.id, "invoice.paid", 1, "HTTP 500"),
    ]
    woken = signals.listen(topic("hook", SUB))
    assert await again.redrive(DeadFilter(events=[two.id])) == [listed[1]]
    assert woken.is_set()
    (claimed,) = await deliveries.claim("hook", holder="one", lease_s=60, limit=9)
    assert (claimed.event.id, claimed.attempt, claimed.copy) == (two.id, 1, 0)
    assert await again.redrive(DeadFilter(events=[two.id])) == []


@pytest.mark.parametrize(
    ("which", "seqs"),
    [
        (DeadFilter(), [1, 2, 3]),
        (DeadFilter(subscription="sub_2"), [3]),
        (DeadFilter(sink="pull"), [2]),
        (DeadFilter(type="invoice.paid"), [1]),
        (DeadFilter(source="shop"), [3]),
        (DeadFilter(subscription=SUB, sink="hook", type="payment.refunded"), []),
        (DeadFilter(events=["evt_none"]), []),
    ],
)
async def test_what_was_given_up_is_chosen_by_what_it_is(deliveries, again, log, which, seqs):
    now = 0.0
    one, two, three = await stored(log, event(type="invoice.paid"), event(), event(source="shop"))
    await delivered(log.database, SUB, "hook", one, now=now)
    await delivered(log.database, SUB, "pull", two, now=now)
    await delivered(log.database, "sub_2", "hook", three, now=now)
    await give_up(deliveries)
    await give_up(deliveries, "pull")
    assert [each.seq for each in await again.redrive(which)] == seqs
    assert len(await again.dead(DeadFilter())) == 3 - len(seqs)


async def test_stored_events_are_offered_once_more_as_a_replay(log, deliveries, again, clock, now):
    settings = SubscriptionSettings(types=["order.*"], deliver=["pull", "hook"])
    sub = await Subscriptions(log.database, clock).put("anna", "orders", Filter.of(settings), settings)
    one, two = await stored(log, event(received_at=now - 10), event(received_at=now))
    await delivered(log.database, sub.id, "pull", one, now=now)
    for copy in (1, 2):
        assert await again.replay(sub, [one.id, "evt_none", one.id]) == 1
        (replayed,) = await deliveries.claim("hook", holder="one", lease_s=60, limit=9)
        assert (replayed.event.id, replayed.copy) == (one.id, copy)
    pulled = await deliveries.claim("pull", holder="anna", lease_s=60, limit=9, subscription=sub.id)
    assert [(each.seq, each.copy) for each in pulled] == [(1, 0), (1, 1), (1, 2)]
    assert await again.replay_between(sub, now - 5, now + 1) == 1
    assert await again.replay_between(sub, now - 10, now) == 1
    assert await again.replay(sub, []) == 0
    assert two.seq == 2


async def test_all_of_a_time_is_offered_once_more_however_much_it_is(log, deliveries, again, clock, now):
    sub = await Subscriptions(log.database, clock).put("anna", "all", Filter(), SubscriptionSettings())
    await stored(log, *(event(received_at=now + number // 2) for number in range(2 * MOST + 3)))
    assert await again.replay_between(sub, now, now + 1000) == 2 * MOST + 3
    assert (await deliveries.counts(sub.id)).pending == 2 * MOST + 3


async def test_what_is_dropped_is_dead_no_more_and_stays_ended(log, deliveries, again, now):
    (one,) = await stored(log, event())
    await delivered(log.database, SUB, "hook", one, now=now)
    await give_up(deliveries)
    (dropped,) = await again.drop(DeadFilter(sink="hook"))
    assert (dropped.event, await again.dead(DeadFilter())) == (one.id, [])
    assert await again.redrive(DeadFilter()) == []
    assert await log.database.read("SELECT state FROM deliveries LIMIT 9") == [("dropped",)]


async def test_what_was_received_in_a_time_comes_in_slices(log, again, now):
    events = [event(received_at=now + number // 2) for number in range(MOST + 3)]
    ids = [each.id for each in await stored(log, *events)]
    slices = [some async for some in again.received(now, now + 1000)]
    assert [len(each) for each in slices] == [MOST, 3]
    assert [each for some in slices for each in some] == ids
    assert [some async for some in again.received(now + 1, now + 2)] == [ids[2:4]]
