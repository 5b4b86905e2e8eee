"""`wirepost mcp`: the thin stdio front, which joins a client to the running server, or starts one.

A client waits for this program, so it imports next to nothing until something goes wrong.
"""

from __future__ import annotations

import os
import socket
import sys
from _thread import start_new_thread

from wirepost.core.paths import find_config, find_data_directory
from wirepost.store.owner import DataDirectory

USAGE = """\
usage: wirepost mcp [--config FILE] [--data-dir DIR] [--in-process]

Speaks MCP on standard input and output, for clients that start their servers as programs.
All such programs with the same data directory share one server; it is started if it does not run,
and ends by itself when nobody has used it for a while.

  --config FILE    configuration file (default: wirepost.yaml in the working directory, if there is one)
  --data-dir DIR   data directory (default: the configured one)
  --in-process     run the server inside this program instead; nothing else can use the data directory then
"""
INPUT, OUTPUT = 0, 1
CHUNK = 256 * 1024
LONGEST_REFUSED = 4 * 2**20
_WITH_VALUE = ("--config", "--data-dir")


class Misused(Exception):
    """The command line is wrong."""


class CannotStart(Exception):
    """The server ended while starting; says why."""


def main(arguments: list[str] | None = None) -> None:
    """End the process with 0 at the end of input, 1 when the server cannot start or ends, 2 when misused."""
    sys.exit(run(sys.argv[2:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """The exit code of the front."""
    if "--help" in arguments or "-h" in arguments:
        sys.stdout.write(USAGE)
        return 0
    try:
        options, is_in_process = read_options(arguments)
        config = find_config(options.get("--config"))
        directory = DataDirectory(find_data_directory(options.get("--data-dir"), config))
        if is_in_process:
            from wirepost.cli.in_process import serve_inside

            return serve_inside(config, directory.path)
        server = connect(directory.socket_path)
        if server is None:
            from wirepost.cli.launch import launch_and_connect

            server = launch_and_connect(directory, config)
    except Misused as problem:
        sys.stderr.write(f"wirepost: {problem}\n\n{USAGE}")
        return 2
    except explained() as problem:
        return refuse(problem, INPUT, OUTPUT)
    return pump(server, INPUT, OUTPUT)


def read_options(arguments: list[str]) -> tuple[dict[str, str], bool]:
    """Options by name, and whether the server is to run in this process; raises `Misused`."""
    options: dict[str, str] = {}
    is_in_process = False
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument == "--in-process":
            is_in_process = True
        elif name in _WITH_VALUE:
            value = value if equals else next(rest, "")
            if not value:
                raise Misused(f"{name} needs a value")
            options[name] = value
        else:
            raise Misused(f"unknown argument {argument}")
    return options, is_in_process


def connect(path: str) -> socket.socket | None:
    """A connection to the server, or `None` when none listens."""
    server = socket.socket(socket.AF_UNIX)
    try:
        server.connect(path)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        server.close()
        return None
    return server


def pump(server: socket.socket, source: int, target: int) -> int:
    """Carry bytes both ways until the server closes its side; the exit code.

    Towards the client only whole lines are written, so that nothing but whole messages ever arrives there,
    even when the server dies in the middle of one.
    """
    has_ended: list[bool] = []

    def forward() -> None:
        try:
            while chunk := os.read(source, CHUNK):
                server.sendall(chunk)
            has_ended.append(True)
            server.shutdown(socket.SHUT_WR)
        except OSError:
            return  # the server has gone; the other direction notices and says so

    for stream in (source, target):
        os.set_blocking(stream, True)
    start_new_thread(forward, ())
    begun = b""
    while chunk := _receive(server):
        lines, end, rest = chunk.rpartition(b"\n")
        if end and not _write(target, begun + lines + end):
            return 0
        begun = rest if end else begun + chunk
    if has_ended:
        return 0
    sys.stderr.write("wirepost: the server has ended; start this program again to start it\n")
    return 1


def _receive(server: socket.socket) -> bytes:
    try:
        return server.recv(CHUNK)
    except ConnectionResetError:
        return b""


def _write(target: int, content: bytes) -> bool:
    """False when the client has closed its side, after which there is nothing left to do."""
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(target, view) :]
    except BrokenPipeError:
        return False
    return True


def explained() -> tuple[type[Exception], ...]:
    """What can go wrong and says what it is; looked up only when it does."""
    from wirepost.core.errors import ConfigError

    return ConfigError, CannotStart, OSError


def refuse(problem: Exception, source: int, target: int) -> int:
    """Tell the person (standard error) and the client (as the answer to its first request); the exit code."""
    from wirepost.core.errors import ConfigError

    sys.stderr.write(f"wirepost: {problem}\n")
    sys.stderr.flush()
    if not os.isatty(source):
        _answer_first(f"Wirepost cannot start: {problem}", source, target)
    return 2 if isinstance(problem, ConfigError) else 1


def _answer_first(text: str, source: int, target: int) -> None:
    import json

    with os.fdopen(source, "rb", closefd=False) as lines:
        while line := lines.readline(LONGEST_REFUSED):
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if isinstance(message, dict) and message.get("id") is not None and "method" in message:
                error = {"code": -32603, "message": text}
                answer = {"jsonrpc": "2.0", "id": message["id"], "error": error}
                _write(target, json.dumps(answer).encode() + b"\n")
                return
