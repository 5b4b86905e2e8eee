"""History: an operator sees where an event went, how often that was tried, and what came of it."""

from __future__ import annotations

from support.occurred import event, stored
from support.sinks import Desk, Listed
from wirepost.events.again import Again, DeadFilter
from wirepost.notifications.history import Attempt, Trouble
from wirepost.store.database import Tx


async def delivered_once(desk: Desk, sink: Listed) -> str:
    subscription = await desk.subscription(deliver=["pull"])
    (one,) = await stored(desk.log, event())
    await desk.deliver(subscription, sink, one)
    return one.id


async def test_each_way_of_an_event_is_shown_with_its_attempts(desk: Desk) -> None:
    sink = Listed()
    event_id = await delivered_once(desk, sink)
    await desk.deliver(await desk.subscription(), Listed("pull"), *await desk.log.after(0, 1))
    (delivery,) = await desk.deliveries.claim("listed", holder="me", lease_s=60, limit=1)
    await desk.history.record(
        delivery, at=desk.now, took_s=0.25, outcome="answered 503", details={"status": 503, "none": None}
    )
    ways = await desk.history.of(event_id)
    assert [(way.sink, way.state, len(way.attempts)) for way in ways] == [
        ("listed", "offered", 1),
        ("pull", "pending", 0),
    ]
    assert ways[0].attempts == (Attempt(1, desk.now, 0.25, "answered 503", {"status": 503}),)
    assert ways[0].pushed_at is None
    assert await desk.history.of("evt_unknown") == []


async def test_attempts_after_a_redrive_are_added_to_those_before(desk: Desk) -> None:
    event_id = await delivered_once(desk, Listed())
    again = Again(desk.database, desk.deliveries, desk.clock)
    for outcome in ("answered 500", "answered 503"):
        (delivery,) = await desk.deliveries.claim("listed", holder="me", lease_s=60, limit=1)
        assert delivery.attempt == 1
        await desk.history.record(delivery, at=desk.now, took_s=1, outcome=outcome, details={})
        await desk.deliveries.dead(delivery, "me", outcome)
        assert len(await again.redrive(DeadFilter(events=[event_id]))) == 1
        desk.clock.advance(10)
    (way,) = await desk.history.of(event_id)
    assert [(each.number, each.outcome) for each in way.attempts] == [
        (1, "answered 500"),
        (2, "answered 503"),
    ]


async def test_what_was_brought_to_a_subscription_that_is_gone_is_still_shown(desk: Desk) -> None:
    event_id = await delivered_once(desk, Listed())
    (subscription,) = await desk.subscriptions.all()
    await desk.subscriptions.remove(subscription)
    (way,) = await desk.history.of(event_id)
    assert (way.subscription, way.state) == (subscription.id, "dropped")


async def test_troubles_are_counted_by_sink_and_outcome(desk: Desk) -> None:
    sink = Listed()
    subscription = await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event(), event(), event()))
    first, second, third = await desk.deliveries.claim("listed", holder="me", lease_s=60, limit=3)
    for delivery, outcome in ((first, "timeout"), (second, "timeout"), (third, "done")):
        await desk.history.record(delivery, at=desk.now, took_s=1, outcome=outcome, details={})
    assert await desk.history.troubles(desk.now - 60) == [Trouble("listed", "timeout", 2, desk.now)]
    assert await desk.history.troubles(desk.now + 1) == []


async def test_many_old_attempts_are_forgotten(desk: Desk) -> None:
    insert = (
        "INSERT INTO delivery_attempts "
        "(subscription, sink, seq, copy, attempt, at, took_s, outcome, details) "
        "VALUES ('sub_1', 'listed', ?, 0, 1, 5.0, 0.1, 'done', '{}')"
    )

    async def work(tx: Tx) -> None:
        for number in range(1100):
            await tx.execute(insert, number)

    await desk.database.write(work)
    await desk.history.prune(6.0)
    assert await desk.database.read("SELECT seq FROM delivery_attempts LIMIT 1") == []


async def test_old_attempts_are_forgotten(desk: Desk) -> None:
    event_id = await delivered_once(desk, Listed())
    (delivery,) = await desk.deliveries.claim("listed", holder="me", lease_s=60, limit=1)
    await desk.history.record(delivery, at=desk.now, took_s=1, outcome="done", details={})
    await desk.history.prune(desk.now)
    assert len((await desk.history.of(event_id))[0].attempts) == 1
    await desk.history.prune(desk.now + 1)
    assert (await desk.history.of(event_id))[0].attempts == ()
