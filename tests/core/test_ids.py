"""Ids: they sort by time, never repeat, and name their kind."""

from __future__ import annotations

import re

from wirepost.core.clock import Clock
from wirepost.core.ids import new_id

# https://www.crockford.com/base32.html, in lower case.
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
RANDOM_BITS = 60


def milliseconds(text: str) -> int:
    """The time inside an id, read as the format is described."""
    number = 0
    for letter in text.partition("_")[2]:
        number = number * 32 + CROCKFORD.index(letter)
    return number >> RANDOM_BITS


def test_id_is_its_prefix_and_22_letters() -> None:
    assert re.fullmatch(f"led_[{CROCKFORD}]{{22}}", new_id("led"))


def test_ids_never_repeat() -> None:
    assert len({new_id("x") for _ in range(20_000)}) == 20_000


def test_id_holds_the_time_of_its_making() -> None:
    before = Clock().now().timestamp()
    made = milliseconds(new_id("int"))
    after = Clock().now().timestamp()
    assert int(before * 1000) - 1 <= made <= int(after * 1000) + 1


def test_later_ids_sort_behind_earlier_ones() -> None:
    ids = [new_id("int") for _ in range(5000)]
    times = [milliseconds(each) for each in ids]
    assert [milliseconds(each) for each in sorted(ids)] == sorted(times)
