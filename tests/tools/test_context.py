"""What an operation gets besides its arguments."""

from __future__ import annotations

import dataclasses

import pytest

from support.clock import START
from wirepost.core.errors import InvalidCall
from wirepost.tools.context import Call, ConnectionFacts, no_memory, no_progress, no_rows


async def test_a_warning_is_given_once() -> None:
    call = Call(api=None, caller="local", now=START)
    call.warn("slow")
    call.warn("old")
    call.warn("slow")
    assert call.warnings == ["slow", "old"]


async def test_two_calls_share_no_warnings() -> None:
    first, second = (Call(api=None, caller="local", now=START) for _ in range(2))
    first.warn("slow")
    assert second.warnings == []


async def test_a_note_is_of_one_call_and_the_last_word_on_it_counts() -> None:
    first, second = (Call(api=None, caller="local", now=START) for _ in range(2))
    first.note("sources", ["one"])
    first.note("sources", ["one", "two"])
    assert first.notes == {"sources": ["one", "two"]}
    assert second.notes == {}


async def test_progress_that_nobody_asked_for_goes_nowhere() -> None:
    call = Call(api=None, caller="local", now=START)
    await call.report(1, 2, "half")
    await no_progress(1, None, None)
    assert call.warnings == []


def test_the_facts_of_a_connection_cannot_be_changed() -> None:
    facts = ConnectionFacts("shop", "stripe", "test")
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.environment = "production"  # type: ignore[misc]


async def test_without_files_no_reference_leads_to_rows() -> None:
    with pytest.raises(InvalidCall, match="There is no file 'fil_1'"):
        await anext(no_rows("fil_1"))


async def test_where_nothing_is_kept_all_is_asked_for() -> None:
    async def load() -> str:
        return "new"

    assert [await no_memory("contact", load) for _ in range(2)] == ["new", "new"]
