"""JSON against its schema: no request leaves, no pattern hangs, no word of the answer is repeated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.contracts.generation import Usage
from wirepost.core.errors import InvalidCall
from wirepost.toolsets.ai.structured import Shape, read_schema, total

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"label": {"enum": ["a", "b"]}, "code": {"type": "string", "pattern": "^(x+x+)+y$"}},
    "required": ["label"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ({"label": "c"}, "/properties/label/enum"),
        ({}, "/required"),
        ({"label": "a", "secret words": 1}, "/additionalProperties"),
        ([], "/type"),
    ],
)
def test_a_problem_is_told_by_its_place_in_the_schema(answer: Any, place: str) -> None:
    assert Shape(SCHEMA).problems(json.dumps(answer)) == [f"it does not meet {place}"]


def test_what_fits_has_no_problem_and_what_is_no_json_has_one() -> None:
    assert Shape(SCHEMA).problems('{"label": "a", "code": "xxy"}') == []
    assert Shape(SCHEMA).problems('```json\n{"label": "a"}\n```') == ["it is not JSON"]
    assert Shape(SCHEMA).problems("[" * 100_000) == ["it is not JSON"]


def test_a_pattern_that_others_try_for_years_is_answered_at_once() -> None:
    assert Shape(SCHEMA).problems(json.dumps({"label": "a", "code": "x" * 5000})) == [
        "it does not meet /properties/code/pattern"
    ]


@given(st.text(min_size=12))
def test_no_word_of_an_answer_is_in_a_problem(word: str) -> None:
    told = " ".join(Shape(SCHEMA).problems(json.dumps({"label": word, word: word})))
    assert word not in told


@pytest.mark.parametrize("text", ["", "3", '{"type": "object", "properties": 3}', '{"properties": {}}'])
def test_what_is_no_schema_of_an_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidCall, match="is no JSON Schema"):
        read_schema(text)


def test_usages_are_summed_and_a_cost_is_known_where_all_are() -> None:
    one = Usage(input_tokens=1, output_tokens=2, cached_input_tokens=1, cost="0.1")
    other = Usage(input_tokens=3, cost="0.25")
    assert total([one, other]) == Usage(input_tokens=4, output_tokens=2, cached_input_tokens=1, cost="0.35")
    assert total([one, Usage(input_tokens=1)]).cost is None
    assert total([]) == Usage(cost="0")
