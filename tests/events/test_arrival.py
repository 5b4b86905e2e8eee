"""What is on its way into the log says nothing that was not given."""

from __future__ import annotations

from wirepost.events.arrival import Arrival, Recorded


def test_an_arrival_without_anything_brings_nothing():
    arrival = Arrival("stripe", "default", 1.0)
    brought = [arrival.events, arrival.dead, arrival.tasks, arrival.raw_id, arrival.attempt, arrival.sealed]
    assert not any(brought)


def test_what_was_recorded_is_told_by_value():
    assert Recorded("evt_1", is_new=True) == Recorded("evt_1", is_new=True) != Recorded("evt_1", is_new=False)
