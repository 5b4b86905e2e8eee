"""`wirepost install`: put Wirepost into an MCP client's configuration, and take it out again."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, DataDir, Yes, read_settings, single_command
from wirepost.cli.output import FAILED, MISUSED, print_note

if TYPE_CHECKING:
    from wirepost.cli.clients.change import Change
    from wirepost.cli.clients.targets import Target
    from wirepost.settings import Settings

app = single_command()


class Client(StrEnum):
    """Whose configuration."""

    CLAUDE_CODE = "claude-code"
    CLAUDE_DESKTOP = "claude-desktop"
    CURSOR = "cursor"
    VSCODE = "vscode"
    CODEX = "codex"
    PRINT = "print"


@app.command()
def install(
    client: Annotated[Client, typer.Argument(help="The client; print shows what to paste into any other.")],
    *,
    project: Annotated[
        bool, typer.Option("--project", help="For the project in this folder only (cursor, vscode).")
    ] = False,
    user: Annotated[
        bool, typer.Option("--user", help="For all projects (claude-code: prints the command to run).")
    ] = False,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take it out again, from the copy that was kept.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Add Wirepost to an MCP client. Shows the change, asks, keeps a copy, can undo."""
    from wirepost.cli.clients.targets import TARGETS, Place, claude_command, launch_command

    command = launch_command(*_explicit(config, data_dir))
    if client is Client.PRINT:
        _print_all(command, config)
        return
    target, place = TARGETS[client.value], Place.here()
    in_project = project or (target.user_file is None and not user)
    path = target.file(place, in_project=in_project)
    if path is None:
        if target.name == "claude-code" and user:
            print_note("run this:")
            typer.echo("claude mcp remove --scope user wirepost" if undo else claude_command(command))
            return
        print_note(f"error: {target.title} has no file for {'one project' if in_project else 'all projects'}")
        raise typer.Exit(MISUSED)
    change = _plan(target, path, command, undo=undo)
    if not change.is_needed:
        print_note(f"nothing to do: {change.path} {'has no wirepost' if undo else 'is up to date'}")
        return
    if undo:
        _carry_out(change, target, undo=True, yes=yes)
        return
    settings = read_settings(config, data_dir).settings  # an entry that cannot start is not written
    _carry_out(change, target, undo=False, yes=yes)
    _warn_of_variables(settings)


def _explicit(config: Path | None, data_dir: Path | None) -> tuple[str | None, str | None]:
    """What the client must be told, because it starts elsewhere and with another environment."""
    import os

    from wirepost.core.paths import DATA_VARIABLE, find_config

    return find_config(str(config) if config else None), str(data_dir) if data_dir else os.environ.get(
        DATA_VARIABLE
    )


def _plan(target: Target, path: Path, command: list[str], *, undo: bool) -> Change:
    from wirepost.cli.clients.change import plan_install, plan_undo
    from wirepost.cli.clients.jsonc import CannotEdit
    from wirepost.cli.clients.targets import ENTRY_NAME

    try:
        if undo:
            return plan_undo(path, target.form, ENTRY_NAME)
        existing = None
        if path.is_file():
            existing = target.form.find(path.read_bytes().decode(errors="replace"), ENTRY_NAME)
        return plan_install(path, target.form, ENTRY_NAME, target.merged(existing, command))
    except CannotEdit as problem:
        print_note(f"error: {path} is left alone: {problem}")
        if undo:
            print_note(f"take out the entry {ENTRY_NAME} by hand")
        else:
            print_note("paste this into it:\n")
            typer.echo(target.form.snippet(ENTRY_NAME, target.entry(command)))
        raise typer.Exit(FAILED) from None


def _carry_out(change: Change, target: Target, *, undo: bool, yes: bool) -> None:
    from wirepost.core.clock import Clock

    typer.echo(change.diff() + "\n")
    if not yes:
        if not sys.stdin.isatty():
            print_note("error: nobody can be asked here; --yes makes the change")
            raise typer.Exit(MISUSED)
        if not typer.confirm("Make this change?", err=True):
            print_note("nothing was changed")
            raise typer.Exit(FAILED)
    copy = change.carry_out(Clock().now())
    if undo:
        print_note(f"{change.path} is {'gone' if change.after is None else 'as it was'}")
        return
    print_note(f"wrote {change.path}")
    if copy:
        print_note(f"copy of before: {copy} (wirepost install {target.name} --undo goes back)")
    print_note(f"next: {target.after}")


def _warn_of_variables(settings: Settings) -> None:
    """Clients start programs with few variables, so keys that are kept in variables are not there."""
    variables = [
        each.key.name for each in settings.connections.values() if each.key and each.key.kind == "env"
    ]
    if variables:
        print_note(
            f"note: the client does not pass on {', '.join(variables)}; run `wirepost serve` where they are "
            "set, or keep the keys in files (key: file:/absolute/path)"
        )


def _print_all(command: list[str], config: Path | None) -> None:
    from wirepost.cli.clients.over_http import snippets
    from wirepost.cli.clients.targets import ENTRY_NAME, TARGETS, claude_command

    settings = read_settings(config).settings.server
    for target in TARGETS.values():
        file = target.project_file or "its configuration"
        typer.echo(f"# {target.title} ({file})\n{target.form.snippet(ENTRY_NAME, target.entry(command))}\n")
    typer.echo(f"# Claude Code, all projects\n{claude_command(command)}\n")
    typer.echo(f"# Clients that speak HTTP, while `wirepost serve` runs\n{settings.address}/mcp\n")
    for title, text in snippets(settings.address, settings.auth.mode):
        typer.echo(f"# Over HTTP: {title}\n{text}\n")
