"""The reference page of the command line, read from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from wirepost.cli.front import USAGE
from wirepost.cli.main import app

_WIDTH = 110

_HEAD = """\
# Command line

<!-- Generated from the commands in `src/wirepost/cli/`; change them and run `make generate`. -->

Tables are for people; `--json` prints JSON for programs, errors included.
Exit codes: 0 done, 1 failed, 2 wrong configuration or usage, 3 refused by policy or not confirmed yet.
Results go to standard output, everything else to standard error.
"""


def page() -> str:
    """Every command with its arguments and options."""
    root = typer.main.get_command(app)
    context = typer.Context(root, info_name="wirepost", terminal_width=_WIDTH, max_content_width=_WIDTH)
    return "\n".join([_HEAD, *_commands(root, context)])


def _commands(group: Any, context: Any) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        below = typer.Context(command, info_name=name, parent=context, **command.context_settings)
        if hasattr(command, "list_commands"):
            yield from _commands(command, below)
        else:
            # The front is no typer command: it starts without typer.
            text = USAGE if name == "mcp" else command.get_help(below)
            yield f"## `{below.command_path}`\n\n```text\n{_tidy(text)}\n```\n"


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
