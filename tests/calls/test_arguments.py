"""Reading arguments: exactly four slips are forgiven, each with a warning; all else is one clear refusal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import pytest

from support.samples import (
    Address,
    Line,
    NamedText,
    board_list_cards,
    sample_get_note,
    sample_list_notes,
    sample_send_note,
    sample_update_note,
)
from wirepost.calls.arguments import MAX_ARGUMENT_BYTES, Reading, read
from wirepost.core.errors import InvalidCall
from wirepost.tools.tool import AnyTool


def update(**arguments: Any) -> Reading:
    return read(sample_update_note, {"note": "n_1", **arguments})


def refusal(tool: AnyTool, arguments: Mapping[str, Any]) -> InvalidCall:
    with pytest.raises(InvalidCall) as refused:
        read(tool, arguments)
    assert refused.value.code == "invalid_arguments"
    return refused.value


def wrong_paths(**arguments: Any) -> list[str]:
    return [field["path"] for field in refusal(sample_update_note, {"note": "n_1", **arguments}).fields]


# --- what is right is read as it is ---


def test_right_arguments_are_typed_and_give_no_warning() -> None:
    reading = update(
        text="5",
        count=3,
        ratio=0.5,
        is_done=False,
        state="open",
        tags=["a", "1"],
        scores=[1, 2],
        labels=[{"name": "a", "value": "b"}],
        lines=[{"product": "p", "quantity": 2}],
        address={"city": "Oslo", "floor": 3},
        connection="one",
        intent="tidy up",
    )
    assert reading.warnings == []
    assert reading.own == {
        "note": "n_1",
        "text": "5",
        "count": 3,
        "ratio": 0.5,
        "is_done": False,
        "state": "open",
        "tags": ["a", "1"],
        "scores": [1, 2],
        "labels": [NamedText(name="a", value="b")],
        "lines": [Line(product="p", quantity=2)],
        "address": Address(city="Oslo", floor=3),
    }
    assert (reading.connection, reading.intent) == ("one", "tidy up")


def test_defaults_are_the_published_ones() -> None:
    reading = read(sample_list_notes, {})
    assert (reading.limit, reading.max_tokens, reading.mode) == (20, 6000, "execute")
    assert (reading.cursor, reading.fields, reading.connection, reading.intent) == (None, None, None, None)


def test_common_arguments_are_kept_apart_from_the_tools_own() -> None:
    reading = read(
        sample_send_note,
        {"note": "n_1", "mode": "preview", "confirmation": "t", "reason": "asked", "intent": "i"},
    )
    assert reading.own == {"note": "n_1"}
    assert reading.canonical == {"note": "n_1"}
    assert (reading.mode, reading.confirmation, reading.reason) == ("preview", "t", "asked")


# --- the four slips ---


@pytest.mark.parametrize(
    ("arguments", "name", "value", "count"),
    [
        # 1. an object where a list of name and value is expected
        ({"labels": {"a": "b", "c": "d"}}, "labels", [("a", "b"), ("c", "d")], 1),
        ({"labels": {"a": 5, "b": True, "c": 1.5}}, "labels", [("a", "5"), ("b", "true"), ("c", "1.5")], 1),
        ({"labels": {}}, "labels", [], 1),
        # 2. one value where a list is expected
        ({"tags": "a"}, "tags", ["a"], 1),
        ({"scores": 5}, "scores", [5], 1),
        ({"lines": {"product": "p"}}, "lines", [Line(product="p")], 1),
        ({"lines": [{"product": "p", "tags": "a"}]}, "lines", [Line(product="p", tags=["a"])], 1),
        # 3. a number written as text
        ({"count": "10"}, "count", 10, 1),
        ({"count": "0"}, "count", 0, 1),
        ({"ratio": "0.25"}, "ratio", 0.25, 1),
        ({"ratio": "-1e3"}, "ratio", -1000.0, 1),
        ({"is_done": "true"}, "is_done", True, 1),
        ({"is_done": "False"}, "is_done", False, 1),
        ({"scores": ["1", 2, "-3"]}, "scores", [1, 2, -3], 2),
        ({"lines": [{"product": "p", "quantity": "7"}]}, "lines", [Line(product="p", quantity=7)], 1),
        # 4. JSON text where a list or an object is expected
        ({"tags": '["a", "b"]'}, "tags", ["a", "b"], 1),
        ({"address": '{"city": "Oslo"}'}, "address", Address(city="Oslo"), 1),
        ({"lines": ['{"product": "p"}']}, "lines", [Line(product="p")], 1),
        # and together
        ({"labels": '{"a": "b"}'}, "labels", [("a", "b")], 2),
        ({"lines": '{"product": "p", "quantity": "3"}'}, "lines", [Line(product="p", quantity=3)], 3),
        ({"scores": "5"}, "scores", [5], 2),
    ],
)
def test_a_slip_is_forgiven_with_a_warning(
    arguments: dict[str, Any], name: str, value: Any, count: int
) -> None:
    reading = update(**arguments)
    read_value = reading.own[name]
    if name == "labels":
        read_value = [(item.name, item.value) for item in read_value]
    assert read_value == value
    assert type(read_value) is type(value)
    assert len(reading.warnings) == count
    assert all(warning.startswith(name) for warning in reading.warnings)


def test_a_forgiven_slip_is_the_same_call_as_the_right_one() -> None:
    right = update(count=10, tags=["a"], labels=[{"name": "x", "value": "1"}], address={"city": "Oslo"})
    slipped = update(count="10", tags="a", labels={"x": 1}, address='{"city": "Oslo"}')
    assert slipped.canonical == right.canonical
    assert slipped.hash == right.hash


def test_common_arguments_are_forgiven_too() -> None:
    reading = read(sample_list_notes, {"limit": "5", "fields": "id"})
    assert (reading.limit, reading.fields) == (5, ["id"])
    assert len(reading.warnings) == 2


def test_text_that_is_no_json_stays_one_value() -> None:
    assert update(tags="[a").own["tags"] == ["[a"]
    assert update(tags="7").own["tags"] == ["7"]
    assert update(tags='"a"').own["tags"] == ['"a"']


def test_null_is_the_same_as_absent() -> None:
    """Several clients send every declared argument, with null for those that were not chosen."""
    nulls = {"text": None, "tags": None, "address": {"city": "Oslo", "zip": None}, "connection": None}
    reading = update(**nulls)
    assert reading.own["text"] is None
    assert reading.hash == update(address={"city": "Oslo"}).hash
    assert reading.warnings == []


# --- everything else is refused ---


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": "10.0"},
        {"count": 10.0},
        {"count": 10.5},
        {"count": True},
        {"count": " 10"},
        {"count": "10 "},
        {"count": "+10"},
        {"count": "1_0"},
        {"count": "--5"},
        {"count": "-"},
        {"count": ""},
        {"count": "0x10"},
        {"count": "010"},
        {"count": "\N{ARABIC-INDIC DIGIT SEVEN}"},
        {"count": "9" * 5000},
        {"count": 2**70},
        {"count": [10]},
        {"count": {}},
        {"count": -1},
        {"count": 1001},
        {"ratio": "nan"},
        {"ratio": "inf"},
        {"ratio": "-Infinity"},
        {"ratio": "1e999"},
        {"ratio": "1_000.5"},
        {"ratio": " 1.5"},
        {"ratio": "1."},
        {"ratio": ".5"},
        {"ratio": True},
        {"is_done": 1},
        {"is_done": 0},
        {"is_done": "yes"},
        {"is_done": "1"},
        {"is_done": ""},
        {"text": 5},
        {"text": ["a"]},
        {"text": {"a": 1}},
        {"text": True},
        {"state": "opened"},
        {"state": "OPEN"},
        {"state": ""},
        {"state": ["open"]},
        {"tags": 5},
        {"tags": [5]},
        {"tags": [None]},
        {"tags": [["a"]]},
        {"scores": ["a"]},
        {"scores": [1.5]},
        {"address": "Oslo"},
        {"address": ["Oslo"]},
        {"address": '["Oslo"]'},
        {"address": "null"},
        {"address": 5},
        {"address": {}},
        {"address": {"city": 5}},
        {"labels": "a"},
        {"labels": [{"name": "a"}]},
        {"labels": [["a", "b"]]},
        {"labels": {"a": None}},
        {"labels": [{"name": "a", "value": 5}]},
        {"labels": {str(number): "x" for number in range(51)}},
        {"lines": [{"product": "p", "quantity": 0}]},
        {"lines": [{"product": "p", "quantity": "many"}]},
        {"connection": 5},
        {"connection": ["one"]},
        {"intent": ""},
        {"intent": "x" * 81},
        {"intent": 7},
    ],
    ids=lambda arguments: json.dumps(arguments)[:40],
)
def test_anything_else_is_refused_naming_the_field(arguments: dict[str, Any]) -> None:
    (name,) = arguments
    assert {path.partition(".")[0] for path in wrong_paths(**arguments)} == {name}


def test_an_object_that_could_be_one_field_or_two_is_refused() -> None:
    """`{"name": …, "value": …}` is one element of the list, or two fields with these names: nobody knows."""
    assert wrong_paths(labels={"name": "colour", "value": "red"}) == ["labels"]
    assert wrong_paths(labels={"value": "red", "name": "colour"}) == ["labels"]
    assert [item.name for item in update(labels={"name": "x"}).own["labels"]] == ["name"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_no_json_are_refused(value: float) -> None:
    assert refusal(sample_update_note, {"note": "n_1", "ratio": value}).fields[0]["path"] == "ratio"
    assert refusal(sample_update_note, {"note": "n_1", "labels": {"a": value}}).fields


def test_unknown_arguments_are_refused_with_what_was_probably_meant() -> None:
    error = refusal(sample_update_note, {"note": "n_1", "txt": "secret words"})
    assert error.fields[0]["path"] == "txt"
    assert "did you mean text?" in error.fields[0]["problem"]
    assert "text" in error.fields[0]["allowed"]
    nested = refusal(sample_update_note, {"note": "n_1", "lines": [{"product": "p", "quantty": 2}]})
    assert nested.fields[0]["path"] == "lines.0.quantty"
    assert "did you mean quantity?" in nested.fields[0]["problem"]
    assert nested.fields[0]["allowed"] == ["product", "quantity", "tags"]


def test_an_unknown_argument_without_neighbours_lists_what_there_is() -> None:
    error = refusal(board_list_cards, {"zzzzzz": 1})
    assert error.fields == [
        {"path": "zzzzzz", "problem": "is not an argument", "allowed": ["colour", "cursor", "limit"]}
    ]


def test_common_arguments_of_other_tools_are_unknown() -> None:
    for name in ("intent", "mode", "confirmation", "reason", "cursor", "limit"):
        assert refusal(sample_get_note, {"note": "n", name: "x"}).fields[0]["path"] == name


def test_one_error_names_every_wrong_field() -> None:
    error = refusal(
        sample_update_note,
        {"text": 5, "count": 5000, "state": "x", "lines": [{"quantity": "a"}, {}], "other": 1},
    )
    assert {field["path"] for field in error.fields} == {
        "note",
        "text",
        "count",
        "state",
        "lines.0.product",
        "lines.0.quantity",
        "lines.1.product",
        "other",
    }
    assert "(and 7 more)" in error.message
    problems = {field["path"]: field["problem"] for field in error.fields}
    assert problems["note"] == "is required"
    assert problems["count"] == "must be at most 1000"
    assert problems["state"] == "must be one of open, done"


def test_bounds_and_choices_say_what_is_allowed() -> None:
    assert refusal(sample_update_note, {"note": "n", "count": -1}).message.endswith(
        "count must be at least 0"
    )
    error = refusal(sample_update_note, {"note": "n", "state": "shut"})
    assert error.fields[0]["allowed"] == ["open", "done"]


def test_a_refusal_names_the_tool_and_the_way_to_an_example() -> None:
    error = refusal(sample_get_note, {})
    assert error.message == "sample_get_note: note is required"
    assert "connection_help" in str(error.hint)


def test_the_number_of_named_fields_is_bounded() -> None:
    error = refusal(sample_get_note, {f"x{number}": 1 for number in range(150)})
    assert len(error.fields) == 20
    assert "(and 150 more)" in error.message


def test_more_arguments_than_any_tool_has_are_not_looked_at_one_by_one() -> None:
    error = refusal(sample_get_note, {f"x{number}": 1 for number in range(110_000)})
    assert error.message == "110000 arguments were given; no tool has more than 200"


def test_a_refusal_is_short_whatever_the_names_are() -> None:
    error = refusal(sample_get_note, {"note": "n", "x" * 100_000: 1})
    assert len(json.dumps(error.payload())) < 2000


HIDDEN = "hunter2-hunter2"


@pytest.mark.parametrize(
    "arguments",
    [
        {"note": [HIDDEN]},
        {"note": HIDDEN * 10},
        {"note": "n", "count": HIDDEN},
        {"note": "n", "ratio": HIDDEN},
        {"note": "n", "is_done": HIDDEN},
        {"note": "n", "state": HIDDEN},
        {"note": "n", "tags": [{HIDDEN: HIDDEN}]},
        {"note": "n", "scores": [HIDDEN]},
        {"note": "n", "address": HIDDEN},
        {"note": "n", "address": {"city": [HIDDEN]}},
        {"note": "n", "labels": HIDDEN},
        {"note": "n", "lines": [{"product": {"a": HIDDEN}}]},
        {"note": "n", "unknown": HIDDEN},
        {"note": "n", "text": f"{HIDDEN}\ud800"},
    ],
)
def test_values_are_never_echoed(arguments: dict[str, Any]) -> None:
    assert HIDDEN not in json.dumps(refusal(sample_update_note, arguments).payload())


def test_warnings_do_not_repeat_texts() -> None:
    reading = update(tags=HIDDEN, address=json.dumps({"city": HIDDEN}), labels={HIDDEN: HIDDEN})
    assert HIDDEN not in "".join(reading.warnings)


# --- size and depth ---


def test_arguments_beyond_the_size_limit_are_refused() -> None:
    error = refusal(sample_update_note, {"note": "n", "text": "x" * MAX_ARGUMENT_BYTES})
    assert str(MAX_ARGUMENT_BYTES) in error.message
    assert update(text="x" * (MAX_ARGUMENT_BYTES - 100)).own["text"]


@pytest.mark.parametrize("depth", [100, 250, 300, 2000, 100_000])
def test_deep_arguments_are_refused(depth: int) -> None:
    text = "[" * depth + "]" * depth
    assert wrong_paths(address=text) == ["address"]
    nested: Any = []
    for _ in range(depth):
        nested = [nested]
    assert refusal(sample_update_note, {"note": "n", "text": nested}).fields[0]["path"] in {
        "text",
        "arguments",
    }
    assert wrong_paths(labels={"a": nested})


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {1: 2}, object(), b"x", {"a": {"b": "\ud800"}}])
def test_what_is_no_json_is_refused(value: Any) -> None:
    assert "not JSON" in refusal(sample_get_note, {"note": value}).message
    assert refusal(sample_update_note, {"note": "n", "labels": {"x": value}})


@pytest.mark.parametrize("half", ["\ud800", "a\udc00b"])
def test_half_a_character_is_refused_wherever_it_stands(half: str) -> None:
    problems = [
        refusal(sample_update_note, {"note": "n", **arguments}).fields[0]["problem"]
        for arguments in ({"text": half}, {"tags": [half]}, {"labels": {half: "x"}}, {half: "x"})
    ]
    assert all("lone surrogate" in problem for problem in problems)
    assert wrong_paths(address='{"city": "\\ud800"}') == ["address"]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"text": "a\0b"}, "text"),
        ({"tags": ["a", "\0"]}, "tags"),
        ({"labels": {"\0": "x"}}, "labels"),
        ({"labels": [{"name": "x", "value": "\0"}]}, "labels"),
        ({"lines": [{"product": "p\0"}]}, "lines"),
        ({"lines": [{"product": "p", "\0": "x"}]}, "lines"),
        ({"address": '{"city": "\\u0000"}'}, "address"),
        ({"connection": "\0"}, "connection"),
        ({"\0": "x"}, "arguments"),
    ],
    ids=repr,
)
def test_the_null_character_is_refused_wherever_it_stands(arguments: dict[str, Any], path: str) -> None:
    error = refusal(sample_update_note, {"note": "n", **arguments})
    assert error.fields == [{"path": path, "problem": "contains U+0000"}]
    assert "\\u0000" not in json.dumps(error.payload())


def test_the_words_for_the_null_character_are_text_like_any_other() -> None:
    assert update(text="it writes \\u0000").own["text"] == "it writes \\u0000"


@pytest.mark.parametrize(("name", "shown"), [("\ud800", "arguments"), (1, "1"), ("x" * 100, "x" * 80)])
def test_a_refusal_can_itself_be_written_as_json(name: Any, shown: str) -> None:
    error = refusal(sample_get_note, {"note": "n", name: object()})
    assert [field["path"] for field in error.fields] == [shown]
    assert json.dumps(error.payload()).encode()


# --- canonical form ---


def test_the_hash_does_not_depend_on_order_or_on_defaults() -> None:
    one = read(sample_update_note, {"note": "n", "text": "a", "count": 1})
    other = read(sample_update_note, {"text": "a", "note": "n"})
    assert one.hash == other.hash


def test_the_hash_depends_on_every_own_argument() -> None:
    plain = update().hash
    changes: list[dict[str, Any]] = [
        {"text": "a"},
        {"count": 2},
        {"ratio": 1},
        {"is_done": False},
        {"state": "open"},
        {"tags": []},
        {"scores": [1]},
        {"labels": []},
        {"lines": []},
        {"address": {"city": "Oslo"}},
    ]
    hashes = [update(**change).hash for change in changes]
    assert len({plain, *hashes}) == len(changes) + 1


def test_the_hash_does_not_depend_on_common_arguments() -> None:
    assert update(intent="a", connection="one").hash == update(intent="b").hash
