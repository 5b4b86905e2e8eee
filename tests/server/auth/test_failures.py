"""How often bad tokens came from one address."""

from __future__ import annotations

import pytest

from wirepost.server.auth.failures import MOST, WINDOW_S, Failures
from wirepost.server.auth.verified import TooMany


def test_ten_in_a_minute_are_let_pass(clock) -> None:
    failures = Failures(clock)
    for _ in range(MOST):
        failures.check("a")
        failures.add("a")
    with pytest.raises(TooMany) as refused:
        failures.check("a")
    assert refused.value.retry_after_s == WINDOW_S
    failures.check("b")
    clock.advance(WINDOW_S)
    failures.check("a")


def test_addresses_without_number_are_not_remembered_for_ever(clock) -> None:
    failures = Failures(clock)
    for _ in range(MOST):
        failures.add("first")
    for number in range(10_000):
        failures.add(str(number))
    failures.check("first")
