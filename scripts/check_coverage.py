"""Refuse an untested branch where every one of them matters; reads the `.coverage` file of the last run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMPLETE = ("calls", "connections", "core", "store", "tools", "upstream")
"""Packages whose lines and branches are all tested; a package is added once it is complete, and stays."""
WITH_POSTGRES = ("calls", "store")
"""Some of their branches are for several servers on one PostgreSQL."""


def main() -> int:
    """Print each gap as file and lines."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "--fail-under=0", "-o", str(report)]
        subprocess.run(command, cwd=ROOT, check=True)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    packages = [name for name in COMPLETE if name not in WITH_POSTGRES or _has_postgres()]
    gaps = []
    for path, measured in sorted(files.items()):
        inside = path.partition("src/wirepost/")[2].split("/", 1)[0]
        lines, branches = measured["missing_lines"], measured["missing_branches"]
        if inside in packages and (lines or branches):
            shown = [str(line) for line in lines] + [f"{start}→{end}" for start, end in branches]
            gaps.append(f"{path}: {', '.join(shown)}")
    print("\n".join(gaps) or f"every branch of {', '.join(packages)} is tested")
    return 1 if gaps else 0


def _has_postgres() -> bool:
    """Whether the tests that need it were run."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.postgres import find_postgres

    return find_postgres() is not None


if __name__ == "__main__":
    sys.exit(main())
