"""`wirepost serve`: the server, in the foreground or in the background."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, DataDir, single_command
from wirepost.cli.output import print_note

if TYPE_CHECKING:
    from wirepost.server.run import Address

app = single_command()


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
) -> None:
    """Run the server. It speaks MCP over HTTP and, for programs that clients start, over a local socket."""
    if background:
        _start_behind(config, data_dir)
        return
    from wirepost.core import log
    from wirepost.settings import load_settings

    given = {"server.host": host, "server.port": port, "data_dir": str(data_dir) if data_dir else None}
    settings = load_settings(
        config, overrides={key: value for key, value in given.items() if value is not None}
    )
    log.configure(settings.logging.level, settings.logging.format)
    from wirepost.server.ports import open_port
    from wirepost.server.quick_start import defer_packages

    endpoint = open_port(settings.server)
    defer_packages()
    from wirepost.server.run import run_server

    run_server(settings, endpoint, announce=_tell_person)


def _tell_person(address: Address) -> None:
    """Where it runs and what to do next."""
    names = ", ".join(address.connections) or "none"
    sys.stderr.write(
        f"""
Wirepost is running at {address.url}

  MCP endpoint   {address.url}/mcp
  Connections    {names}
  Accounts       wirepost connections open         (prints a link to the page where they are connected)
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
    before = directory.find_owner()
    launch_and_connect(directory, file).close()
    owner = directory.find_owner()
    if before and owner and owner.pid == before.pid:  # it may write to a terminal, and no log
        print_note(f"Wirepost was running already at {owner.url} (process {owner.pid})")
        return
    where = f"at {owner.url} (process {owner.pid}; " if owner else "("
    print_note(f"Wirepost is running {where}log in {directory.log_path})")
