"""A Redis of one's own for a test, on a free port, with nothing on disk."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path


@cache
def find_redis() -> Path | None:
    """The program, if it is there."""
    found = shutil.which("redis-server")
    return Path(found) if found else None


@contextmanager
def redis_server(directory: Path, password: str | None = None) -> Iterator[str]:
    """Runs while the block does; its address. Needs the marker `services("redis")`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(directory)]
    if password:
        options += ["--requirepass", password]
    command = [str(find_redis()), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert any("Ready to accept connections" in line for line in process.stdout)
            yield f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
        finally:
            process.kill()
