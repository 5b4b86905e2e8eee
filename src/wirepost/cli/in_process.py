"""`wirepost mcp --in-process`: the pump of the front, with the server at its other end in this process."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading

from wirepost.cli.front import INPUT, OUTPUT, explained, pump, refuse

LAST_LINES_S = 1.0


def serve_inside(config: str | None, data_directory: str) -> int:
    """Serve one client until it closes standard input; the exit code."""
    source, target = _take_over()
    gc.disable()
    from wirepost.core import log
    from wirepost.server.quick_start import defer_packages

    defer_packages()
    from wirepost.server.stdio import run_in_process
    from wirepost.settings import load_settings

    inside, outside = socket.socketpair()
    carrier = threading.Thread(target=pump, args=(outside, source, target), daemon=True)
    try:
        settings = load_settings(config, overrides={"data_dir": data_directory})
        log.configure(settings.logging.level, settings.logging.format)
        run_in_process(settings, inside, on_ready=carrier.start)
    except explained() as problem:
        return refuse(problem, source, target)
    inside.close()
    carrier.join(timeout=LAST_LINES_S)
    return 0


def _take_over() -> tuple[int, int]:
    """Move the client's streams to descriptors nobody else knows.

    From now on whatever prints, in this process or a child, prints to standard error, and nobody can read the
    client's messages away. Nothing is moved back: text that a buffer still holds at the end must not reach
    the client either.
    """
    source, target = os.dup(INPUT), os.dup(OUTPUT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, INPUT)
    os.close(nothing)
    os.dup2(sys.stderr.fileno(), OUTPUT)
    return source, target
