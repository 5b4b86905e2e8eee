"""A person's machine for the command line: a home, a project folder, and a way to run commands."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from wirepost.cli.main import app

START_S = 30


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; the working directory is a project in it."""
    for name in [name for name in os.environ if name.startswith("WIREPOST_")]:
        monkeypatch.delenv(name)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "CODEX_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "home"
    (folder / "project").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder / "project")
    return folder


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Commands configure the logging of the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def cli() -> Cli:
    """Run a command in this process."""

    def run(*arguments: str, given: str | None = None) -> Ran:
        result = CliRunner().invoke(app, list(arguments), input=given, prog_name="wirepost")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ran(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def configure() -> Callable[[str], Path]:
    """Write the configuration of the project."""

    def write(text: str) -> Path:
        path = Path("wirepost.yaml").absolute()
        path.write_text(text)
        return path

    return write


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    """A server on the default data directory; its address."""
    command = [sys.executable, "-m", "wirepost", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if "running at" in line:
                    yield line.split()[-1]
                    break
            else:
                pytest.fail("the server did not start")
        finally:
            process.terminate()
            process.communicate(timeout=START_S)
