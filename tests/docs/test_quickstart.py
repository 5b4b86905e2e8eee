"""The quickstart runs as its page says, offline: over stdio, over HTTP, and twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wirepost.store.owner import DataDirectory

pytestmark = pytest.mark.slow

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("WIREPOST_")}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A copy of the example; the server that its client starts is ended."""
    path = tmp_path / "quickstart"
    shutil.copytree(QUICKSTART, path, ignore=shutil.ignore_patterns(".wirepost", "__pycache__"))
    yield path
    owner = DataDirectory(path / ".wirepost").find_owner()
    if owner is not None:
        os.kill(owner.pid, signal.SIGTERM)


def run(folder: Path, *command: str) -> str:
    result = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_client_refunds_once_over_stdio_and_may_run_again(folder: Path) -> None:
    for _ in range(2):
        said = dict(line.split(": ", 1) for line in run(folder, "client.py").splitlines()[1:])
        assert said["without a confirmation"] == "confirmation_required"
        assert said["the plan"].startswith("Refund 6.00 eur")
        assert said["repeated"] == f"{said['refunded']}, replayed: True"
    assert run(folder, "-m", "wirepost", "audit", "verify").startswith("whole: 12 records")
    asked = ("policy", "explain", "stripe_create_refund", "currency=eur")
    assert run(folder, "-m", "wirepost", *asked, "amount=3.00").startswith("allow")
    assert run(folder, "-m", "wirepost", *asked, "amount=6.00").startswith("confirm")


def test_the_client_refunds_once_over_http(folder: Path) -> None:
    command = [sys.executable, "-m", "wirepost", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = next(line.split()[-1] for line in server.stderr if "running at" in line)
        out = run(folder, "client.py", f"{url}/mcp")
        server.terminate()
        server.communicate(timeout=30)
    assert "replayed: True" in out
