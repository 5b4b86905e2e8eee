"""Outcomes of records that are written together: their places, duplicates, and what is there twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wirepost.contracts.records import Trouble, Written
from wirepost.contracts.written import failed, renumbered, repeated, skipped

TAKEN = Trouble(code="conflict", message="There is one already")
WRONG = Trouble(code="invalid_arguments", message="It has no name")


def test_outcomes_of_a_part_get_their_places() -> None:
    part = renumbered([failed(1, WRONG), Written(index=0, status="ok", id="7")], [4, 9])
    assert [(one.index, one.status) for one in part] == [(9, "failed"), (4, "ok")]


def test_only_a_duplicate_whose_record_is_known_is_skipped() -> None:
    assert skipped(failed(2, TAKEN, "7")) == Written(index=2, status="skipped", id="7")
    for other in (failed(2, TAKEN), failed(2, WRONG, "7"), Written(index=2, status="ok", id="7")):
        assert skipped(other) is other


def test_the_first_of_equal_values_is_written_and_the_others_are_not() -> None:
    twice = repeated(["a@example.com", "b@example.com", "A@Example.com", "a@example.com"])
    assert sorted(twice) == [2, 3]
    assert {one.status for one in twice.values()} == {"failed"}
    assert all(one.index == index and one.error for index, one in twice.items())


@given(st.lists(st.text(max_size=3)))
def test_what_is_left_has_each_value_once(values: list[str]) -> None:
    left = [value.casefold() for index, value in enumerate(values) if index not in repeated(values)]
    assert sorted(left) == sorted({value.casefold() for value in values})
