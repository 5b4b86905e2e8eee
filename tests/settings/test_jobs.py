"""How long jobs are kept is a positive number, of any size."""

from __future__ import annotations

import pytest

from wirepost.settings.jobs import JobSettings


def test_a_week_and_a_hundred_megabytes_are_kept() -> None:
    assert JobSettings().model_dump() == {"keep_days": 7, "max_result_mb": 100}


@pytest.mark.parametrize("name", ["keep_days", "max_result_mb"])
@pytest.mark.parametrize("value", [0, -1, True, "many"])
def test_nothing_else_is_taken(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        JobSettings.model_validate({name: value})
