"""The table of who is reached how says what it was checked with, and what tests here use is used by them."""

from __future__ import annotations

import json
import re
from importlib.metadata import version

from support.node import CLIENTS
from wirepost.cli.clients.reach import REACHES


def test_each_client_is_there_once_with_a_date():
    names = [each.client for each in REACHES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"20\d\d-\d\d, (used|documented)", each.checked) for each in REACHES)


def test_what_is_said_to_be_used_is_the_version_that_the_tests_use():
    wanted = json.loads((CLIENTS / "package.json").read_text())["dependencies"]
    present = {
        "AI SDK": f"@ai-sdk/mcp {wanted['@ai-sdk/mcp']}",
        "MCP SDK for Python": version("mcp"),
    }
    assert {each.client: each.version for each in REACHES if each.checked.endswith("used")} == present
