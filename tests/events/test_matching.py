"""Matching: every event reaches the subscriptions that want it once, however many processes match."""

from __future__ import annotations

import asyncio

import pytest

from support.clock import ManualClock
from support.occurred import event, stored
from wirepost.events.deliveries import Deliveries, topic
from wirepost.events.filters import Filter
from wirepost.events.log import EventLog
from wirepost.events.matching import AFTER_FAULT_S, BATCH, Matcher
from wirepost.events.subscriptions import Subscriptions
from wirepost.settings.events import CoalesceSettings, SubscriptionSettings

ALL = SubscriptionSettings(environments=["production", "test"])


@pytest.fixture
def subscriptions(database, clock):
    return Subscriptions(database, clock)


@pytest.fixture
def matcher(log, deliveries, clock):
    return Matcher(log, deliveries, clock, max_waiting=1000)


async def put(subscriptions, name="refunds", settings=ALL, **how):
    return await subscriptions.put("anna", name, Filter.of(settings), settings, **how)


async def waiting(database, subscription, columns="seq"):
    which = "subscription = ? AND state = 'pending' ORDER BY seq LIMIT 999"
    sql = f"SELECT {columns} FROM deliveries WHERE {which}"  # noqa: S608 - our own words
    rows = await database.read(sql, subscription.id)
    return [row[0] for row in rows] if columns == "seq" else rows


async def test_each_subscription_gets_what_it_wants_and_all_move_on(database, log, subscriptions, matcher):
    refunds = await put(subscriptions, settings=SubscriptionSettings(types=["payment.*"]))
    large = await put(subscriptions, "large", SubscriptionSettings(where="double(data.amount) > 100.0"))
    nothing = await put(subscriptions, "nothing", SubscriptionSettings(types=["order.*"]))
    await stored(log, event(), event(type="invoice.paid", data={"amount": "120.00"}), event())
    assert await matcher.step() == 3
    assert await waiting(database, refunds) == [1, 3]
    assert await waiting(database, large) == [2]
    assert await waiting(database, nothing) == []
    assert {each.position for each in await subscriptions.all()} == {3}
    assert await matcher.step() == 0


async def test_what_came_before_a_subscription_is_not_matched(database, log, subscriptions, matcher):
    await stored(log, event())
    now, past = await put(subscriptions), await put(subscriptions, "past", start=0)
    await stored(log, event())
    while await matcher.step():
        pass
    assert await waiting(database, now) == [2]
    assert await waiting(database, past) == [1, 2]


async def test_the_same_events_matched_twenty_times_at_once_are_delivered_once(
    log, other, subscriptions, signals, clock
):
    """12.4.02: matched by many at once."""
    sub = await put(subscriptions, settings=SubscriptionSettings(deliver=["pull", "hook"]))
    await stored(log, *(event() for _ in range(30)))
    logs = (log, EventLog(other, signals, clock))
    matchers = [
        Matcher(each, Deliveries(each.database, signals, clock), clock, max_waiting=1000) for each in logs
    ]
    await asyncio.gather(*(matchers[n % 2].step() for n in range(20)))
    rows = await log.database.read(
        "SELECT sink, count(*) FROM deliveries GROUP BY sink ORDER BY sink LIMIT 5"
    )
    assert rows == [("hook", 30), ("pull", 30)]
    assert (await subscriptions.get(sub.id)).position == 30


async def test_more_than_one_batch_is_matched_in_order(database, log, subscriptions, matcher):
    behind = await put(subscriptions, start=0)
    await stored(log, *(event() for _ in range(BATCH + 5)))
    in_front = await put(subscriptions, "front")
    await stored(log, event())
    assert await matcher.step() == 2
    assert await waiting(database, behind) == list(range(1, BATCH + 1))
    assert await waiting(database, in_front) == [BATCH + 6]
    assert await matcher.step() == 1
    assert await waiting(database, behind) == list(range(1, BATCH + 7))


async def test_events_that_were_forgotten_are_passed_over(database, log, subscriptions, matcher):
    sub = await put(subscriptions, start=0)
    gone, kept = await stored(log, event(), event())
    await database.write(lambda tx: tx.execute("UPDATE events SET content = NULL WHERE id = ?", gone.id))
    await matcher.step()
    assert await waiting(database, sub) == [kept.seq]
    await database.write(lambda tx: tx.execute("UPDATE events SET content = NULL"))
    again = await put(subscriptions, "again", start=0)
    await matcher.step()
    assert await waiting(database, again) == []
    assert (await subscriptions.get(again.id)).position == 2


async def test_incomplete_events_are_not_matched(database, log, subscriptions, matcher):
    sub = await put(subscriptions)
    await stored(log, event())
    await database.write(lambda tx: tx.execute("UPDATE events SET seq = -1"))
    assert await matcher.step() == 0
    assert await waiting(database, sub) == []


async def test_environments_are_mixed_only_where_that_was_asked_for(database, log, subscriptions, matcher):
    mixed, first = await put(subscriptions), await put(subscriptions, "first", SubscriptionSettings())
    await stored(log, event(source="wirepost", environment="production"), event(environment="test"))
    await matcher.step()
    await stored(log, event(), event(environment="test"), event(source="wirepost"))
    await matcher.step()
    assert await waiting(database, mixed) == [1, 2, 3, 4, 5]
    assert await waiting(database, first) == [1, 2, 4, 5]
    assert (await subscriptions.get(first.id)).environment == "test"


async def test_what_we_caused_ourselves_is_left_out_unless_it_is_wanted(
    database, log, subscriptions, matcher
):
    others = await put(subscriptions)
    own = await put(subscriptions, "own", ALL.model_copy(update={"exclude_self": False}))
    await stored(log, event(actor={"kind": "self", "id": "int_1"}))
    await matcher.step()
    assert await waiting(database, others) == []
    assert await waiting(database, own) == [1]


async def test_a_way_can_be_refused_for_an_event_and_says_why(
    database, log, deliveries, subscriptions, clock
):
    def allows(subscription, way, event):
        return "4 events led to it" if way == "run" and event.hops > 3 else None

    settings = SubscriptionSettings(deliver=["pull", "run"])
    await put(subscriptions, settings=settings)
    await stored(log, event(hops=3), event(hops=4))
    await Matcher(log, deliveries, clock, max_waiting=1000, allows=allows).step()
    rows = await database.read("SELECT sink, seq, state, reason FROM deliveries ORDER BY sink, seq LIMIT 9")
    assert rows == [
        ("pull", 1, "pending", None),
        ("pull", 2, "pending", None),
        ("run", 1, "pending", None),
        ("run", 2, "dropped", "4 events led to it"),
    ]


async def test_the_oldest_are_left_out_where_too_many_wait(database, log, deliveries, subscriptions, clock):
    sub = await put(subscriptions)
    await stored(log, *(event() for _ in range(8)))
    await Matcher(log, deliveries, clock, max_waiting=5).step()
    assert await waiting(database, sub) == [4, 5, 6, 7, 8]
    assert (await subscriptions.get(sub.id)).truncated
    assert len(await log.after(0, 20)) == 8


async def test_events_that_follow_each_other_become_one(database, log, subscriptions, matcher, clock):
    now = clock.now().timestamp()
    sub = await put(subscriptions, settings=SubscriptionSettings(coalesce=CoalesceSettings(window_s=30)))
    await stored(log, event(), event(subject="charge/ch_2"), event())
    await matcher.step()
    assert await waiting(database, sub, "seq, merged, due_at") == [(2, 0, now + 30), (3, 1, now + 30)]


async def test_an_ended_subscription_gets_nothing(database, log, subscriptions, matcher, clock):
    ended = await put(subscriptions, expires_at=clock.now().timestamp() + 10)
    clock.advance(10)
    await stored(log, event())
    assert await matcher.step() == 0
    assert await waiting(database, ended) == []


async def test_what_is_stored_is_matched_and_told_at_once(log, subscriptions, deliveries, signals):
    still = ManualClock(auto=False)
    sub = await put(subscriptions)
    woken = signals.listen(topic("pull", sub.id))
    running = asyncio.create_task(Matcher(log, deliveries, still, max_waiting=1000).run())
    try:
        async with asyncio.timeout(5):
            await still.wait_for_sleepers()
            await stored(log, event())
            await woken.wait()
            assert await waiting(log.database, sub) == [1]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_fault_of_the_store_is_outlasted(log, subscriptions, deliveries, signals, caplog):
    still = ManualClock(auto=False)
    sub = await put(subscriptions)
    woken = signals.listen(topic("pull", sub.id))
    spoil = "ALTER TABLE subscriptions RENAME TO elsewhere"
    await log.database.write(lambda tx: tx.execute(spoil))
    await stored(log, event())
    running = asyncio.create_task(Matcher(log, deliveries, still, max_waiting=1000).run())
    try:
        async with asyncio.timeout(10):
            await still.wait_for_sleep(AFTER_FAULT_S)
            assert "could not be matched" in caplog.text
            await log.database.write(lambda tx: tx.execute("ALTER TABLE elsewhere RENAME TO subscriptions"))
            still.advance(AFTER_FAULT_S)
            await woken.wait()
            assert await waiting(log.database, sub) == [1]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
