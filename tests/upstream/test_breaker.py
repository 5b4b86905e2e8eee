"""The circuit breaker's states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from wirepost.core.errors import Unavailable
from wirepost.upstream.breaker import Breaker


def breaker(clock: ManualClock, failures: int = 3) -> Breaker:
    return Breaker(clock, failures_to_open=failures, cool_down_s=15)


def opened(clock: ManualClock) -> Breaker:
    circuit = breaker(clock)
    for _ in range(3):
        circuit.failed(circuit.admit())
    return circuit


def test_it_opens_after_so_many_failures_in_a_row():
    circuit = breaker(ManualClock())
    for state in ("closed", "closed", "open"):
        circuit.failed(circuit.admit())
        assert circuit.state == state
    with pytest.raises(Unavailable) as caught:
        circuit.admit()
    assert (caught.value.code, caught.value.retry_after_s) == ("upstream_unavailable", 15.0)


def test_a_success_in_between_starts_the_count_anew():
    circuit = breaker(ManualClock())
    for _ in range(5):
        circuit.failed(circuit.admit())
        circuit.failed(circuit.admit())
        circuit.succeeded(circuit.admit())
    assert circuit.state == "closed"


def test_after_the_cool_down_one_probe_passes_and_its_success_closes_the_circuit():
    clock = ManualClock()
    circuit = opened(clock)
    clock.advance(15)
    assert circuit.state == "half_open"
    probe = circuit.admit()
    with pytest.raises(Unavailable) as caught:
        circuit.admit()
    assert caught.value.retry_after_s == 1.0
    circuit.succeeded(probe)
    assert circuit.state == "closed"
    assert not circuit.admit().is_probe


def test_a_failed_probe_opens_it_for_another_cool_down():
    clock = ManualClock()
    circuit = opened(clock)
    clock.advance(15)
    circuit.failed(circuit.admit())
    assert circuit.state == "open"
    clock.advance(15)
    assert circuit.admit().is_probe


def test_a_probe_that_is_given_up_makes_room_for_the_next():
    clock = ManualClock()
    circuit = opened(clock)
    clock.advance(15)
    circuit.abandoned(circuit.admit())
    assert circuit.admit().is_probe


def test_late_failures_of_requests_from_before_do_not_prolong_the_cool_down():
    clock = ManualClock()
    circuit = breaker(clock)
    late = [circuit.admit() for _ in range(5)]
    for admission in late[:3]:
        circuit.failed(admission)
    clock.advance(14)
    circuit.failed(late[3])
    clock.advance(1)
    probe = circuit.admit()
    circuit.failed(late[4])
    with pytest.raises(Unavailable):
        circuit.admit()
    circuit.succeeded(probe)
    assert circuit.state == "closed"


def test_giving_up_an_ordinary_request_teaches_nothing():
    circuit = breaker(ManualClock(), failures=1)
    circuit.abandoned(circuit.admit())
    assert circuit.state == "closed"


@given(st.lists(st.sampled_from(["ok", "fail", "give up", "wait"]), max_size=60))
def test_it_never_stays_shut_for_ever(events):
    clock = ManualClock()
    circuit = breaker(clock)
    end = {"ok": circuit.succeeded, "fail": circuit.failed, "give up": circuit.abandoned}
    for event in events:
        if event == "wait":
            clock.advance(5)
            continue
        try:
            admission = circuit.admit()
        except Unavailable:
            assert circuit.state == "open"
            continue
        end[event](admission)
    clock.advance(15)
    circuit.succeeded(circuit.admit())
    assert circuit.state == "closed"
