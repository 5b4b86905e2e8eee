"""The example of approvals runs as its page says, offline: a press in Slack, and one refund."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "refund-approval"
WIREPOST = ("-m", "wirepost")
MOST_PRESSES = 60
"""Until the question stands in the channel; each try is a program of its own."""


class Folder:
    """A copy of the example, and what was started in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.started = path, list[subprocess.Popen[str]]()
        mine = {name: value for name, value in os.environ.items() if not name.startswith("WIREPOST_")}
        self.environment = {**mine, "WIREPOST__LOGGING__LEVEL": "warning"}

    def start(self, *command: str) -> IO[str]:
        """What a program prints that stays."""
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        return process.stdout

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A program that ends."""
        return subprocess.run(
            [sys.executable, *command],
            check=False,
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def press(self, *options: str) -> None:
        """Press a button as soon as it is there."""
        for _ in range(MOST_PRESSES):
            pressed = self.run(*WIREPOST, "sandbox", "press", *options)
            if pressed.returncode == 0:
                return
        pytest.fail(pressed.stderr)

    def refunds(self) -> int:
        """How many were made."""
        listed = self.run(*WIREPOST, "sandbox", "show", "shop", "--json")
        requests = json.loads(listed.stdout)["requests"]
        return sum((each["method"], each["path"]) == ("POST", "/v1/refunds") for each in requests)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    path = tmp_path / "refund-approval"
    shutil.copytree(EXAMPLE, path, ignore=shutil.ignore_patterns(".wirepost", "__pycache__"))
    folder = Folder(path)
    yield folder
    for process in folder.started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.timeout(180)
def test_a_refund_is_made_once_after_the_press_of_who_may_approve(folder: Folder) -> None:
    serving = folder.start(*WIREPOST, "serve", "--port", "0")
    assert any("running at" in line for line in serving)
    agent = folder.start("agent.py")
    assert agent.readline().startswith("approval_required: Refund 1.00")
    folder.press("Approve", "chat", "--user", "U0TEAM003")
    assert folder.refunds() == 0
    folder.press("Approve", "chat")
    assert agent.readline() == "the approval has succeeded\n"
    assert agent.readline().startswith("refunded: re_")
    assert folder.refunds() == 1


@pytest.mark.timeout(180)
def test_a_refund_that_is_denied_is_not_made(folder: Folder) -> None:
    serving = folder.start(*WIREPOST, "serve", "--port", "0")
    assert any("running at" in line for line in serving)
    agent = folder.start("agent.py")
    assert agent.readline().startswith("approval_required: ")
    listed = json.loads(folder.run(*WIREPOST, "approvals", "list", "--json").stdout)
    denied = folder.run(*WIREPOST, "approvals", "deny", listed["waiting"][0]["approval"], "--yes")
    assert denied.returncode == 0, denied.stderr
    assert agent.readline() == "the approval has failed\n"
    assert folder.refunds() == 0
