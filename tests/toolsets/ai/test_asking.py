"""What is the same in all AI tools."""

from __future__ import annotations

import pytest

from support.ai_desk import Script
from support.clock import ManualClock
from wirepost.core.errors import InvalidCall
from wirepost.tools.context import Call
from wirepost.toolsets.ai.asking import checked_text, models_of


def test_no_tool_asks_models_that_nobody_counts(clock: ManualClock) -> None:
    with pytest.raises(TypeError, match="nobody counts"):
        models_of(Call(Script(), "anna", clock.now()))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", " \n", "a" * 100_001])
def test_there_must_be_something_to_ask_about_and_not_too_much(text: str) -> None:
    with pytest.raises(InvalidCall) as refused:
        checked_text(text, "items[3]")
    assert refused.value.fields[0]["path"] == "items[3]"
