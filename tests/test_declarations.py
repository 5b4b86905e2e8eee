"""What is declared somewhere is gathered."""

from __future__ import annotations

import ast

from support.sources import SRC, python_files
from wirepost.declarations import declared_tools


def declared_in(text: str) -> set[str]:
    """Names of functions under `@tool`."""
    return {
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.AsyncFunctionDef)
        for each in node.decorator_list
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "tool"
    }


def test_every_tool_of_the_source_is_gathered_once() -> None:
    names = [tool.name for tool in declared_tools()]
    assert len(names) == len(set(names))
    written = set[str]().union(*(declared_in(path.read_text()) for path in python_files("src")))
    assert set(names) == written, SRC
