"""Starting a server in the background, and waiting until it accepts connections; imports next to nothing."""

# What this module imports is waited for before the server even begins to start:
# ruff: noqa: PTH105, PTH110, PTH118, PTH123, PTH202

from __future__ import annotations

import fcntl
import itertools
import os
import select
import socket
import subprocess

from wirepost.cli.detached import command
from wirepost.cli.front import CannotStart, connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from wirepost.core.errors import ConfigError
    from wirepost.store.owner import DataDirectory, Owner

START_S = 30
"""A server that is not there by then will not come."""
ANSWER_S = 5
"""How long another owner of the data directory may take to start, or to close its files when it ends."""
TICK_MS = 20
LARGEST_LOG = 5 * 2**20
SHOWN_LOG = 2000


def launch_and_connect(
    directory: DataDirectory, config: str | None, *, patience_s: float = ANSWER_S
) -> socket.socket:
    """Start a server for a data directory, unless somebody else just did, and connect to it.

    Of several fronts that find no server at the same moment, one starts it while the others wait. Raises
    `CannotStart`, or `ConfigError` when another process keeps the directory to itself.
    """
    directory.create()
    with open(os.path.join(directory.path, "launch.lock"), "ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for _ in range(3):
            server = _wait_for_owner(directory, patience_s) or _launch(directory, config)
            if server is not None:
                return server
    raise CannotStart(f"no server could be started; {_log_end(directory.log_path)}")


def _wait_for_owner(directory: DataDirectory, patience_s: float) -> socket.socket | None:
    """A connection to a server that is starting or ending right now; `None` once nobody owns it."""
    for waited_s in _ticks():
        owner = directory.find_owner()
        if owner is None:
            break
        server = connect(directory.socket_path)
        if server is not None:
            return server
        if waited_s >= patience_s + owner.ends_within_s:
            raise _still_there(directory, owner)
    return None


def _still_there(directory: DataDirectory, owner: Owner) -> ConfigError:
    from wirepost.core.errors import ConfigError

    does = "does not end" if owner.url else "uses this data directory for itself alone"
    return ConfigError(
        f"process {owner.pid} {does}",
        file=directory.path,
        hint="end it, or choose another directory with --data-dir",
    )


def _launch(directory: DataDirectory, config: str | None) -> socket.socket | None:
    """Start a server; `None` when it found that another one was faster."""
    with _open_log(directory.log_path) as log:
        child = subprocess.Popen(  # noqa: S603 - our own program
            command(directory.path, config),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            start_new_session=True,
        )
    if child.stdout is None:
        raise CannotStart("its output cannot be read")
    with child.stdout as output:
        is_ready = _is_ready(output)
    if is_ready:
        child.returncode = 0  # it outlives this process, which therefore never waits for it
        return connect(directory.socket_path)
    if child.wait(timeout=START_S):
        raise CannotStart(_log_end(directory.log_path))
    return None


def _is_ready(output: IO[bytes]) -> bool:
    """Whether the server announced itself; it says one line, once it accepts connections."""
    poll = select.poll()
    poll.register(output, select.POLLIN)
    if not poll.poll(START_S * 1000):
        raise CannotStart(f"the server has not answered within {START_S} s")
    return bool(os.read(output.fileno(), 1))


def _open_log(path: str) -> IO[bytes]:
    """The log of servers that run in the background, for this user alone; a large one is set aside first."""
    if os.path.exists(path) and os.path.getsize(path) > LARGEST_LOG:
        os.replace(path, path.removesuffix(".log") + ".old.log")
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _log_end(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            lines = log.read()[-SHOWN_LOG:].strip().splitlines()
    except OSError:
        lines = []
    return f"{lines[-1] if lines else 'it said nothing'} (more in {path})"


def _ticks() -> Iterator[float]:
    """Come back every few milliseconds; how many seconds that has been so far."""
    for count in itertools.count():
        yield count * TICK_MS / 1000
        select.select([], [], [], TICK_MS / 1000)
