"""Values: texts become what the field holds, and what is stored is recognised."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import START
from support.paper_shop import choices, column
from wirepost.contracts.records import FieldType
from wirepost.toolsets.crm import values
from wirepost.toolsets.crm.values import Unfit

STAGE = column("Stage", "choice", options=choices(open="In progress", won="Won", lost="Lost", l2="lost"))
TAGS = column("Tags", "choices", options=choices(vip="Very important", eu="Europe"))


def read(kind: FieldType, text: str) -> Any:
    return values.read(column("Field", kind), text, START)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "12", 12),
        ("integer", "-3", -3),
        ("integer", "12.0", 12),
        ("number", " 1250.50 ", 1250.5),
        ("number", "1e3", 1000),
        ("number", ".5", 0.5),
        ("number", "9007199254740992", 9007199254740992.0),
        ("number", "0.1", 0.1),
        ("number", "1.10e1", 11),
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("date", "2026-11-25", "2026-11-25"),
        ("date", "2026-11-25T00:00:00Z", "2026-11-25"),
        ("date", "2026-11-25T00:00+09:00", "2026-11-25"),
        ("date", "today", "2026-11-25"),
        ("date", "-7d", "2026-11-18"),
        ("datetime", "2026-11-25T10:00:00+02:00", "2026-11-25T08:00:00Z"),
        ("datetime", "2026-11-25", "2026-11-25T00:00:00Z"),
        ("datetime", "-2h", "2026-11-25T08:00:00Z"),
        ("text", " as it is ", " as it is "),
        ("reference", "42", "42"),
        ("choice", "anything, where nothing is prescribed", "anything, where nothing is prescribed"),
    ],
)
def test_a_text_becomes_a_value_of_its_type(kind: FieldType, text: str, value: Any) -> None:
    found = read(kind, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1.5"),
        ("integer", "1e400"),
        ("integer", "10000000000000000000000"),
        ("number", "1,250.50"),
        ("number", "9007199254740993"),
        ("number", "1234567890123456.78"),
        ("number", "1_000"),
        ("number", "NaN"),
        ("number", "Infinity"),
        ("number", "١٢"),
        ("number", ""),
        ("number", "12 €"),
        ("boolean", "yes"),
        ("date", "25.11.2026"),
        ("date", "2026-02-30"),
        ("date", "2026-11-25T10:00:00Z"),
        ("date", "tomorrow"),
        ("datetime", "2026-11-25T10:00:00"),
        ("datetime", "2026-11-25T25:00:00Z"),
    ],
)
def test_what_is_no_value_is_refused_in_words(kind: FieldType, text: str) -> None:
    with pytest.raises(Unfit, match=r"^(must|needs) "):
        read(kind, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("won", "won"), ("WON", "won"), ("in PROGRESS", "open"), ("lost", "lost"), ("l2", "l2")],
)
def test_a_choice_is_given_by_value_or_by_its_only_label(text: str, value: str) -> None:
    assert values.read(STAGE, text, START) == value


def test_a_label_that_two_choices_have_decides_nothing() -> None:
    twins = column("Stage", "choice", options=choices(a="Same", b="Same"))
    with pytest.raises(Unfit) as refused:
        values.read(twins, "same", START)
    assert refused.value.allowed == ["a", "b"]


def test_several_choices_are_joined() -> None:
    assert values.read(TAGS, "Europe ; vip;", START) == "eu;vip"
    with pytest.raises(Unfit) as refused:
        values.read(TAGS, "eu;asia", START)
    assert refused.value.allowed == ["vip", "eu"]


def test_no_more_than_fifty_allowed_values_are_listed() -> None:
    many = column("Country", "choice", options=choices(**{f"C{n}": f"Country {n}" for n in range(200)}))
    with pytest.raises(Unfit) as refused:
        values.read(many, "Atlantis", START)
    assert len(refused.value.allowed) == 50


@given(number=st.integers(-(2**53) + 1, 2**53 - 1))
def test_whole_numbers_are_kept_exactly(number: int) -> None:
    assert read("integer", str(number)) == number
    assert json.loads(json.dumps(read("number", str(number)))) == number


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_they_were(number: float) -> None:
    assert read("number", repr(number)) == number


@given(text=st.text(max_size=30))
def test_any_text_is_read_or_refused_for_every_type(text: str) -> None:
    for kind in FieldType.__args__:  # type: ignore[attr-defined]
        with suppress(Unfit):
            json.dumps(read(kind, text), allow_nan=False)


def test_a_day_is_told_from_a_moment() -> None:
    assert values.is_day("2026-11-25")
    assert values.is_day("today")
    assert not values.is_day("2026-11-25T00:00Z")
    assert not values.is_day("-7d")
    assert values.end_of_day("2026-11-25", START) == "2026-11-25T23:59:59Z"


@pytest.mark.parametrize(
    ("kind", "stored", "wanted"),
    [
        ("number", "12.50", 12.5),
        ("integer", 12, 12),
        ("boolean", "true", True),
        ("datetime", "2026-11-25T10:00:00.123+01:00", "2026-11-25T09:00:00Z"),
        ("choices", "eu;vip", "vip;eu"),
        ("text", "anna@example.com ", "Anna@Example.com"),
        ("text", None, None),
        ("text", "", None),
        ("date", "2026-11-25", "2026-11-25"),
    ],
)
def test_what_is_stored_is_recognised(kind: FieldType, stored: Any, wanted: Any) -> None:
    assert values.is_same(column("Field", kind), stored, wanted)


@pytest.mark.parametrize(
    ("kind", "stored", "wanted"),
    [
        ("number", "many", 12.5),
        ("number", None, 0),
        ("boolean", None, False),
        ("boolean", True, False),
        ("datetime", "soon", "2026-11-25T09:00:00Z"),
        ("choices", "eu", "eu;vip"),
        ("text", "x", None),
        ("text", "x", "y"),
    ],
)
def test_something_else_is_not_taken_for_it(kind: FieldType, stored: Any, wanted: Any) -> None:
    assert not values.is_same(column("Field", kind), stored, wanted)
