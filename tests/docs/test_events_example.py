"""The example of events runs as its page says, offline: an agent and a program hear of the same refund."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "events"
SECRET = "whsec_" + "bm90IGEgc2VjcmV0LCBvbmx5IGFuIGV4YW1wbGUhIQ=="
SEND = ("-m", "wirepost", "events", "send", "payment.refunded")


class Folder:
    """A copy of the example, and what was started in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.started = path, list[subprocess.Popen[str]]()
        mine = {name: value for name, value in os.environ.items() if not name.startswith("WIREPOST_")}
        self.environment = {**mine, "PROGRAM_SECRET": SECRET, "WIREPOST__LOGGING__LEVEL": "warning"}

    def start(self, *command: str, until: str | None = None) -> tuple[subprocess.Popen[str], str]:
        """A program that stays, and its line with `until`."""
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
        return process, next(line for line in process.stdout if until in line) if until else ""

    def run(self, *command: str) -> str:
        """What a program prints that ends well."""
        result = subprocess.run(
            [sys.executable, *command],
            check=False,
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    path = tmp_path / "events"
    shutil.copytree(EXAMPLE, path, ignore=shutil.ignore_patterns(".wirepost", "__pycache__"))
    folder = Folder(path)
    yield folder
    for process in folder.started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def status_of_a_forged_request(url: str) -> int:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    headers = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    connection.request("POST", "/", b"{}", headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_refund_reaches_the_agent_and_the_program(folder: Folder) -> None:
    program, listening = folder.start("program.py", "0", until="listening at")
    folder.environment["WIREPOST__SINKS__HTTP__PROGRAM__URL"] = listening.split()[-1]
    assert status_of_a_forged_request(listening.split()[-1]) == 401
    folder.start("-m", "wirepost", "serve", "--port", "0", until="running at")
    folder.run(*SEND)
    folder.run(*SEND, "--set", "data.object.amount_refunded=900")
    heard = folder.run("agent.py")
    assert heard.startswith("payment.refunded: ")
    assert "9.00 USD" in heard, "the refund of one dollar is below what the subscription asks for"
    assert program.stdout is not None
    assert "9.00 USD" in program.stdout.readline()
    waited = folder.run("-m", "wirepost", "tools", "call", "event_wait", "subscription=refunds", "wait_s=0")
    assert '"pending":0' in waited.replace(" ", "")
