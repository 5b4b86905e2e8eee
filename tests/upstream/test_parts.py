"""Parts of answers: of their type, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from wirepost.core.errors import OutcomeUnknown, Unavailable
from wirepost.upstream import parts


@pytest.mark.parametrize(
    ("read", "value", "part"),
    [
        (parts.mapping, None, {}),
        (parts.mapping, {"a": 1}, {"a": 1}),
        (parts.rows, None, []),
        (parts.rows, [{}], [{}]),
        (parts.text, None, ""),
        (parts.text, " a\u0000", " a\u0000"),
        (parts.line, " a\u0000\nb", "a b"),
        (parts.name, "batch_1", "batch_1"),
        (parts.vector, [1, 0.5], [1, 0.5]),
        (parts.words, ["a"], ""),
        (parts.words, "No\u202e", "No"),
        (parts.words_in, ["TEXT", 1], ["TEXT"]),
        (parts.words_in, "TEXT", []),
        (parts.dumped, {"a": [1]}, '{"a":[1]}'),
        (parts.parsed, b"{}", {}),
    ],
)
def test_a_part_is_read(read: Callable[[Any], Any], value: Any, part: Any) -> None:
    assert read(value) == part


@pytest.mark.parametrize(
    ("read", "value"),
    [
        *((parts.mapping, value) for value in ([], "a", 1, True)),
        *((parts.needed, value) for value in (None, [])),
        *((parts.rows, value) for value in ({}, "a", [None], [[]])),
        (parts.needed_rows, None),
        *((parts.text, value) for value in (1, False, ["a"], {})),
        *((parts.name, value) for value in (None, "", "a\nb", "x" * 3000, 5)),
        *((parts.vector, value) for value in (None, [], ["1"], [True], [float("inf")], [None])),
        *((parts.parsed, value) for value in (b"", b"[]", b"{", b'{"a": NaN}', b"[" * 10_000)),
    ],
)
def test_another_type_is_not_understood(read: Callable[[Any], Any], value: Any) -> None:
    with pytest.raises(Unavailable, match="not understood"):
        read(value)


@pytest.mark.parametrize("value", [None, -1, True, 1.5, "5", [], 2**53])
def test_what_is_no_count_counts_nothing(value: Any) -> None:
    assert (parts.number(value), parts.count(value)) == (None, 0)


@pytest.mark.parametrize(
    ("value", "number"), [("12", 12), (12, 12), ("-1", 0), ("\u0662", 0), ("9" * 5000, 0), (None, 0)]
)
def test_counts_are_read_from_texts(value: Any, number: int) -> None:
    assert parts.digits(value) == number


@pytest.mark.parametrize("value", [None, "2026", -1, 2**52, True, {}])
def test_what_is_no_time_is_none(value: Any) -> None:
    assert parts.moment(value) is None


def test_a_time_is_in_seconds() -> None:
    assert parts.moment(0.0) is None
    assert parts.moment(1_767_225_600) == datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_too_deep_to_be_written_is_not_understood() -> None:
    value: list[Any] = []
    for _ in range(500):
        value = [value]
    with pytest.raises(Unavailable):
        parts.dumped(value)


def test_a_write_whose_answer_is_not_understood_may_have_happened() -> None:
    with pytest.raises(OutcomeUnknown, match="may have happened"), parts.of_write("acme"):
        parts.name(None)
