"""Together: what waits is written in order and in few units, and a fault of one item is that of one item."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from wirepost.core.errors import Unavailable
from wirepost.store.together import MOST, Together


class Paper:
    """Notes what is written together; `fault` is raised for what holds `bad`."""

    def __init__(self, fault: Exception | None = None, **options: int) -> None:
        self.written: list[list[str]] = []
        self.fault = fault
        self.together = Together[str, str](self.write, **options)

    async def write(self, some):
        self.written.append(list(some))
        if self.fault is not None and "bad" in some:
            raise self.fault
        return [each.upper() for each in some]


async def test_what_comes_while_others_are_written_is_written_together_after_them():
    paper = Paper()
    results = await asyncio.gather(*(paper.together.add(each) for each in "abc"))
    assert results == ["A", "B", "C"]
    assert [each for some in paper.written for each in some] == ["a", "b", "c"]
    assert len(paper.written) < 3


async def test_a_unit_has_a_largest_size():
    paper = Paper()
    await asyncio.gather(*(paper.together.add(f"{number}") for number in range(MOST + 1)))
    assert [len(some) for some in paper.written] == [MOST, 1]


async def test_a_fault_of_one_item_is_not_that_of_the_others():
    paper = Paper(ValueError("bad"))
    results = await asyncio.gather(
        *(paper.together.add(each) for each in ("a", "bad", "b")), return_exceptions=True
    )
    assert (results[0], results[2]) == ("A", "B")
    assert isinstance(results[1], ValueError)


async def test_a_refusal_of_the_store_is_that_of_all_and_nothing_is_tried_twice():
    paper = Paper(Unavailable("server_unavailable", "full"))
    results = await asyncio.gather(
        *(paper.together.add(each) for each in ("a", "bad")), return_exceptions=True
    )
    assert all(isinstance(each, Unavailable) for each in results)
    assert paper.written == [["a", "bad"]]
    assert await paper.together.add("c") == "C"


async def test_too_many_that_wait_are_refused():
    paper = Paper(most_waiting=2)
    results = await asyncio.gather(*(paper.together.add(each) for each in "abc"), return_exceptions=True)
    assert results[:2] == ["A", "B"]
    assert isinstance(results[2], Unavailable)


@pytest.mark.parametrize("fault", [None, ValueError("bad"), Unavailable("server_unavailable", "full")])
async def test_whoever_stops_waiting_stops_nothing(fault):
    paper = Paper(fault)
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            await paper.together.add("bad")
    assert await paper.together.add("a") == "A"
    assert "bad" in [each for some in paper.written for each in some]
