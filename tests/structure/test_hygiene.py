"""Habits that make tests lie are kept out of them."""

from __future__ import annotations

import re

import pytest

from support.sources import python_files, shown

HABITS = {
    "patching": re.compile(
        r'monkeypatch\.(setattr(?!\(sys, "std)|setitem|delattr)|mocker\.|MagicMock|AsyncMock'
    ),
    "a switch that leaves a test out for good": re.compile(r"pytest\.mark\.skip\b|unittest\.skip"),
    "a fixed port": re.compile(
        r"(bind|create_server|start_server|create_connection)\(\(?[^)]*,\s*(?!0\b)\d+"
    ),
}

EXEMPT = ("structure", "specmock")


@pytest.mark.parametrize("habit", HABITS)
def test_tests_keep_clear_of_habits_that_make_them_lie(habit: str) -> None:
    files = [path for path in python_files("tests") if path.parent.name not in EXEMPT]
    found = [
        f"{shown(path)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if HABITS[habit].search(line)
    ]
    assert found == []
