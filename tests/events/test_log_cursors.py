"""Positions as clients keep them: theirs to bring back, not to change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.signing import Signer
from wirepost.events.log_cursors import BadCursor, LogCursors

CURSORS = LogCursors(Signer(b"s" * 32))


@given(
    st.integers(min_value=0, max_value=2**62), st.text(max_size=10), st.dictionaries(st.text(), st.booleans())
)
def test_a_cursor_gives_its_position_again(position, name, arguments):
    assert CURSORS.open(CURSORS.mint(position, name, arguments), name, arguments) == position


@given(st.text(max_size=80))
def test_any_other_text_is_refused(text):
    with pytest.raises(BadCursor):
        CURSORS.open(text, "a", {})


def test_each_changed_letter_is_noticed():
    cursor = CURSORS.mint(7, "a", {})
    for at, letter in enumerate(cursor):
        with pytest.raises(BadCursor):
            CURSORS.open(cursor[:at] + ("A" if letter != "A" else "B") + cursor[at + 1 :], "a", {})


@pytest.mark.parametrize(("name", "arguments"), [("b", {"x": 1}), ("a", {"x": 2}), ("a", {})])
def test_it_holds_for_what_it_was_made_for(name, arguments):
    with pytest.raises(BadCursor, match="another type"):
        CURSORS.open(CURSORS.mint(7, "a", {"x": 1}), name, arguments)


def test_the_order_of_arguments_makes_no_difference():
    assert CURSORS.open(CURSORS.mint(7, "a", {"x": 1, "y": 2}), "a", {"y": 2, "x": 1}) == 7


def test_a_cursor_of_another_server_is_refused():
    with pytest.raises(BadCursor):
        CURSORS.open(LogCursors(Signer(b"o" * 32)).mint(7, "a", {}), "a", {})
