"""Form fields and search queries, read back by decoders that are not ours."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specmock.values import brackets
from wirepost.providers.stripe.encoding import all_of, any_of, compared, contains, equals, form, labelled

NAMES = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
TEXTS = st.text(max_size=20)
LEAVES = TEXTS | st.integers() | st.booleans()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


def as_text(value: Any) -> Any:
    """What a form can carry of a value: texts, and lists as numbered entries."""
    if isinstance(value, dict):
        return {name: as_text(item) for name, item in value.items()}
    if isinstance(value, list):
        return {str(index): as_text(item) for index, item in enumerate(value)}
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_encoded_is_decoded_by_the_specification_server(params):
    """12.2.3h: nested parameters arrive as they were meant."""
    body = urlencode(form(params), errors="surrogatepass")
    assert brackets(parse_qsl(body, keep_blank_values=True, errors="surrogatepass")) == as_text(params)


def test_nested_parameters_use_brackets():
    params = {
        "items": [{"price": "price_1", "quantity": 2}],
        "metadata": {"intent_id": "x"},
        "expand": ["data.a"],
    }
    assert form(params) == (
        ("items[0][price]", "price_1"),
        ("items[0][quantity]", "2"),
        ("metadata[intent_id]", "x"),
        ("expand[0]", "data.a"),
    )


def test_absent_values_are_left_out_and_empty_texts_stay():
    assert form({"a": None, "b": "", "c": {"d": None}, "e": False, "f": 0}) == (
        ("b", ""),
        ("e", "false"),
        ("f", "0"),
    )


# The search grammar of https://docs.stripe.com/search: field, key, operator, value; AND or OR between.
_TOKEN = re.compile(
    r"""(?P<field>[a-z_.]+)(\["(?P<key>(?:\\.|[^"\\])*)"\])?(?P<op>:|~|>=|<=|>|<|=)"""
    r"""(?:"(?P<text>(?:\\.|[^"\\])*)"|(?P<number>-?\d+))""",
    re.VERBOSE | re.DOTALL,
)


def parsed(query: str) -> list[tuple[str, str | None, str, str]]:
    """The clauses of a query, or an error when it is not one."""
    clauses, position, joints = [], 0, set()
    while True:
        match = _TOKEN.match(query, position)
        assert match, f"no clause at {position} of {query!r}"
        text = match["text"] if match["text"] is not None else match["number"]
        clauses.append(
            (match["field"], match["key"], match["op"], re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL))
        )
        position = match.end()
        if position == len(query):
            assert len(joints) <= 1, "AND and OR do not mix"
            return clauses
        joint = re.compile(" (AND|OR) ").match(query, position)
        assert joint, f"no joint at {position} of {query!r}"
        joints.add(joint[1])
        position = joint.end()


HOSTILE = st.text(alphabet=st.sampled_from('"\\ :~<>=-ANDOR[]aé\n\x00{}()'), max_size=30) | st.text(
    max_size=30
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_hostile_values_never_change_the_structure_of_a_query(name, value, third):
    query = all_of([labelled(name, value), equals("email", third), contains("name", value)])
    clauses = parsed(query)
    assert [(field, operator) for field, _, operator, _ in clauses] == [
        ("metadata", ":"),
        ("email", ":"),
        ("name", "~" if len(value) >= 3 else ":"),
    ]
    printable = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", third)
    assert clauses[1][3] == printable


def test_numbers_are_compared_without_quotes_and_absent_ones_are_left_out():
    query = all_of(
        [compared("amount", ">=", 1000), compared("created", "<", None), equals("currency", "eur")]
    )
    assert query == 'amount>=1000 AND currency:"eur"'


@pytest.mark.parametrize(
    ("text", "clause"), [("Jo", 'name:"Jo"'), ("Jon", 'name~"Jon"'), ('a"b', 'name~"a\\"b"')]
)
def test_short_texts_are_matched_whole(text, clause):
    assert contains("name", text) == clause


def test_alternatives_are_joined_by_or():
    assert any_of(['name~"abc"', 'email~"abc"']) == 'name~"abc" OR email~"abc"'
