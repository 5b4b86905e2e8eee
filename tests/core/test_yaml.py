"""YAML 1.2 as plain values with lines; mistakes and bombs are refused by place."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core import yaml
from wirepost.core.errors import ConfigError


def read(text: str) -> Any:
    return yaml.read(text, "a.yaml").value


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        yaml.read(text, "a.yaml")
    return str(caught.value)


# The scalars of YAML 1.2.2, example 10.8 and 10.9, and what 1.1 would have made of others.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-19", -19),
        ("0o7", 7),
        ("0x3A", 58),
        ("0.", 0.0),
        ("-0.5", -0.5),
        ("12e03", 12000.0),
        ("yes", "yes"),
        ("on", "on"),
        ("010", 10),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2026-11-25", "2026-11-25"),
        ('"5"', "5"),
        ("!!str 5", "5"),
        ("", None),
    ],
)
def test_scalars_are_read_by_the_core_schema(text: str, value: object) -> None:
    assert read(f"a: {text}") == {"a": value}
    assert type(read(f"a: {text}")["a"]) is type(value)


def test_an_empty_file_is_nothing() -> None:
    assert read("") is None
    assert read("# only a comment\n") is None


def test_every_key_and_element_knows_its_line() -> None:
    document = yaml.read("a:\n  - x\n  - b: 1\n    c:\n      2\n", "a.yaml")
    assert document.line_of(("a",)) == 1
    assert document.line_of(("a", 0)) == 2
    assert document.line_of(("a", 1, "c")) == 4
    assert document.line_of(("a", 1, "d")) == 3, "an unknown key stands where its group stands"
    assert document.line_of(("z",)) is None


def test_a_key_that_is_there_twice_is_refused_with_both_lines() -> None:
    assert problem("a: 1\nb: 2\na: 3\n") == "a.yaml:3: a: is there twice, first on line 1 (remove one)"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [1, 2", "a.yaml:1: is not YAML"),
        ("a: b: c", "a.yaml:1: is not YAML: mapping values are not allowed here"),
        ("x:\n  y: 1\n z: 2", "a.yaml:3: is not YAML"),
        ("a: *nope", "a.yaml:1: is not YAML: found undefined alias 'nope'"),
        ("\tx: 1", "a.yaml:1: is not YAML"),
        ("a: \x00", "a.yaml: is not YAML"),
        ("a: 1\n---\nb: 2", "a.yaml:2: is not YAML: but found another document"),
        ("!!python/object:os.system x", "has the tag"),
        ("<<: {a: 1}", "uses a merge key"),
        ("? [a]\n: b", "has a key that is not a text"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_by_line(text: str, says: str) -> None:
    assert says in problem(text)


def test_an_alias_is_followed() -> None:
    assert read("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}


def test_aliases_cannot_grow_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "has more than 20000 values" in problem("\n".join(lines))


def test_an_alias_to_itself_is_refused() -> None:
    assert "nested deeper" in problem("a: &a [*a]")


@pytest.mark.parametrize("text", ["[" * 1000, "a: " + "[" * 60 + "]" * 60])
def test_deep_nesting_is_refused(text: str) -> None:
    assert "nested deeper than 40 levels" in problem(text)


def test_a_huge_file_is_refused() -> None:
    assert problem("a: " + "x" * 2**20) == "a.yaml: is larger than 1024 KiB"


def test_a_path_is_shown_as_people_write_it() -> None:
    assert yaml.dotted(("policy", "rules", 0, "effect")) == "policy.rules[0].effect"
    assert yaml.dotted(()) == ""


@given(st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("{}[]:,&*#?|-<>=!%@`'\"\\\n\t ")))
def test_any_text_is_read_or_refused_with_a_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        yaml.read(text, "a.yaml")


# JSON may hold raw line separators that YAML folds, so those stay out.
letters = st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(letters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(letters), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_json_is_read_as_what_it_is(value: Any) -> None:
    assert read(json.dumps({"value": value}, ensure_ascii=False)) == {"value": value}
