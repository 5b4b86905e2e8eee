"""A source that is usually busy and falls silent is noticed once; one that is usually quiet never is."""

from __future__ import annotations

import pytest

from wirepost.core.ids import new_id
from wirepost.events.event import Event
from wirepost.events.log import Arrival, EventLog, NewEvent
from wirepost.events.own import OwnEvents
from wirepost.events.silence import ENOUGH, Silence, quiet_of
from wirepost.store.signals import Signals

HOUR = 3600.0


@pytest.mark.parametrize(
    ("distance", "quiet_for", "is_unusual"),
    [
        (60, 0.5 * HOUR, False),
        (60, 1.1 * HOUR, True),
        (8 * HOUR, 15 * HOUR, False),
        (8 * HOUR, 17 * HOUR, True),
    ],
)
def test_unusual_is_twice_the_longest_distance_and_more_than_an_hour(distance, quiet_for, is_unusual):
    arrivals = [(1e9 - number * distance, 1000 - number) for number in range(ENOUGH)]
    found = quiet_of(arrivals, 1e9 + quiet_for)
    assert (found.usual_s, found.last_seq, found.is_unusual) == (distance, 1000, is_unusual)


def test_few_events_say_nothing():
    assert quiet_of([(1e9 - number, number) for number in range(ENOUGH - 1)], 2e9) is None


async def test_each_silence_is_told_once(database, clock):
    log = EventLog(database, Signals(), clock)
    silence = Silence(database, OwnEvents(log, clock), clock)

    async def arrive():
        now = clock.now().timestamp()
        event = Event(new_id("evt"), "shop", "order.created", "test", now, "An order")
        await log.record(Arrival("shop", "default", now, [NewEvent(event, event.id, None, {})]))

    for _ in range(ENOUGH):
        await arrive()
        clock.advance(60)
    assert not await silence.look("shop", "test")
    clock.advance(2 * HOUR)
    assert [await silence.look("shop", "test") for _ in range(2)] == [True, False]
    told = (await log.after(0, 200))[-1]
    assert (told.type, told.subject, told.environment) == ("source.silent", "connection/shop", "test")
    assert told.data["usual_s"] == 60
    await arrive()
    clock.advance(5 * HOUR)  # the silence before counts as usual now
    assert await silence.look("shop", "test")
    assert not await silence.look("elsewhere", "test")
