"""What a person waits for at every start loads little; imports are checked, not seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

ALL_HEAVY = {
    "apsw",
    "authlib",
    "cryptography",
    "httpx2",
    "jsonschema",
    "mcp",
    "mcp_types",
    "psycopg",
    "pydantic",
    "rich",
    "ruamel",
    "starlette",
    "structlog",
    "tenacity",
    "typer",
    "uvicorn",
}
HELP = """
import sys
from wirepost.__main__ import main
sys.argv = ["wirepost", "--help"]
try:
    main()
except SystemExit:
    pass
"""
REPORT = """
import json, sys
print("\\n" + json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
STARTS = {
    "the package": ("import wirepost.__main__", set()),
    "the stdio front": ("import wirepost.cli.front", set()),
    "starting a server behind it": ("import wirepost.cli.launch", set()),
    "help": (HELP, {"typer", "rich"}),
}
"""What is started → the code that does it, and which heavy packages it is for."""


@pytest.mark.parametrize("start", STARTS)
def test_a_start_loads_nothing_heavy(start: str) -> None:
    code, needed = STARTS[start]
    quiet = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    command = [sys.executable, "-c", code + REPORT]
    printed = subprocess.run(command, env=quiet, check=True, capture_output=True, text=True).stdout
    loaded = set(json.loads(printed.splitlines()[-1]))
    assert loaded & (ALL_HEAVY - needed) == set()
