"""`wirepost serve`: the server, in the foreground or in the background."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, DataDir

if TYPE_CHECKING:
    from wirepost.server.run import Address
    from wirepost.settings import Settings

app = typer.Typer()


@app.command()
def serve(
    *,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="Port; 0 is any free one.", show_default="8484")
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    background: Annotated[bool, typer.Option("--background", help="Return once it runs.")] = False,
    detached: Annotated[bool, typer.Option("--detached", hidden=True)] = False,
) -> None:
    """Run the server: MCP over HTTP, and for programs started by clients over the local socket."""
    if background:
        _start_behind(config, data_dir)
        return
    # Importing makes objects that all stay; looking for garbage among them takes a fifth of the start.
    gc.disable()
    from wirepost.settings import load_settings

    overrides = {"server.host": host, "server.port": port, "data_dir": str(data_dir) if data_dir else None}
    settings = load_settings(
        config, overrides={key: value for key, value in overrides.items() if value is not None}
    )
    _run(settings, is_detached=detached)


def _run(settings: Settings, *, is_detached: bool) -> None:
    from wirepost.core import log
    from wirepost.store.owner import DataDirectory

    log.configure(settings.logging.level, settings.logging.format)
    if is_detached and DataDirectory(settings.data_dir).find_owner():
        return  # another one was faster; whoever started this one finds it
    from wirepost.server.run import run_server

    run_server(settings, announce=_tell_starter if is_detached else _tell_person, is_detached=is_detached)


def _tell_starter(_: Address) -> None:
    """One line says that clients can connect; then standard output goes where standard error goes."""
    os.write(1, b"ready\n")
    os.dup2(2, 1)


def _tell_person(address: Address) -> None:
    """Where it runs and what to do next."""
    names = ", ".join(address.connections) or "none"
    sys.stderr.write(
        f"""
Wirepost is running at {address.url}

  MCP endpoint   {address.url}/mcp
  Connections    {names}
  Add a client   wirepost install claude-code      (or claude-desktop, cursor, vscode, codex, print)
  Try it         wirepost demo
  Stop it        Ctrl-C

"""
    )
    sys.stderr.flush()


def _start_behind(config: Path | None, data_dir: Path | None) -> None:
    from wirepost.cli.launch import launch_and_connect
    from wirepost.core.paths import find_config, find_data_directory
    from wirepost.store.owner import DataDirectory

    file = find_config(str(config) if config else None)
    directory = DataDirectory(find_data_directory(str(data_dir) if data_dir else None, file))
    launch_and_connect(directory, file).close()
    owner = directory.find_owner()
    typer.echo(
        f"Wirepost is running (process {owner.pid if owner else '?'}; log in {directory.log_path})", err=True
    )
