"""The index says of every tool what its declaration says, and no code is loaded for that."""

from __future__ import annotations

import subprocess
import sys

import orjson
import pytest

from wirepost.declarations import declared_tools
from wirepost.providers import load_provider, provider_names
from wirepost.tools.catalog import wire_entry
from wirepost.tools.index import IndexedTool, all_tools, render

DECLARED = {tool.name: tool for tool in declared_tools()}
INDEXED = {tool.name: tool for tool in all_tools()}
PROVIDERS = [load_provider(name) for name in provider_names()]

LISTING = """
import sys
from wirepost.tools.catalog import ToolList
from wirepost.tools.index import all_tools
entries = ToolList(all_tools()).entries
code = ("wirepost.providers", "wirepost.toolsets")
print(len(entries), *(name for name in sys.modules if name.startswith(code)))
"""


def test_every_declared_tool_is_in_the_index_in_the_same_order() -> None:
    assert list(INDEXED) == list(DECLARED)


@pytest.mark.parametrize("name", DECLARED)
def test_the_index_says_what_the_declaration_says(name) -> None:
    indexed, declared = INDEXED[name], DECLARED[name]
    assert wire_entry(indexed) == wire_entry(declared)
    for fact in ("risk", "scopes", "toolset", "starts_job", "is_provider_tool"):
        assert getattr(indexed, fact) == getattr(declared, fact), fact
    assert [indexed.runs_on(each) for each in PROVIDERS] == [declared.runs_on(each) for each in PROVIDERS]


@pytest.mark.parametrize("name", ["stripe_create_refund", "connection_list", "crm_search_records"])
def test_what_only_the_code_knows_comes_from_it(name) -> None:
    indexed, declared = INDEXED[name], DECLARED[name]
    assert isinstance(indexed, IndexedTool)
    assert indexed.declared is declared
    assert indexed.operation is declared.operation
    assert (indexed.needs, indexed.returns, indexed.is_page) == (
        declared.needs,
        declared.returns,
        declared.is_page,
    )
    assert (indexed.planner, indexed.reconciler) == (declared.planner, declared.reconciler)
    assert (indexed.example, indexed.long_help) == (declared.example, declared.long_help)
    assert indexed.output_schema == declared.output_schema
    assert list(indexed.arguments_model.model_fields) == list(declared.arguments_model.model_fields)


def test_an_attribute_that_no_tool_has_is_missed_as_usual() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = INDEXED["connection_list"].colour  # type: ignore[attr-defined]
    assert not hasattr(INDEXED["connection_list"], "__colour__")


def test_a_list_needs_no_code_of_tools() -> None:
    printed = subprocess.run(
        [sys.executable, "-c", LISTING], check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == [str(len(DECLARED))]


def test_the_index_has_a_line_for_each_tool() -> None:
    lines = render(DECLARED.values(), PROVIDERS).splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("[", "]", len(DECLARED) + 2)
    assert [orjson.loads(line.rstrip(","))["name"] for line in lines[1:-1]] == list(DECLARED)
