"""What a call has brought goes out as structured content, and as the same JSON in a text."""

from __future__ import annotations

import orjson
import pytest

from wirepost.server.wire import result


@pytest.mark.parametrize("is_error", [True, False])
def test_the_text_is_the_same_json(is_error) -> None:
    envelope = {"data": {"id": "pi_1", "note": "größer\u2028"}, "warnings": []}
    shown = result(envelope, is_error=is_error)
    assert shown["structuredContent"] == envelope
    assert orjson.loads(shown["content"][0]["text"]) == envelope
    assert (shown["isError"], shown["resultType"]) == (is_error, "complete")


def test_another_text_can_stand_for_it() -> None:
    assert result({}, is_error=False, text="apart")["content"] == [{"type": "text", "text": "apart"}]
