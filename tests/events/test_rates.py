"""Who sends too much waits; who is counted takes a bounded amount of memory."""

from __future__ import annotations

import pytest

from wirepost.events.rates import Buckets


def test_as_much_as_comes_in_two_seconds_passes_at_once_and_then_the_rate():
    buckets = Buckets(per_s=5)
    assert [buckets.take("a", 0.0) for _ in range(10)] == [0.0] * 10
    assert buckets.take("a", 0.0) == pytest.approx(0.2)
    assert buckets.take("a", 0.2) == 0.0
    assert buckets.take("b", 0.2) == 0.0


def test_a_slow_rate_lets_one_through():
    buckets = Buckets(per_s=0.1)
    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("a", 0.0) == pytest.approx(10.0)


def test_whoever_has_not_come_for_longest_is_forgotten():
    buckets = Buckets(per_s=0.5, most=3)
    for key in ("a", "b", "c", "a", "d"):
        buckets.take(key, 0.0)
    assert len(buckets) == 3
    assert buckets.take("a", 0.0) > 0.0
    assert buckets.take("b", 0.0) == 0.0
