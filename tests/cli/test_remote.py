"""The running server over its local socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wirepost.cli.remote import Remote
from wirepost.core.errors import ConfigError
from wirepost.store.owner import DataDirectory

Answer = Callable[[dict[str, Any]], list[dict[str, Any]] | None]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Answer], str]]:
    """A scripted server at the other end: request → messages, or `None` to hang up."""
    listener = socket.socket(socket.AF_UNIX)
    threads = []

    def start(answer: Answer) -> str:
        path = str(tmp_path / "s")
        listener.bind(path)
        listener.listen(1)

        def run() -> None:
            stream, _ = listener.accept()
            with stream, stream.makefile("rwb") as lines:
                for line in lines:
                    request = json.loads(line)
                    answers = [{}] if request["method"] == "initialize" else answer(request)
                    if answers is None:
                        return
                    for each in answers if "id" in request else ():
                        message = {"id": request["id"], "result": {}, **each}
                        lines.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
                    lines.flush()

        thread = threading.Thread(target=run)
        thread.start()
        threads.append(thread)
        return path

    yield start
    listener.close()
    for thread in threads:
        thread.join(timeout=5)


def test_a_call_hears_of_progress_and_returns_the_envelope(serve) -> None:
    progress = {"method": "notifications/progress", "params": {"progress": 1}, "id": None}
    result = {"structuredContent": {"data": 1}, "isError": False}
    path = serve(lambda request: [progress, {"id": "other"}, {"result": result}])
    heard: list[Any] = []
    with Remote(path) as remote:
        assert remote.call_tool("x", {"a": 1}, heard.append) == ({"data": 1}, False)
    assert heard == [{"progress": 1}]


def test_a_refusal_is_told(serve) -> None:
    path = serve(lambda request: [{"error": {"code": -32603, "message": "too busy"}}])
    with Remote(path) as remote, pytest.raises(ConfigError, match="refused tools/call: too busy"):
        remote.call_tool("x", {})


def test_a_line_that_the_server_cannot_read_is_told_though_its_answer_names_no_request(serve) -> None:
    path = serve(lambda request: [{"id": None, "error": {"code": -32700, "message": "Parse error"}}])
    with Remote(path) as remote, pytest.raises(ConfigError, match="refused tools/call: Parse error"):
        remote.call_tool("x", {})


def test_a_server_that_hangs_up_leaves_the_outcome_open(serve) -> None:
    path = serve(lambda request: None if request["method"] == "tools/call" else [])
    with Remote(path) as remote, pytest.raises(ConfigError, match="repeat it with the same intent"):
        remote.call_tool("x", {})


def test_a_socket_nobody_listens_on_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not answer: No such file"):
        Remote(str(tmp_path / "none"))


@pytest.mark.slow
def test_the_real_server_answers(home: Path, server: str) -> None:
    owner = DataDirectory(home / ".local" / "share" / "wirepost").find_owner()
    assert owner is not None
    with Remote(owner.socket) as remote:
        names = [tool["name"] for tool in remote.request("tools/list", {})["tools"]]
    assert "stripe_create_refund" in names
