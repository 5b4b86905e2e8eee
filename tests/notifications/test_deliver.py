"""Delivering: every event arrives or is known to have not; no sink waits for another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from support.clock import ManualClock
from support.disk import fill_disk, free_disk
from support.occurred import event, stored
from support.sinks import Desk, Listed, Program, Queued, Runner, Teller
from wirepost.notifications.outgoing import Outgoing
from wirepost.notifications.sinks.sink import Gone, Refused, Sent, TryAgain
from wirepost.settings import EventSettings
from wirepost.store.database import Database

# The table of the MCP Events extension (webhook mode): waits after each attempt that failed, ± 20 %.
TABLE_S = [30, 120, 600, 1800, 3600, 7200]


def fail(how: Exception) -> Any:
    def does(_: object) -> None:
        raise how

    return does


async def test_what_is_due_is_brought_once_and_noted(desk: Desk) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    events = await stored(desk.log, event(), event())
    await desk.deliver(subscription, sink, *events)
    sink.does = lambda _: Sent({"status": 204})
    assert await deliverer.turn("listed") == 2
    assert await deliverer.turn("listed") == 0
    assert sink.ids == [each.id for each in events]
    assert sink.given[0].subscription == "refunds"
    assert await desk.states(sink) == [("done", 1, None)] * 2
    (way,) = await desk.history.of(events[0].id)
    assert (way.subscription, way.sink, way.state, way.pushed_at) == ("refunds", "listed", "done", desk.now)
    (attempt,) = way.attempts
    assert (attempt.number, attempt.outcome, attempt.details) == (1, "done", {"status": 204})


async def test_what_may_work_later_is_tried_by_the_table_and_then_is_dead(desk: Desk) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription(max_attempts=7)
    (one,) = await stored(desk.log, event())
    await desk.deliver(subscription, sink, one)
    sink.does = fail(TryAgain("answered 503", status=503))
    for number, usual_s in enumerate(TABLE_S, start=1):
        assert await deliverer.turn("listed") == 1
        due_at = await desk.deliveries.next_due("listed")
        assert due_at is not None
        assert usual_s * 0.8 <= due_at - desk.now <= usual_s * 1.2
        assert await desk.states(sink) == [("pending", number, "answered 503")]
        desk.clock.advance(due_at - desk.now - 1)
        assert await deliverer.turn("listed") == 0
        desk.clock.advance(1.001)
    assert await deliverer.turn("listed") == 1
    assert await desk.states(sink) == [("dead", 7, "answered 503")]
    (way,) = await desk.history.of(one.id)
    assert [each.outcome for each in way.attempts] == ["answered 503"] * 7


async def test_waits_differ_so_that_what_failed_together_does_not_come_back_together(desk: Desk) -> None:
    sink = Listed(concurrency=20)
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, *(event() for _ in range(20))))
    sink.does = fail(TryAgain("timeout"))
    await deliverer.turn("listed")
    rows = await desk.database.read("SELECT DISTINCT due_at FROM deliveries LIMIT 50")
    assert len(rows) == 20


async def test_a_wait_that_is_asked_for_is_kept(desk: Desk) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    sink.does = fail(TryAgain("answered 429", after_s=500.0))
    await deliverer.turn("listed")
    assert await desk.deliveries.next_due("listed") == desk.now + 500


@pytest.mark.parametrize(
    ("trouble", "state"),
    [(Refused("answered 413", is_dropped=True), "dropped"), (Refused("answered 404"), "dead")],
)
async def test_what_will_never_be_taken_is_not_tried_again(
    desk: Desk, trouble: Exception, state: str
) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    sink.does = fail(trouble)
    await deliverer.turn("listed")
    assert await desk.states(sink) == [(state, 1, str(trouble))]
    assert await desk.subscriptions.get(subscription.id) is not None


async def test_where_nobody_is_any_more_the_subscription_ends(desk: Desk) -> None:
    sink = Listed(concurrency=1)
    deliverer = desk.deliverer(sink)
    theirs, ours = await desk.subscription("theirs", owner="anna"), await desk.subscription("ours")
    events = await stored(desk.log, event(), event())
    for each in (theirs, ours):
        await desk.deliver(each, sink, *events)
    sink.does = fail(Gone("answered 410"))
    while await deliverer.turn("listed"):
        pass
    assert await desk.subscriptions.get(theirs.id) is None
    assert await desk.subscriptions.get(ours.id) is not None, "the configuration would bring it back"
    rows = await desk.database.read(
        "SELECT state FROM deliveries WHERE subscription = ? AND state NOT IN ('pending', 'offered') LIMIT 9",
        theirs.id,
    )
    assert len(rows) == 2


async def test_a_fault_of_ours_in_a_sink_is_a_failed_attempt(desk: Desk, caplog) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    sink.does = fail(ZeroDivisionError("secret in a message"))
    await deliverer.turn("listed")
    assert await desk.states(sink) == [("pending", 1, "internal fault")]


async def test_a_sink_that_hangs_is_left_after_its_time(desk: Desk) -> None:
    sink = Listed(timeout_s=0.05)
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    sink.does = lambda _: asyncio.Event().wait()
    await deliverer.turn("listed")
    assert await desk.states(sink) == [("pending", 1, "timeout")]


async def test_of_a_subscription_that_is_gone_nothing_is_brought(desk: Desk) -> None:
    sink = Listed()
    deliverer = desk.deliverer(sink)
    (one,) = await stored(desk.log, event())
    subscription = await desk.subscription()
    await desk.subscriptions.remove(subscription)
    await desk.deliver(subscription, sink, one)
    await deliverer.turn("listed")
    assert sink.given == []
    assert await desk.states(sink) == [("dropped", 1, "the subscription has ended")]


async def test_personal_data_that_a_subscription_hides_does_not_leave(desk: Desk) -> None:
    sink = Listed()
    deliverer = desk.deliverer(sink)
    subscription = await desk.subscription(redact={"email": "mask"})
    (one,) = await stored(desk.log, event(data={"email": "ada@example.com", "amount": "1.00"}))
    await desk.deliver(subscription, sink, one)
    await deliverer.turn("listed")
    assert "ada" not in str(sink.given[0].event.data)
    assert sink.given[0].event.data["amount"] == "1.00"


# --- running ---


async def test_a_sink_that_hangs_holds_up_no_other(desk: Desk) -> None:
    """12.4.14: nor each other; time stands still, as no lease may end in between."""
    desk.clock = ManualClock(auto=False)
    hanging, prompt = Listed("hanging", concurrency=2), Listed("prompt")
    deliverer, subscription = desk.deliverer(hanging, prompt), await desk.subscription()
    events = await stored(desk.log, *(event() for _ in range(20)))
    arrived = asyncio.Event()
    hanging.does = lambda _: asyncio.Event().wait()
    prompt.does = lambda _: arrived.set() if len(prompt.given) == 20 else None
    for sink in (hanging, prompt):
        await desk.deliver(subscription, sink, *events)
    running = asyncio.create_task(deliverer.run())
    async with asyncio.timeout(10):
        await arrived.wait()
    assert len(hanging.given) == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_client_that_is_silent_takes_no_room_from_others_of_the_same_sink(desk: Desk) -> None:
    """Its events are due first, and there are more of them than there is room."""
    sink = Listed(concurrency=4)
    deliverer = desk.deliverer(sink)
    silent, prompt = await desk.subscription("silent"), await desk.subscription("prompt")
    events = await stored(desk.log, *(event() for _ in range(40)))
    await desk.deliver(silent, sink, *events)
    desk.clock.advance(1)
    await desk.deliver(prompt, sink, *events[:4])

    def does(outgoing: Outgoing) -> None:
        if outgoing.subscription == "silent":
            raise TryAgain("timeout", is_silent=True)

    sink.does = does
    for _ in range(2):
        await deliverer.turn("listed")
    assert [each.subscription for each in sink.given] == ["silent"] * 4 + ["prompt"] * 4
    assert await deliverer.turn("listed") == 0
    desk.clock.advance(30)
    assert await deliverer.turn("listed") == 4


async def test_an_event_that_is_answered_with_a_failure_holds_up_no_other(desk: Desk) -> None:
    sink = Listed(concurrency=1)
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    poison, good = await stored(desk.log, event(), event())
    await desk.deliver(subscription, sink, poison, good)

    def does(outgoing: Outgoing) -> None:
        if outgoing.event.id == poison.id:
            raise TryAgain("answered 500")

    sink.does = does
    while await deliverer.turn("listed"):
        pass
    assert [state for state, *_ in await desk.states(sink)] == ["pending", "done"]


async def test_what_is_stored_while_it_runs_is_brought_when_it_is_told(
    database: Database, desk: Desk
) -> None:
    """Nothing but the wake lets it look again: time stands still."""
    desk.clock = ManualClock(auto=False)
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    arrived = asyncio.Event()
    sink.does = lambda _: arrived.set()
    running = asyncio.create_task(deliverer.run())
    await desk.clock.wait_for_sleepers()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    desk.deliveries.told([(subscription.id, sink.name)])
    async with asyncio.timeout(5):
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_dead_process_was_sending_is_sent_by_another_after_its_lease(desk: Desk) -> None:
    lost, other = Listed(timeout_s=15), Listed(timeout_s=15)
    subscription = await desk.subscription()
    (one,) = await stored(desk.log, event())
    await desk.deliver(subscription, lost, one)
    begun = asyncio.Event()

    async def never(_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    lost.does = never
    dying = asyncio.create_task(desk.deliverer(lost).turn("listed"))
    await begun.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    survivor = desk.deliverer(other)
    assert await survivor.turn("listed") == 0, "it may still be alive"
    desk.clock.advance(46)
    assert await survivor.turn("listed") == 1
    assert other.ids == [one.id]
    assert other.given[0].attempt == 2
    assert await desk.states(other) == [("done", 2, None)]


async def test_two_processes_bring_each_event_once(desk: Desk) -> None:
    first, second = Listed(), Listed()
    subscription = await desk.subscription()
    events = await stored(desk.log, *(event() for _ in range(30)))
    await desk.deliver(subscription, first, *events)
    processes = [desk.deliverer(first), desk.deliverer(second)]
    while sum(await asyncio.gather(*(each.turn("listed") for each in processes))):
        pass
    assert sorted(first.ids + second.ids) == sorted(each.id for each in events)


async def test_what_arrived_and_could_not_be_noted_is_sent_again(desk: Desk) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    await fill_disk(desk.database, "delivery_attempts")
    await deliverer.turn("listed")
    await free_disk(desk.database)
    assert await desk.states(sink) == [("offered", 1, None)]
    desk.clock.advance(46)
    await deliverer.turn("listed")
    assert await desk.states(sink) == [("done", 2, None)]
    assert len(sink.given) == 2


async def test_it_goes_on_when_the_store_takes_writes_again(desk: Desk) -> None:
    sink, arrived = Listed(), asyncio.Event()
    sink.does = lambda _: arrived.set()
    subscription = await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    await fill_disk(desk.database, "deliveries")
    desk.clock = ManualClock(auto=False)
    running = asyncio.create_task(desk.deliverer(sink).run())
    await desk.clock.wait_for_sleepers()
    assert sink.given == []
    await free_disk(desk.database)
    desk.clock.advance(5)
    async with asyncio.timeout(5):
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# --- too much of it ---


async def test_of_a_thousand_events_as_many_are_pushed_as_may_be_and_the_rest_is_a_number(desk: Desk) -> None:
    """12.4.11: the rest is one number."""
    sink = Teller()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription(wake_rate="6/min")
    for _ in range(10):  # seconds
        await desk.deliver(subscription, sink, *await stored(desk.log, *(event() for _ in range(100))))
        await deliverer.turn("listed")
        while await deliverer.turn("listed"):
            pass
        desk.clock.advance(1)
    assert len(sink.given) == 6
    assert [each.waiting for each in sink.given] == [0] * 6
    desk.clock.advance(50)
    while await deliverer.turn("listed"):
        pass
    told = sink.given[6:]
    assert len(told) <= sink.concurrency
    assert sum(each.waiting for each in told) + len(told) == 994
    assert max(each.waiting for each in told) >= 990
    assert "more pending" in max(told, key=lambda each: each.waiting).line()
    states = await desk.states(sink)
    assert {state for state, _, _ in states} == {"done", "dropped"}
    assert sum(state == "done" for state, _, _ in states) == 6 + len(told)


async def test_a_sink_for_each_event_gets_each_when_there_is_room(desk: Desk) -> None:
    sink = Queued()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription(wake_rate="5/min")
    events = await stored(desk.log, *(event() for _ in range(12)))
    await desk.deliver(subscription, sink, *events)
    for most in (5, 10, 12):
        while await deliverer.turn("listed"):
            pass
        assert len(sink.given) == most
        desk.clock.advance(60)
    assert sorted(sink.ids) == sorted(each.id for each in events)
    assert {(state, attempt) for state, attempt, _ in await desk.states(sink)} == {("done", 1)}


async def test_a_restart_does_not_begin_the_count_anew(desk: Desk) -> None:
    sink = Queued()
    subscription = await desk.subscription(wake_rate="2/min")
    await desk.deliver(subscription, sink, *await stored(desk.log, *(event() for _ in range(6))))
    for _ in range(3):
        await desk.deliverer(sink).turn("listed")
    assert len(sink.given) == 2


async def test_events_that_became_one_are_counted_in_the_line(desk: Desk) -> None:
    sink = Listed()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()), merged=3)
    await deliverer.turn("listed")
    assert "and 3 before it" in sink.given[0].line()


# --- loops ---


async def test_what_our_own_calls_have_caused_starts_no_model(desk: Desk) -> None:
    """12.4.12a: also where a subscription lets it through."""
    runner, teller = Runner("runner"), Listed("teller")
    deliverer, subscription = desk.deliverer(runner, teller), await desk.subscription()
    (own,) = await stored(desk.log, event(actor={"kind": "self", "id": None}, hops=1))
    for sink in (runner, teller):
        await desk.deliver(subscription, sink, own)
        await deliverer.turn(sink.name)
    assert runner.given == []
    assert teller.ids == [own.id]
    assert await desk.states(runner) == [("dropped", 1, "caused by a call of this server")]


async def test_a_loop_of_two_agents_ends_after_three_hops(desk: Desk) -> None:
    """12.4.12b: each run writes, and what it writes comes back as an event that somebody let through."""
    sink = Runner()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription(exclude_self=False)
    hops = 0
    while len(sink.given) == hops and hops < 20:
        own = event(actor={"kind": "self", "id": None}, hops=hops, subject=f"contact/{hops}")
        await desk.deliver(subscription, sink, *await stored(desk.log, own))
        await deliverer.turn("listed")
        hops += 1
    assert [each.event.hops for each in sink.given] == [0, 1, 2, 3]
    assert (await desk.states(sink))[-1] == ("dropped", 1, "the last of a chain of 4 events")


async def test_more_than_five_runs_about_one_subject_in_ten_minutes_are_stopped(desk: Desk) -> None:
    sink = Program()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription(wake_rate="1000/s")
    for number in range(8):
        events = await stored(desk.log, event(subject="contact/1"), event(subject=f"contact/{number + 10}"))
        await desk.deliver(subscription, sink, *events)
        await deliverer.turn("listed")
        desk.clock.advance(30)
    about_one = [each for each in sink.given if each.event.subject == "contact/1"]
    assert (len(about_one), len(sink.given)) == (5, 13)
    desk.clock.advance(600)
    await desk.deliver(subscription, sink, *await stored(desk.log, event(subject="contact/1")))
    await deliverer.turn("listed")
    assert len(sink.given) == 14


async def test_where_nothing_is_told_as_a_number_a_run_too_many_waits_for_the_next_ten_minutes(
    desk: Desk,
) -> None:
    sink = Runner()
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    events = await stored(desk.log, *(event(subject="contact/1") for _ in range(12)))
    other = (await stored(desk.log, event(subject="contact/2")))[0]
    await desk.deliver(subscription, sink, *events, other)
    for most in (5, 10, 12):
        while await deliverer.turn("listed"):
            pass
        about_one = [each for each in sink.given if each.event.subject == "contact/1"]
        assert len(about_one) == most
        assert other.id in sink.ids, "which is about something else"
        waiting = [
            (attempt, reason) for state, attempt, reason in await desk.states(sink) if state == "pending"
        ]
        assert waiting == [(0, "too many runs about one subject")] * (12 - most)
        desk.clock.advance(601)
    assert sorted(sink.ids) == sorted(each.id for each in (*events, other))
    assert {(state, attempt) for state, attempt, _ in await desk.states(sink)} == {("done", 1)}


async def test_one_event_reaches_every_subscription_however_many_there_are(desk: Desk) -> None:
    sink = Program()
    deliverer = desk.deliverer(sink)
    (one,) = await stored(desk.log, event(subject="contact/1"))
    for number in range(7):
        await desk.deliver(await desk.subscription(f"number {number}"), sink, one)
    while await deliverer.turn("listed"):
        pass
    assert sink.ids == [one.id] * 7
    assert {state for state, _, _ in await desk.states(sink)} == {"done"}


async def test_a_run_that_is_tried_again_is_the_same_run(desk: Desk) -> None:
    sink = Runner()
    desk.settings = EventSettings(max_runs=1)
    deliverer, subscription = desk.deliverer(sink), await desk.subscription()
    await desk.deliver(subscription, sink, *await stored(desk.log, event()))
    sink.does = fail(TryAgain("timeout"))
    await deliverer.turn("listed")
    desk.clock.advance(40)
    sink.does = lambda _: None
    await deliverer.turn("listed")
    assert await desk.states(sink) == [("done", 2, None)]
