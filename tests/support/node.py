"""Node, and the packages of `tests/clients`, as `scripts/install_clients` left them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "clients"
MODULES = CLIENTS / "node_modules"
CONFORMANCE = MODULES / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
INSPECTOR = MODULES / ".bin" / "mcp-inspector"
OLDEST = (22, 19)
"""The Inspector needs it; the conformance suite runs from 22.0 on."""
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@cache
def find_node() -> Path | None:
    """A Node that is new enough, the installed one first; `None` while the packages are not installed."""
    if not is_current(MODULES / ".lock", CLIENTS / "package-lock.json"):
        return None
    system = shutil.which("node")
    for candidate in (_bundled_node(), Path(system) if system else None):
        if candidate is not None and _version(candidate) >= OLDEST:
            return candidate
    return None


def is_current(installed: Path, lock: Path) -> bool:
    """Whether what was installed (it keeps a copy of its lock) is what the lock file says now."""
    return installed.exists() and installed.read_bytes() == lock.read_bytes()


def node_environment() -> dict[str, str]:
    """The environment in which programs that start `node` by name get ours."""
    node = find_node()
    assert node is not None
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _bundled_node() -> Path:
    architecture = _ARCHITECTURES.get(platform.machine().lower(), "x64")
    return MODULES / f"node-linux-{architecture}" / "bin" / "node"


def _version(node: Path) -> tuple[int, int]:
    if not node.exists():
        return (0, 0)
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)
