"""Findings about the server and its port."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from wirepost.cli.findings.finding import Finding
from wirepost.cli.findings.server import server as look_at_server
from wirepost.core.clock import Clock
from wirepost.settings import ServerSettings, Settings
from wirepost.store.owner import DataDirectory


def look(data_dir: Path, port: int, host: str = "127.0.0.1") -> list[Finding]:
    return list(look_at_server(Settings(data_dir=data_dir, server=ServerSettings(host=host, port=port))))


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        return int(endpoint.getsockname()[1])


@pytest.fixture
def other_program() -> Iterator[int]:
    """Somebody who listens and says nothing we know."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "fine"}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_runs_and_the_port_is_free(tmp_path: Path, free_port: int) -> None:
    found = look(tmp_path, free_port)
    assert [each.status for each in found] == ["skipped", "ok"]
    assert found[0].fix == "wirepost serve"
    assert look(tmp_path, 0)[1].what == "any free port"


def test_another_program_has_the_port(tmp_path: Path, other_program: int) -> None:
    finding = look(tmp_path, other_program)[1]
    assert finding.status == "error"
    assert finding.what == f"another program has port {other_program}"
    assert finding.fix == f"wirepost serve --port {other_program + 1}, or set server.port"


def test_an_address_that_is_not_of_this_machine_is_an_error(tmp_path: Path) -> None:
    assert "cannot be used" in look(tmp_path, 9, host="203.0.113.1")[1].what  # TEST-NET-3, RFC 5737


@pytest.mark.slow
def test_a_running_server_is_ours_on_whatever_port(home: Path, server: str, free_port: int) -> None:
    found = look(home / ".local" / "share" / "wirepost", free_port)
    assert [each.status for each in found] == ["ok", "ok"]
    assert "offers" in found[0].what
    assert found[1].what.startswith(f"{server} answers as Wirepost ")


@pytest.mark.slow
def test_a_wirepost_with_another_directory_is_told_apart(server: str, tmp_path: Path) -> None:
    finding = look(tmp_path, urlsplit(server).port or 0)[1]
    assert finding.what.startswith("a Wirepost with another data directory has port")


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[DataDirectory]:
    """An owner of the data directory that accepts nobody."""
    directory = DataDirectory(tmp_path)
    directory.acquire(Clock())
    yield directory
    directory.release()


def test_an_owner_that_does_not_answer_is_an_error(owner: DataDirectory, free_port: int) -> None:
    owner.announce(f"http://127.0.0.1:{free_port}", 1)
    found = look(Path(owner.path), free_port)
    assert [each.status for each in found] == ["error", "error"]
    assert (found[0].fix or "").startswith("kill ")
    assert found[1].what == f"http://127.0.0.1:{free_port} does not answer"


def test_an_owner_need_not_serve_http(owner: DataDirectory, free_port: int) -> None:
    assert look(Path(owner.path), free_port)[1].status == "skipped"


def test_a_data_directory_that_cannot_be_looked_into_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (found,) = look(tmp_path / "file", 0)
    assert found.status == "error"
    assert "Not a directory" in found.what
