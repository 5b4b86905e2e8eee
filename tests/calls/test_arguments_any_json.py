"""Reading arguments: any JSON at all is read or refused, and what is read is what was meant."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from support.samples import SAMPLES, sample_send_note, sample_update_note
from wirepost.calls.arguments import read
from wirepost.core.errors import InvalidCall
from wirepost.tools.tool import AnyTool

texts = st.text(max_size=8) | st.sampled_from(["[]", "{}", "null", "true", "-5", "1e5", "[1]", '{"a":1}'])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    [*sample_update_note.input_schema["properties"], *sample_send_note.input_schema["properties"], "limit"]
)


@given(st.sampled_from(SAMPLES), st.dictionaries(names | texts, anything, max_size=5))
@example(sample_update_note, {"note": "n", "count": "--5"})
@example(sample_update_note, {"note": "n", "count": "9" * 5000})
@example(sample_update_note, {"note": "n", "labels": {"a": 2**70}})
def test_arbitrary_json_is_read_or_refused(tool: AnyTool, arguments: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidCall):
        reading = read(tool, arguments)
        assert read(tool, reading.canonical).hash == reading.hash


@given(st.dictionaries(names, anything, max_size=5))
def test_a_reading_without_warning_changed_nothing(arguments: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidCall):
        reading = read(sample_update_note, {"note": "n", **arguments})
        if not reading.warnings:
            given_own = {
                name: value
                for name, value in {"note": "n", **arguments}.items()
                if name in sample_update_note.own_arguments and value is not None
            }
            assert json.loads(json.dumps(reading.canonical | {"address": None})) == json.loads(
                json.dumps({"count": 1, **given_own, "address": None})
            )
