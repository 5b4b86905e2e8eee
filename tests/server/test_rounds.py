"""What is kept between two rounds of a call."""

from __future__ import annotations

import pytest

from wirepost.server.rounds import Round


@pytest.mark.parametrize(
    "before",
    [
        Round(),
        Round(confirmation="c_1", had_link=True),
        Round(connection="crm", since=1795600000.25, had_link=True),
    ],
)
def test_what_is_kept_comes_back_unchanged(before) -> None:
    assert Round.read(before.written()) == before


def test_in_the_first_round_nothing_was_asked() -> None:
    assert Round.read(None) == Round()
