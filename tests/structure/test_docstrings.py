"""Every module says in one line what it is for; the source tree in the documents is made of these lines."""

from __future__ import annotations

import ast

from support.sources import parsed, python_files, shown


def test_every_module_starts_with_one_line_of_purpose() -> None:
    silent = []
    for path in python_files("src", "scripts", "tests", "benchmarks", "examples"):
        purpose = (ast.get_docstring(parsed(path)) or "").partition("\n")[0]
        if not purpose.endswith((".", ":", "?")) and "specmock" not in path.parts:
            silent.append(shown(path))
    assert silent == []
