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


def main() -> int:
    """Print each gap as file and lines."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        command = [sys.executable, "-m", "coverage", "json", "--quiet", "--fail-under=0", "-o", str(report)]
        subprocess.run(command, cwd=ROOT, check=True)
        files = json.loads(report.read_text(encoding="utf-8"))["files"]
    gaps = []
    for path, measured in sorted(files.items()):
        inside = path.partition("src/wirepost/")[2].split("/", 1)[0]
        lines, branches = measured["missing_lines"], measured["missing_branches"]
        if inside in COMPLETE and (lines or branches):
            shown = [str(line) for line in lines] + [f"{start}→{end}" for start, end in branches]
            gaps.append(f"{path}: {', '.join(shown)}")
    print("\n".join(gaps) or f"every branch of {', '.join(COMPLETE)} is tested")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
