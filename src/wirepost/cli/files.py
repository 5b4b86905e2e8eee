"""`wirepost files`: rows that people give to tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli import rows
from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_note
from wirepost.core.errors import ConfigError
from wirepost.core.times import from_epoch

if TYPE_CHECKING:
    from wirepost.jobs.files import File
    from wirepost.settings import Settings

app = command_group("Files with rows, which tools take as file_ref.")


@app.callback()
def root() -> None:
    """Files with rows, which tools take as file_ref."""


@app.command()
def put(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with names in line 1, or JSON lines.")],
    *,
    form: Annotated[rows.Form | None, typer.Option("--format", show_default="by its name")] = None,
    caller: Annotated[str, typer.Option(help="Id of the caller who may read it.")] = "local",
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Store the rows of a file and print the name under which tools of the caller take them."""
    settings = read_settings(config, data_dir).settings
    stored = asyncio.run(_put(settings, path, form or rows.form_of(path), caller))
    shown = {
        "file_ref": stored.id,
        "rows": stored.rows,
        "size": stored.size,
        "sha256": stored.sha256,
        "expires_at": from_epoch(stored.expires_at),
    }
    if as_json:
        print_json(shown)
        return
    typer.echo(stored.id)
    print_note(f"{stored.rows} rows; kept until {shown['expires_at']}")


async def _put(settings: Settings, path: Path, form: rows.Form, caller: str) -> File:
    from wirepost.cli.post import post

    async def each() -> AsyncIterator[Mapping[str, Any]]:
        for row in rows.read(path, form):
            yield row

    async with post(settings) as place:
        files = place.long_work.files
        written = await files.write(caller, path.name, each())
        if written.is_cut:
            await files.delete(written.file.id)
            most = f"{settings.jobs.max_result_mb:g} MB"
            raise ConfigError(f"is larger than {most}", file=str(path), hint="jobs.max_result_mb allows more")
        return written.file
