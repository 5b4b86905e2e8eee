"""Fixtures for the specification server: the vendor's published description judges every request."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from specmock import SpecMock, load_apis

TESTS = Path(__file__).resolve().parent.parent
CONFIG = TESTS / "specs" / "specmock.json"


@functools.cache
def described(name: str) -> dict[str, Any]:
    """The parsed description of one API; parsing takes most of a second, so it happens once per process."""
    return load_apis(CONFIG, {name})


def new_mock(name: str = "stripe") -> SpecMock:
    """A server without a socket that nobody checks afterwards: for requests that are wrong on purpose."""
    return SpecMock(described(name))


@pytest.fixture
def stripe_mock() -> Iterator[SpecMock]:
    """Stripe's description without a socket: give `stripe_mock.transport()` to an httpx2 client.

    Its base address is `http://mock/stripe`. The test fails if one request broke the description.
    """
    mock = new_mock()
    yield mock
    broken = [
        f"{seen['method']} {seen['path']}: {seen['violation']}"
        for seen in mock.journal
        if "violation" in seen
    ]
    assert broken == []


@dataclass(frozen=True)
class SpecmockServer:
    """A running specification server: `stripe` is the base address of its Stripe."""

    base: str
    stripe: str

    def stub(self, **stub: Any) -> None:
        """Answer one operation differently; refused if the description does not allow the answer."""
        self._control("POST", "stubs", json={"api": "stripe", **stub}).raise_for_status()

    def requests(self, **wanted: str) -> list[dict[str, Any]]:
        """What arrived since the last `forget()`, filtered by fields such as `operation`."""
        found: list[dict[str, Any]] = self._control("GET", "requests", params=wanted).json()
        return found

    def violations(self) -> list[dict[str, Any]]:
        """Requests that broke the description."""
        found: list[dict[str, Any]] = self._control("GET", "violations").json()
        return found

    def forget(self) -> None:
        """Drop the journal and all stubs (violations still fail the run at its end)."""
        self._control("DELETE", "requests")

    def _control(self, method: str, what: str, **options: Any) -> httpx2.Response:
        return httpx2.request(method, f"{self.base}/__specmock/{what}", **options)


@contextlib.contextmanager
def running_specmock(errors: Path, *names: str) -> Iterator[SpecmockServer]:
    """Start a server of its own on a free port; leaving it fails if a request broke a description."""
    command = [
        sys.executable,
        str(TESTS / "specmock"),
        "--config",
        str(CONFIG),
        "--port",
        "0",
        "--fail-on-violation",
    ]
    if names:
        command += ["--only", ",".join(names)]
    with (
        errors.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"specmock did not start: {errors.read_text()}"
        ready = json.loads(line)
        try:
            yield SpecmockServer(ready["ready"], ready["apis"]["stripe"])
        finally:
            process.terminate()
            code = process.wait(10)
    assert code == 0, errors.read_text()


@pytest.fixture(scope="session")
def specmock_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpecmockServer]:
    """One specification server for the whole run of this worker."""
    with running_specmock(tmp_path_factory.mktemp("specmock") / "errors.log") as server:
        yield server


@pytest.fixture
def specmock_server(specmock_process: SpecmockServer) -> SpecmockServer:
    """A specification server over real HTTP, with an empty journal and no stubs."""
    specmock_process.forget()
    return specmock_process
