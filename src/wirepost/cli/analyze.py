"""`wirepost ai analyze`: the texts of a whole file, judged fifty at a time by the default model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli import rows
from wirepost.cli.options import Config, DataDir, read_settings
from wirepost.cli.output import print_note
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.settings import Loaded

TOOL = "ai_analyze_text"
PAGE = 50
"""Texts that one call takes."""
FOUND = ("label", "score", "language", "rationale", "summary")

Row = dict[str, Any]


def analyze(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with names in line 1, or JSON lines.")],
    *,
    task: Annotated[str, typer.Option(help="sentiment, category, urgency, language or summary.")],
    labels: Annotated[str | None, typer.Option(help="Choices, such as delivery,price.")] = None,
    field: Annotated[str, typer.Option(help="The column with the text.")] = "text",
    against: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Say how often the label is what this column has.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New file; standard output if left out.")
    ] = None,
    form: Annotated[rows.Form | None, typer.Option("--format", show_default="by its name")] = None,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Judge the texts of a file; writes its rows with what was found, as JSON lines."""
    given = list(rows.read(path, form or rows.form_of(path)))
    for number, row in enumerate(given, 1):
        if not isinstance(row.get(field), str):
            raise ConfigError(
                f"has no text under {field} in row {number}", file=str(path), hint="see --field"
            )
        if against is not None and against not in row:
            raise ConfigError(f"has no column {against} in row {number}", file=str(path))
    asked: Row = {"task": task, **({"labels": labels.split(",")} if labels else {})}
    judged = _judged(read_settings(config, data_dir), given, field, asked)
    if output is None:
        done = _write(judged, lambda line: typer.echo(line, nl=False))
    else:
        with rows.new_file(output) as file:
            done = _write(judged, file.write)
        print_note(f"{output}: {len(done)} rows")
    if against is not None:
        print_note(_agreement([str(row[against]) for row in given], [str(row["label"]) for row in done]))


def _judged(loaded: Loaded, given: Sequence[Row], field: str, asked: Row) -> Iterator[Row]:
    """Each row with what was found, a call for fifty of them."""
    from wirepost.cli.calling import call_tool, print_outcome

    for start in range(0, len(given), PAGE):
        page = given[start : start + PAGE]
        items = [row[field] for row in page]
        outcome = call_tool(loaded, TOOL, {**asked, "items": items}, {}, may_ask=False)
        if outcome.is_error:
            raise typer.Exit(print_outcome(outcome, as_json=False))
        for row, item in zip(page, outcome.envelope["data"]["items"], strict=True):
            error = {"error": item["error"]["message"]} if "error" in item else {}
            yield {**row, "label": None, **{name: item[name] for name in FOUND if name in item}, **error}
        print_note(f"… {start + len(page)}/{len(given)}")


def _write(judged: Iterator[Row], write: Callable[[bytes], Any]) -> list[Row]:
    done = []
    for row in judged:
        write(rows.in_json(row))
        done.append(row)
    return done


def _agreement(truth: Sequence[str], said: Sequence[str]) -> str:
    """How often they are the same, beside what it takes no model for."""
    if not truth:
        return "there is nothing to compare"
    right = sum(one == other for one, other in zip(truth, said, strict=True))
    commonest, count = Counter(truth).most_common(1)[0]
    return (
        f"{right} of {len(truth)} are right ({right / len(truth):.1%}); "
        f"always saying {commonest} would be right {count} times ({count / len(truth):.1%})"
    )
