"""JSON with comments is edited in place: what is not ours stays to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.cli.clients.jsonc import CannotEdit, JsonFile

FILE = JsonFile("mcpServers")
ENTRY = {"command": "/bin/wirepost", "args": ["mcp"]}

COMMENTED = """\
// My servers
{
    "theme": "dark", // not "light"
    /* servers
       of mine */
    "mcpServers": {
        // the first
        "other": {"command": "x", "args": ["--a", "//no comment"]}, // keep
    },
    "numbers": [1, 2.50, 1e3,],
}
"""


def test_an_entry_goes_in_behind_the_others_and_comments_stay() -> None:
    edited = FILE.put(COMMENTED, "wirepost", ENTRY)
    added = [line for line in edited.splitlines() if line not in COMMENTED.splitlines()]
    assert added == [
        '        "wirepost": {',
        '            "command": "/bin/wirepost",',
        '            "args": ["mcp"]',
        "        },",
    ]
    assert FILE.find(edited, "wirepost") == ENTRY
    assert FILE.remove(edited, "wirepost") == COMMENTED


def test_a_comma_is_put_before_a_comment_that_follows() -> None:
    text = '{\n  "mcpServers": {\n    "other": {} // last\n  }\n}\n'
    assert FILE.put(text, "wirepost", {"command": "w"}) == (
        '{\n  "mcpServers": {\n    "other": {}, // last\n'
        '    "wirepost": {\n      "command": "w"\n    }\n  }\n}\n'
    )


def test_a_comment_that_follows_keeps_the_line_ends_of_the_file() -> None:
    text = '{\r\n  "mcpServers": {\r\n    "other": {} // last\r\n  }\r\n}\r\n'
    assert FILE.put(text, "wirepost", {"command": "w"}) == (
        '{\r\n  "mcpServers": {\r\n    "other": {}, // last\r\n'
        '    "wirepost": {\r\n      "command": "w"\r\n    }\r\n  }\r\n}\r\n'
    )


def test_an_entry_that_is_there_is_replaced_where_it_stands() -> None:
    text = '{"mcpServers": {"wirepost": {"command": "old"}, "z": 1}}'
    edited = FILE.put(text, "wirepost", ENTRY)
    assert list(json.loads(edited)["mcpServers"]) == ["wirepost", "z"]
    assert FILE.find(edited, "wirepost") == ENTRY


def test_the_same_entry_changes_nothing() -> None:
    text = '{"mcpServers":{"wirepost":{"args":["mcp"],"command":"/bin/wirepost"}}}'
    assert FILE.put(text, "wirepost", ENTRY) == text


def test_a_file_on_one_line_stays_on_one_line() -> None:
    assert FILE.put('{"a": 1}', "w", {"command": "x"}) == '{"a": 1, "mcpServers": {"w": {"command": "x"}}}'
    assert FILE.put('{"mcpServers": {}}', "w", {"command": "x"}) == '{"mcpServers": {"w": {"command": "x"}}}'


@pytest.mark.parametrize("text", ["", "\n", "{}", "{\n}\n", "\ufeff{}"])
def test_an_empty_file_gets_the_group_and_the_entry(text: str) -> None:
    assert FILE.parse(FILE.put(text, "wirepost", ENTRY)) == {"mcpServers": {"wirepost": ENTRY}}


def test_indentation_and_line_ends_are_those_of_the_file() -> None:
    edited = FILE.put('{\r\n\t"mcpServers": {\r\n\t\t"o": {}\r\n\t}\r\n}\r\n', "w", {"command": "x"})
    assert edited == (
        '{\r\n\t"mcpServers": {\r\n\t\t"o": {},\r\n'
        '\t\t"w": {\r\n\t\t\t"command": "x"\r\n\t\t}\r\n\t}\r\n}\r\n'
    )


def test_removal_takes_the_right_comma() -> None:
    for names in (["w", "a"], ["a", "w"], ["a", "w", "b"], ["w"]):
        text = json.dumps({"mcpServers": {name: {} for name in names}}, indent=2)
        left = {name: {} for name in names if name != "w"}
        assert json.loads(FILE.remove(text, "w")) == {"mcpServers": left}
        assert json.loads(FILE.remove(json.dumps(json.loads(text)), "w")) == {"mcpServers": left}
    assert FILE.remove("{}", "w") == "{}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "does not hold an object"),
        ('{"mcpServers": []}', "mcpServers is not an object"),
        ('{"a": 1,\n"a": 2}', "line 2 has the key 'a' a second time"),
        ('{"a": 1}\n{"b": 2}', "something behind the end, on line 1"),
        ('{"a": \n nope}', "line 2 is not JSON"),
        ('{"a" 1}', "line 1 is not JSON"),
        ("{'a': 1}", "line 1 is not JSON"),
        ('{"a": [1 2]}', "line 1 is not JSON"),
        ('{"a": "x', "line 1 is not JSON"),
        ('{"a": "\\x"}', "line 1 is not JSON"),
        ('{"a":' + "[" * 200, "nested too deeply"),
        ("{", "line 1 is not JSON"),
    ],
)
def test_what_is_not_understood_is_left_alone(text: str, says: str) -> None:
    with pytest.raises(CannotEdit, match=says):
        FILE.put(text, "wirepost", ENTRY)


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
servers = st.dictionaries(
    st.sampled_from(["wirepost", "a", "b"]), st.dictionaries(st.text(max_size=4), plain, max_size=2)
)


@given(
    st.dictionaries(st.text(max_size=4), values, max_size=3),
    st.none() | servers,
    st.sampled_from([None, 2, 4, "\t"]),
)
def test_any_json_keeps_everything_else(
    content: dict[str, Any], there: dict[str, Any] | None, indent: Any
) -> None:
    if there is not None:
        content = {**content, "mcpServers": there}
    text = json.dumps(content, indent=indent)
    if not isinstance(content.get("mcpServers", {}), dict):
        return
    edited = FILE.put(text, "wirepost", ENTRY)
    before = content.get("mcpServers", {})
    assert json.loads(edited) == {**content, "mcpServers": {**before, "wirepost": ENTRY}}
    left = {name: value for name, value in before.items() if name != "wirepost"}
    assert json.loads(FILE.remove(edited, "wirepost")) == {**content, "mcpServers": left}


@given(st.text(alphabet='{}[]:,"/*\\ \n\tanwu1.-'))
def test_any_text_is_edited_or_refused(text: str) -> None:
    try:
        edited = FILE.put(text, "wirepost", ENTRY)
    except CannotEdit:
        return
    assert FILE.find(edited, "wirepost") == ENTRY
