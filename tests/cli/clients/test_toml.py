"""TOML: an entry is a table of its own, all other lines stay."""

from __future__ import annotations

import pytest

from wirepost.cli.clients.jsonc import CannotEdit
from wirepost.cli.clients.toml import TomlFile

FILE = TomlFile("mcp_servers")
ENTRY = {"command": "/bin/wirepost", "args": ["mcp", "--config", 'C:\\x "y"']}
TABLE = '[mcp_servers.wirepost]\ncommand = "/bin/wirepost"\nargs = ["mcp", "--config", "C:\\\\x \\"y\\""]\n'

COMMENTED = """\
# My settings
model = "o"   # the large one

[mcp_servers.other]
command = "x"
args = [
  "[mcp_servers.wirepost]",
]
"""


def test_an_entry_is_appended_and_comments_stay() -> None:
    edited = FILE.put(COMMENTED, "wirepost", ENTRY)
    assert edited == f"{COMMENTED}\n{TABLE}"
    assert FILE.find(edited, "wirepost") == ENTRY
    assert FILE.remove(edited, "wirepost") == COMMENTED
    assert FILE.put(edited, "wirepost", ENTRY) == edited


def test_an_empty_file_gets_the_table() -> None:
    assert FILE.put("", "wirepost", ENTRY) == TABLE
    assert FILE.remove(TABLE, "wirepost") == ""
    assert FILE.remove(COMMENTED, "wirepost") == COMMENTED


def test_a_table_that_is_there_is_replaced_where_it_stands() -> None:
    rest = '\n[mcp_servers.wirepost.env]\nA = "1"\n\n[z]\nb = 2\n'
    text = f'[mcp_servers."wirepost"] # ours\ncommand = "old"\n{rest}'
    edited = FILE.put(text, "wirepost", {**ENTRY, "env": {"A": "1"}})
    assert edited == TABLE + rest
    assert FILE.remove(edited, "wirepost") == "[z]\nb = 2\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = [", "it is not TOML"),
        ('mcp_servers = {other = {command = "x"}}\n', "not TOML"),
        ("mcp_servers = 5\n", "mcp_servers is not a table"),
        ('x = """\n[mcp_servers.wirepost]\n"""\n', "not TOML"),
        ('mcp_servers.wirepost.command = "x"\n', "not TOML"),
    ],
)
def test_what_cannot_be_edited_safely_is_left_alone(text: str, says: str) -> None:
    with pytest.raises(CannotEdit, match=says):
        FILE.put(text, "wirepost", ENTRY)


def test_an_entry_that_is_no_table_of_its_own_is_not_removed() -> None:
    with pytest.raises(CannotEdit):
        FILE.remove('mcp_servers.wirepost.command = "x"\n', "wirepost")
