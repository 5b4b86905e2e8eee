"""Node for the clients that other people wrote: found, or installed once from the lock file."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "clients"
MODULES = CLIENTS / "node_modules"
OLDEST = (22, 19)
"""The Inspector needs it; the conformance suite runs from 22.0 on."""
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def bundled_node() -> Path:
    """Where the Node of `tests/clients/package.json` is once installed (Linux only)."""
    architecture = _ARCHITECTURES.get(platform.machine().lower(), "x64")
    return MODULES / f"node-linux-{architecture}" / "bin" / "node"


@cache
def find_node() -> Path | None:
    """A Node that is new enough: the installed one first, then the system's."""
    system = shutil.which("node")
    for candidate in (bundled_node(), Path(system) if system else None):
        if candidate is not None and _version(candidate) >= OLDEST:
            return candidate
    return None


def _version(node: Path) -> tuple[int, int]:
    if not node.exists():
        return (0, 0)
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", shown)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def install_modules() -> Path:
    """Install exactly what the lock file says, once per state of it and one process at a time; the folder."""
    wanted = hashlib.sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".installed"
    with (CLIENTS / ".install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=CLIENTS, check=True, capture_output=True, text=True)
            stamp.write_text(wanted)
            find_node.cache_clear()
    return MODULES


def node_environment(node: Path) -> dict[str, str]:
    """The environment in which scripts that start `node` by name get this one."""
    return {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
