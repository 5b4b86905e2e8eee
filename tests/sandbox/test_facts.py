"""Facts know the little that follows from themselves."""

from __future__ import annotations

import dataclasses

import pytest

from support.clock import START
from support.worlds import world_at


@pytest.mark.parametrize(
    ("locale", "name"), [("de", "Anna Lindqvist"), ("ja", "Lindqvist Anna"), ("hu", "Lindqvist Anna")]
)
def test_a_name_is_written_in_the_order_of_its_language(locale: str, name: str) -> None:
    anna = world_at(START).people[0]
    assert dataclasses.replace(anna, locale=locale).name == name
