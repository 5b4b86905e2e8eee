"""`wirepost`: finds the command that was asked for and loads nothing else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from wirepost.cli.options import HELP_OPTIONS, WANTS_JSON, single_command
from wirepost.cli.output import FAILED, print_error, print_note
from wirepost.core.errors import CallError, ConfigError

COMMANDS = (
    *("serve", "mcp", "channel", "demo", "doctor", "install"),
    *("tools", "connections", "webhooks", "events", "approvals", "jobs", "files"),
    *("tokens", "config", "policy", "audit", "ai", "sandbox"),
)
"""Each is the `app` of the module of the same name beside this one."""
STDOUT = 1


class Commands(TyperGroup):
    """Loads the module of a command when the command is looked up."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is typer's
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the same
        """The command, or `None` for an unknown one."""
        if cmd_name not in COMMANDS:
            return None
        short = {"mcp": _front, "channel": _channel}
        found = short.get(cmd_name) or import_module(f"wirepost.cli.{cmd_name}").app
        command = typer.main.get_command(found)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command; a mistyped one is refused with the one that was probably meant."""
        # Usage may be wrong before the option is read; behind a -- there are no options.
        ctx.meta[WANTS_JSON] = "--json" in args[: args.index("--") if "--" in args else None]
        close = get_close_matches(args[0], COMMANDS, n=1)
        if close and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Errors that have an explanation are explained; all others are faults and show where they arose."""
        try:
            return super().invoke(ctx)
        except (ConfigError, CallError) as error:
            raise typer.Exit(print_error(error, is_json=bool(ctx.meta.get(WANTS_JSON)))) from None
        except TyperException as error:
            if not ctx.meta.get(WANTS_JSON):
                raise
            misused = ConfigError(error.format_message())
            raise typer.Exit(print_error(misused, is_json=True)) from None


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP_OPTIONS,
)


_front = single_command()


@_front.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def mcp(context: typer.Context) -> None:
    """Speak MCP over stdio. For clients that start their servers as programs."""
    from wirepost.cli.front import main

    main(context.args)


_channel = single_command()


@_channel.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
def channel(context: typer.Context) -> None:
    """Push events into a session of Claude Code. For that client, which starts it as a program."""
    from wirepost.cli.channel import main

    main(context.args)


def _show_version(value: bool) -> None:  # noqa: FBT001 - the signature of an option's callback
    if value:
        from importlib.metadata import version

        typer.echo(f"wirepost {version('wirepost')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Wirepost: a server between AI agents and business systems.

    Try it without an account: wirepost demo
    """


class Output(FileIO):
    """Standard output that remembers why it could not be written."""

    problem: OSError | None = None

    def write(self, content: Any, /) -> Any:
        """Raises `OSError`, as any file."""
        try:
            return super().write(content)
        except OSError as problem:
            self.problem = problem
            raise


def run() -> None:
    """Run the command line; ends the process with 0, 1 failed, 2 misused or 3 refused."""
    _open_closed_streams()
    output, before = Output(STDOUT, "w", closefd=False), sys.stdout
    sys.stdout = TextIOWrapper(
        BufferedWriter(output), before.encoding, before.errors, line_buffering=bool(before.line_buffering)
    )
    try:
        app()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        if output.problem and not isinstance(output.problem, BrokenPipeError):  # `head` has read enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)  # for the flush that Python ends with
            print_note(f"error: standard output cannot be written: {output.problem.strerror}")
            sys.exit(FAILED)


def _open_closed_streams() -> None:
    """Put something where a standard stream is closed, or the next file or connection would be in its place.

    Standard output then still cannot be written, so that a command whose result is lost fails.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nothing = os.open(os.devnull, os.O_WRONLY if name == "stderr" else os.O_RDONLY)
            if nothing != number:
                os.dup2(nothing, number)
                os.close(nothing)
            os.set_inheritable(number, True)  # noqa: FBT003 - takes it by position only
            setattr(sys, name, open(number, "r" if name == "stdin" else "w"))  # noqa: PTH123, SIM115
