"""Subscribing through the tools: names of one's own, conditions that are checked, and what needs a scope."""

from __future__ import annotations

import pytest

from support.occurred import event
from wirepost.calls.caller import Caller
from wirepost.core.errors import InvalidCall, NotAllowed, NotConnected
from wirepost.settings.events import SubscriptionSettings
from wirepost.toolsets.events.reading import event_wait
from wirepost.toolsets.events.subscribing import (
    event_replay,
    event_subscribe,
    event_subscriptions,
    event_unsubscribe,
)

READ = frozenset({"event.read", "event.write"})


async def test_a_subscription_gets_what_it_asked_for_and_says_how_it_stands(desks):
    made = await desks.run(
        event_subscribe, subscription="large", types=["payment.*"], where="double(data.amount) > 40.0"
    )
    assert (made.subscription, made.is_own, made.pending, made.last_delivery_at) == ("large", True, 0, None)
    (refund, _) = await desks.occur(event(), event(data={"amount": "4.00"}))
    assert [each.id for each in (await desks.run(event_wait, subscription="large")).events] == [refund.id]
    (listed,) = (await desks.run(event_subscriptions)).subscriptions
    assert (listed.pending, listed.in_flight, listed.environments) == (1, 1, ["production"])
    assert listed.last_delivery_at is not None
    ended = await desks.run(event_unsubscribe, subscription="large")
    assert ended.pending == 1
    assert (await desks.run(event_subscriptions)).subscriptions == []


async def test_a_wrong_condition_is_refused_and_a_hopeless_one_is_told(desks):
    with pytest.raises(InvalidCall, match="line 1, column 4"):
        await desks.run(event_subscribe, subscription="x", where="dta.amount > 5")
    await desks.occur(event())
    await desks.run(event_subscribe, subscription="x", where="data.amount > 5")
    assert "No matching overloads" in desks.warnings[0]
    await desks.run(event_subscribe, subscription="x", where="double(data.amount) > 5.0")
    assert desks.warnings == []


@pytest.mark.parametrize(("way", "is_known"), [("channel", True), ("support-room", True), ("http", False)])
async def test_events_go_only_where_the_operator_lets_them(desks, way, is_known):
    if is_known:
        made = await desks.run(event_subscribe, subscription="x", deliver=[way])
        assert way in made.deliver
    else:
        with pytest.raises(InvalidCall) as refused:
            await desks.run(event_subscribe, subscription="x", deliver=[way])
        assert refused.value.fields[0]["allowed"] == ["pull", "channel", "support-room"]


async def test_the_past_needs_a_scope(desks):
    await desks.occur(event())
    with pytest.raises(NotConnected, match=r"event\.history"):
        await desks.run(event_subscribe, subscription="x", start="earliest", scopes=READ)
    await desks.run(event_subscribe, subscription="x", start="earliest", scopes=READ | {"event.history"})
    await desks.occur(event())
    assert len((await desks.run(event_wait, subscription="x")).events) == 2


async def test_a_subscription_may_begin_at_a_cursor_of_its_own(desks):
    made = await desks.run(event_subscribe, subscription="x")
    again = await desks.run(event_subscribe, subscription="x", start=made.cursor)
    stored = await desks.subscriptions.find(Caller("anna"), "x")
    assert desks.cursors.open(again.cursor, stored) == desks.cursors.open(made.cursor, stored)
    with pytest.raises(InvalidCall, match="not issued"):
        await desks.run(event_subscribe, subscription="x", start="e1.made-up")


async def test_what_the_configuration_has_a_caller_cannot_end(desks):
    await desks.subscriptions.sync({"news": SubscriptionSettings()})
    with pytest.raises(NotAllowed, match="belongs to the configuration"):
        await desks.run(event_unsubscribe, subscription="news")
    (listed,) = (await desks.run(event_subscriptions)).subscriptions
    assert (listed.subscription, listed.is_own) == ("news", False)


async def test_an_operator_offers_stored_events_again(desks):
    (one,) = await desks.occur(event(received_at=desks.clock.now().timestamp() - 60))
    await desks.run(event_subscribe, subscription="x")
    with pytest.raises(NotConnected, match="admin"):
        await desks.run(event_replay, subscription="x", events=[one.id], scopes=READ)
    with pytest.raises(InvalidCall, match="either events or since"):
        await desks.run(event_replay, subscription="x")
    assert (await desks.run(event_replay, subscription="x", events=[one.id])).events == 1
    assert (await desks.run(event_replay, subscription="x", since="-1h")).events == 1
    got = (await desks.run(event_wait, subscription="x")).events
    assert [(each.id, each.replay) for each in got] == [(one.id, True), (one.id, True)]
