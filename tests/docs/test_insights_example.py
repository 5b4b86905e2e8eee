"""The example of insights runs as its page says, offline: once well, and with each stage failing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "customer-insights"
WIREPOST = ("-m", "wirepost")
FIELDS = ["ai_insights", "last_analyzed", "analysis_status"]
READ = "POST /crm/objects/*/contacts/batch/read"
UPDATE = "POST /crm/objects/*/contacts/batch/update"
JUDGE = "POST /v1/*"


class Folder:
    """A copy of the example, and the server that was started in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.started = path, list[subprocess.Popen[str]]()
        mine = {name: value for name, value in os.environ.items() if not name.startswith("WIREPOST_")}
        self.environment = {**mine, "WIREPOST__LOGGING__LEVEL": "warning"}

    def serve(self, connection: str = "", fault: str = "") -> None:
        """Start the server, with a fault of a connection where one is named."""
        if fault:
            config = self.path / "wirepost.yaml"
            head = f"  {connection}:\n"
            text = config.read_text()
            assert text.count(head) == 1
            config.write_text(text.replace(head, f'{head}    faults: ["{fault}"]\n'))
        process = subprocess.Popen(
            [sys.executable, *WIREPOST, "serve", "--port", "0"],
            cwd=self.path,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        assert any("running at" in line for line in process.stdout)

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

    def tool(self, name: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers."""
        given = [
            f"{key}={value if isinstance(value, str) else json.dumps(value)}"
            for key, value in arguments.items()
        ]
        answer = self.run(*WIREPOST, "tools", "call", name, *given)
        assert answer.returncode == 0, answer.stderr
        data: dict[str, Any] = json.loads(answer.stdout)
        return data.get("data", data)

    def record(self) -> dict[str, Any]:
        """The fields of the contact that the example fills."""
        found = self.tool("crm_get_records", object="contact", ids=["100001"], fields=FIELDS)
        fields = found["records"][0]["fields"]
        return {name: fields.get(name) or None for name in FIELDS}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    path = tmp_path / "customer-insights"
    shutil.copytree(EXAMPLE, path, ignore=shutil.ignore_patterns(".wirepost", "__pycache__"))
    folder = Folder(path)
    yield folder
    for process in folder.started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.mark.timeout(180)
def test_what_was_found_is_written_in_fields_that_the_crm_describes(folder: Folder) -> None:
    folder.serve()
    described = folder.tool("crm_describe_object", object="contact", detail="full")
    assert set(FIELDS) <= {each["name"] for each in described["fields"]}
    ran = folder.run("agent.py")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    insights, written = ran.stdout.splitlines()
    assert written == "written: done"
    record = folder.record()
    assert (record["ai_insights"], record["analysis_status"]) == (insights, "done")
    assert record["last_analyzed"]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("stage", "connection", "fault"),
    [
        ("fetch", "crm", f"403;times=1;match={READ}"),
        ("analyse", "model", f"403;times=always;match={JUDGE}"),
        ("write", "crm", f"403;times=1;match={UPDATE}"),
    ],
)
def test_a_record_says_which_stage_failed(folder: Folder, stage: str, connection: str, fault: str) -> None:
    folder.serve(connection, fault)
    ran = folder.run("agent.py")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    failed, written = ran.stdout.splitlines()[-2:]
    assert failed.startswith(f"failed: {stage}: ")
    assert written == f"written: failed: {stage}"
    assert folder.record() == dict.fromkeys(FIELDS) | {"analysis_status": f"failed: {stage}"}


@pytest.mark.timeout(180)
def test_where_nothing_can_be_written_the_record_stays_as_it_was(folder: Folder) -> None:
    folder.serve("crm", f"403;times=always;match={UPDATE}")
    ran = folder.run("agent.py")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    *_, failed, said = ran.stdout.splitlines()
    assert failed.startswith("failed: write: ")
    assert said.startswith("not even that could be written: ")
    assert folder.record() == dict.fromkeys(FIELDS)
