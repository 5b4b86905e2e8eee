"""`wirepost serve --detached`: a server that a front started, on the shortest way; not for typing."""

from __future__ import annotations

import gc
import os
import sys

from wirepost.store.owner import DataDirectory

TYPE_CHECKING = False  # whoever starts it imports this module too, and waits for that
if TYPE_CHECKING:
    from wirepost.server.run import Address

FLAG = "--detached"


def command(data_directory: str, config: str | None) -> list[str]:
    """How a front starts it."""
    return [sys.executable, "-m", "wirepost", "serve", FLAG, data_directory, *([config] if config else [])]


def main(arguments: list[str]) -> None:
    """Serve the data directory named first, with the configuration named second; ends when idle."""
    data_directory, *config = arguments
    # Importing makes objects that all stay; looking for garbage among them takes a fifth of the start.
    gc.disable()
    from wirepost.core.errors import ConfigError

    try:
        if DataDirectory(data_directory).find_owner():
            return  # another one was faster; whoever started this one finds it
        _serve(data_directory, config[0] if config else None)
    except ConfigError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(2)


def _serve(data_directory: str, config: str | None) -> None:
    from wirepost.core import log
    from wirepost.settings import load_settings

    settings = load_settings(config, overrides={"data_dir": data_directory})
    log.configure(settings.logging.level, settings.logging.format)
    from wirepost.server.ports import open_port
    from wirepost.server.quick_start import defer_packages

    endpoint = open_port(settings.server, may_move=True)
    defer_packages()
    from wirepost.server.run import run_server

    run_server(settings, endpoint, announce=_tell_starter, is_detached=True)


def _tell_starter(_: Address) -> None:
    """One line says that clients can connect; then standard output goes where standard error goes."""
    os.write(1, b"ready\n")
    os.dup2(2, 1)
