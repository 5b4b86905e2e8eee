"""The words of a unit of work load nothing, so that whoever only names them stays light."""

from __future__ import annotations

import subprocess
import sys

from wirepost.store.tx import placeholders


def test_naming_the_database_does_not_load_the_driver():
    modules = "wirepost.store.database, wirepost.store.keys, wirepost.store.retention"
    program = f"import sys, {modules}; print('apsw' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"


def test_a_list_has_a_parameter_for_each_value():
    assert [placeholders(values) for values in ([], ["a"], {"a": 1, "b": 2})] == ["", "?", "?, ?"]
