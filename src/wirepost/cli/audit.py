"""`wirepost audit`: the record of every attempt, and the proof that nothing in it was changed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import FAILED, print_json, print_note, print_table
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.calls.audit import Verdict
    from wirepost.settings import Loaded, Settings

app = command_group("Prove, list and export the audit log.")

_TOLD_EVERY = 50_000
_HASH = re.compile("[0-9a-f]{64}")


@app.command()
def verify(
    *,
    expect: Annotated[
        str | None, typer.Option("--expect", help="A hash noted earlier that must be part of the chain.")
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Prove that no record was changed, removed or put in between."""
    if expect is not None and not _HASH.fullmatch(expect):
        raise ConfigError("--expect must be 64 hexadecimal digits, as an earlier verify printed them")
    verdict = asyncio.run(walk_chain(read_settings(config, data_dir).settings, expect))
    if as_json:
        shown = {"ok": verdict.is_whole, "records": verdict.records, "head": verdict.head}
        broken = {"broken_at": verdict.broken_at, "problem": verdict.problem}
        print_json(shown if verdict.is_whole else {**shown, **broken})
    elif verdict.is_whole:
        typer.echo(f"whole: {verdict.records} records\nhead:  {verdict.head}")
    else:
        print_note(f"broken at record {verdict.broken_at}: {verdict.problem}")
        print_note(f"the {verdict.records} records before it are whole")
    if not verdict.is_whole:
        raise typer.Exit(FAILED)


@app.command("list")
def list_records(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    tool: Annotated[str | None, typer.Option(help="Only this tool.")] = None,
    caller: Annotated[str | None, typer.Option(help="Only this caller.")] = None,
    result: Annotated[str | None, typer.Option(help="Only this result: ok or an error code.")] = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the newest attempts."""
    wanted = {
        name: value for name, value in (("tool", tool), ("caller", caller), ("result", result)) if value
    }
    found = asyncio.run(_newest(read_settings(config, data_dir), wanted, limit))
    if as_json:
        print_json(found)
        return
    print_table(
        ("record", "at", "caller", "tool", "connection", "decision", "result", "outcome", "intent"),
        [(each["seq"], each["at"], *(each["record"].get(name, "") for name in _LISTED)) for each in found],
    )


@app.command()
def export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File; standard output if left out.")
    ] = None,
    *,
    after: Annotated[int, typer.Option(min=0, help="Only records behind this one.")] = 0,
    config: Config = None,
    data_dir: DataDir = None,
) -> None:
    """Write all records as JSON lines, with the hashes that prove them."""
    loaded = read_settings(config, data_dir)
    if output is None:
        asyncio.run(_export(loaded, after, typer.echo))
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            count = asyncio.run(_export(loaded, after, lambda line: file.write(f"{line}\n")))
    except FileExistsError:
        raise ConfigError("is there already", file=str(output), hint="choose another name") from None
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(output)) from None
    print_note(f"wrote {count} records to {output}")


_LISTED = ("caller", "tool", "connection", "decision", "result", "outcome", "intent")


async def walk_chain(settings: Settings, head: str | None = None) -> Verdict:
    """Walk the whole chain of a configuration; servers may be running on it."""
    from wirepost.calls.audit import verify as walk

    database = await _open(settings)
    try:
        return await walk(database, expected_head=head)
    finally:
        await database.close()


async def _newest(loaded: Loaded, wanted: dict[str, str], limit: int) -> list[dict[str, Any]]:
    import orjson

    database = await _open(loaded.settings)
    found: list[dict[str, Any]] = []
    before = 2**62
    try:
        while len(found) < limit:
            rows = await database.read(
                "SELECT seq, at, record, hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT 200", before
            )
            for seq, at, record, current in rows:
                content = orjson.loads(str(record))
                before = int(seq)
                if (
                    all(str(content.get(name)) == value for name, value in wanted.items())
                    and len(found) < limit
                ):
                    found.append({"seq": before, "at": at, "hash": current, "record": content})
            if not rows:
                break
    finally:
        await database.close()
    return found


async def _export(loaded: Loaded, after: int, write: Any) -> int:
    import orjson

    count = 0
    async for line in _lines(loaded, after):
        write(orjson.dumps(line).decode())
        count += 1
        if count % _TOLD_EVERY == 0:
            print_note(f"… {count} records")
    return count


async def _lines(loaded: Loaded, after: int) -> AsyncIterator[dict[str, Any]]:
    from wirepost.calls.audit import records

    database = await _open(loaded.settings)
    try:
        async for seq, at, record, previous, current in records(database, after=after):
            # The record stays text: its exact bytes are what the hash is of.
            yield {"seq": seq, "at": at, "record": record, "prev_hash": previous, "hash": current}
    finally:
        await database.close()


async def _open(settings: Settings) -> Any:
    """Read-only, beside a running server."""
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    return await Database.open_reader(place_of(settings.store, DataDirectory(settings.data_dir)))
