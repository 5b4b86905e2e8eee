"""What commands print: tables for people, JSON for programs, errors with what to do about them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from wirepost.core.errors import CallError, ConfigError, NotAllowed

if TYPE_CHECKING:
    from rich.table import Table

FAILED = 1
MISUSED = 2
"""Configuration or usage."""
REFUSED = 3
"""Policy says no, or a confirmation is missing."""

_WIDEST = 200


def print_json(value: Any) -> None:
    """One JSON value, indented on a terminal and compact in a pipe."""
    import orjson

    option = orjson.OPT_INDENT_2 if sys.stdout.isatty() else 0
    typer.echo(orjson.dumps(value, default=str, option=option).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: drawn on a terminal, columns divided by two spaces elsewhere."""
    cells = [[plain(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console

        Console().print(_drawn(columns, cells))
        return
    lines = [[column.upper() for column in columns], *cells]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_note(text: str) -> None:
    """Something beside the result: progress, a hint, where a file went."""
    typer.echo(text, err=True)


def print_error(error: ConfigError | CallError, *, is_json: bool) -> int:
    """The error on one line, or as JSON; returns the exit code."""
    if isinstance(error, ConfigError):
        shown = {"message": error.message, "file": error.file, "line": error.line, "key": error.key}
        shown |= {"hint": error.hint}
        content: dict[str, Any] = {name: value for name, value in shown.items() if value is not None}
        text, code = str(error), MISUSED
    else:
        content = error.payload()
        text = f"{error} ({error.hint})" if error.hint else str(error)
        code = REFUSED if isinstance(error, NotAllowed) else FAILED
    if is_json:
        print_json({"error": content})
    else:
        print_note(f"error: {plain(text)}")
    return code


def plain(cell: object) -> str:
    """A cell without line breaks and control characters, which could rewrite the terminal; lists as JSON."""
    text = "" if cell is None else str(cell)
    if isinstance(cell, dict | list):
        import orjson

        text = orjson.dumps(cell, default=str).decode()
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _drawn(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(Text(cell[:_WIDEST]) for cell in row))
    return table
