"""Tests that need more than Python: run where the programs are found, named where they are not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.node import find_node

REQUIRED = "WIREPOST_TEST_SERVICES"
"""Set to `all`, a missing program is a failure instead of a skip."""


def _program(name: str) -> Callable[[], Path | None]:
    def find() -> Path | None:
        found = shutil.which(name)
        return Path(found) if found else None

    return find


FINDERS: dict[str, Callable[[], Path | None]] = {
    "node": find_node,
    "npm": _program("npm"),
}
"""What `@pytest.mark.services("…")` may name, and how it is found."""


def missing(programs: tuple[str, ...]) -> list[str]:
    """Those of `programs` that this machine does not have."""
    return [name for name in programs if FINDERS[name]() is None]


def check_services(item: pytest.Item) -> None:
    """Skip a test whose programs are missing, or fail it where all of them must be there."""
    for marker in item.iter_markers("services"):
        absent = missing(marker.args)
        if absent and os.environ.get(REQUIRED) == "all":
            pytest.fail(f"needs {', '.join(absent)}, and {REQUIRED}=all", pytrace=False)
        if absent:
            pytest.skip(f"needs {', '.join(absent)}")
