"""The model of sandboxes answers the same each time, in the form that was asked for."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.sandbox.model import answer, tokens, vector

MOOD = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["negative", "neutral", "positive"]},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 10}, "minItems": 2},
        "count": {"type": "integer", "minimum": 3, "maximum": 9},
        "is_urgent": {"type": "boolean"},
        "nothing": {"type": ["null", "string"]},
        "other": {"anyOf": [{"const": "x"}, {"type": "integer"}]},
    },
    "required": ["label", "score", "tags", "count"],
    "additionalProperties": False,
}


@given(st.text(max_size=300), st.lists(st.text(max_size=300), max_size=3))
def test_what_it_answers_fits_the_schema(task: str, data: list[str]) -> None:
    reply = answer(task, data, MOOD)
    jsonschema.validate(json.loads(reply.text), MOOD)
    assert reply == answer(task, data, MOOD)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Great product, I love it", "positive"),
        ("It came broken and late", "negative"),
        ("It is a lamp", "neutral"),
    ],
)
def test_moods_follow_plain_words(text: str, label: str) -> None:
    assert json.loads(answer("How is the mood?", [text], MOOD).text)["label"] == label


def test_a_choice_is_the_one_whose_words_are_in_the_text() -> None:
    schema: dict[str, Any] = {"enum": ["billing", "late delivery", "other"]}
    assert json.loads(answer("Which?", ["My delivery is late"], schema).text) == "late delivery"


def test_an_answer_is_cut_where_it_must_end() -> None:
    reply = answer("Tell me everything about lamps and shelves and chairs", max_tokens=3)
    assert (len(reply.text), reply.is_cut, reply.output_tokens) == (12, True, 3)
    assert not answer("Short").is_cut


def test_tokens_are_counted_in_both_directions() -> None:
    reply = answer("12345678", ["1234"])
    assert (reply.input_tokens, reply.output_tokens) == (3, tokens(reply.text))


def test_vectors_are_near_for_near_texts() -> None:
    lamp, lamps, chair = vector("red lamp", 64), vector("lamp red", 64), vector("blue chair", 64)
    assert lamp == lamps != chair
    assert sum(value * value for value in lamp) == pytest.approx(1, abs=1e-4)
