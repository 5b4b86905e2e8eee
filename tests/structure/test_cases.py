"""Every case that must hold is proven by a test that carries its number, and no test names another one."""

from __future__ import annotations

import ast
import re

from support.sources import ROOT, parsed, python_files

PAGE = ROOT / "docs" / "explain" / "cases.md"
NUMBER = re.compile(r"\b12\.[0-9]\.[0-9]+[a-z]?\b")


def listed() -> list[str]:
    """The numbers of the page, in order."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    heads = [line.split("|")[1].strip() for line in lines if line.startswith("|")]
    return [head for head in heads if NUMBER.fullmatch(head)]


def proven() -> set[str]:
    """The numbers in docstrings of tests."""
    tests = [
        node
        for path in python_files("tests")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]
    return {number for test in tests for number in NUMBER.findall(ast.get_docstring(test) or "")}


def test_every_case_is_proven_and_every_number_is_a_case() -> None:
    cases = listed()
    assert cases
    assert proven() == set(cases)


def test_cases_are_in_order_and_each_comes_once() -> None:
    cases = listed()
    assert cases == sorted(set(cases))
