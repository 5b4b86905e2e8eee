"""Patterns: the answers that the standard library's expressions give, in a time without surprises."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.patterns import Pattern

EXPRESSIONS = (
    r"ab|c\.d|(?i:key)|//[\s\S]*@",
    r"[0-9](?:[ -]?[0-9]){3}",
    r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2}){2}",
    '"(?i:[_-]*i[_-]*d[_-]*)"',
)
TEXTS = st.text(alphabet='abcdKEYkey./@"_- iID0123\n', max_size=60) | st.text(
    alphabet=st.characters(exclude_categories=["Cs"]), max_size=20
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(text=TEXTS)
def test_it_is_found_where_the_standard_library_finds_it(expression: str, text: str) -> None:
    assert Pattern(expression).is_in(text) == bool(re.search(expression, text, re.ASCII))


def test_it_may_stand_anywhere() -> None:
    assert Pattern("needle").is_in("in a haystack, a needle, and more hay")
    assert not Pattern("needle").is_in("hay")


def test_what_would_take_others_for_ever_is_answered() -> None:
    assert not Pattern("(?:a|a)*(?:a|a)*(?:a|a)*b").is_in("a" * 100_000)
