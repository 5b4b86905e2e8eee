"""A SQLite file in a directory of its own, for what is about files."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file of this test is, in a directory that does not exist yet."""
    return tmp_path / "directory" / "wirepost.db"
