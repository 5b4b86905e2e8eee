"""`wirepost tokens`: tokens with which callers show who they are, for servers without an issuer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_note, print_table
from wirepost.core.clock import Clock
from wirepost.core.errors import ConfigError
from wirepost.core.times import from_epoch, to_rfc3339

if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.settings import Settings
    from wirepost.store.database import Database

T = TypeVar("T")

app = command_group("Give callers tokens, and take them back.")

NEVER = "never"
_LIFETIME = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")


@app.callback()
def noun() -> None:
    """Give callers tokens, and take them back; a running server knows of it within a second."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who will call with it, such as a person or a program.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="What it allows, such as crm.read; may be repeated. Without: everything."
        ),
    ] = None,
    expires: Annotated[str, typer.Option("--expires", help="After 90d, 12h, 30m, 4w, or never.")] = "90d",
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it, this once; only its hash is kept."""
    from wirepost.server.auth import caller_tokens

    settings = _settings(config, data_dir)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name[:80]!r} is no name", hint="use letters, digits, and . _ @ -")
    now = Clock().now()
    lifetime = _lifetime(expires)
    ends = None if lifetime is None else now + lifetime
    scopes = None if scope is None else _known(scope)

    async def work(database: Database) -> str:
        until = ends.timestamp() if ends else None
        return await caller_tokens.create(database, now.timestamp(), name, scopes, until)

    token = asyncio.run(_with_database(settings, work))
    shown = {"name": name, "scopes": scopes, "expires_at": to_rfc3339(ends) if ends else None}
    if as_json:
        print_json({**shown, "token": token})
        return
    typer.echo(token)
    print_note(
        f"Shown this once. It allows {', '.join(scopes) if scopes else 'everything'}"
        f" and {f'ends on {ends:%Y-%m-%d %H:%M} UTC' if ends else 'does not end'}."
    )
    if settings.server.auth.mode != "static":
        print_note(
            f"Tokens are not asked for yet: server.auth.mode is {settings.server.auth.mode}, not static."
        )


@app.command("list")
def list_(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the tokens that were made, without themselves."""
    from wirepost.server.auth import caller_tokens

    now = Clock().now().timestamp()
    found = asyncio.run(_with_database(_settings(config, data_dir), caller_tokens.all_tokens))
    rows: list[dict[str, Any]] = [
        {
            "name": each.name,
            "status": each.status(now),
            "scopes": None if each.scopes is None else sorted(each.scopes),
            "created_at": from_epoch(each.created_at),
            "expires_at": from_epoch(each.expires_at),
            "last_used_at": from_epoch(each.last_used_at),
            "id": each.id,
        }
        for each in found
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("name", "status", "scopes", "created_at", "expires_at", "last_used_at")
    for row in rows:
        row["scopes"] = "everything" if row["scopes"] is None else " ".join(row["scopes"]) or "nothing"
    print_table(
        [each.removesuffix("_at") for each in columns], [[row[each] for each in columns] for row in rows]
    )


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="The token, by its name.")],
    *,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """End a token for good; its name stays taken, so that the audit stays clear."""
    from wirepost.server.auth import caller_tokens

    async def work(database: Database) -> None:
        await caller_tokens.revoke(database, Clock().now().timestamp(), name)

    asyncio.run(_with_database(_settings(config, data_dir), work))
    if as_json:
        print_json({"name": name, "status": "revoked"})
    else:
        print_note(f"{name} is revoked")


def _settings(config: Path | None, data_dir: Path | None) -> Settings:
    return read_settings(config, data_dir).settings


async def _with_database(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Work on the store of the server, which may be running."""
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    directory = DataDirectory(settings.data_dir)
    directory.create()
    database = await Database.open(place_of(settings.store, directory), Clock())
    try:
        return await work(database)
    finally:
        await database.close()


def _lifetime(text: str) -> timedelta | None:
    if text == NEVER:
        return None
    found = _LIFETIME.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ConfigError(f"{text[:40]!r} is no lifetime", hint="write 90d, 12h, 30m, 4w, or never")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _known(scopes: list[str]) -> list[str]:
    from wirepost.tools.index import all_tools
    from wirepost.tools.scopes import ADMIN, BESIDES, caller_scope

    known = sorted({ADMIN, *BESIDES, *(caller_scope(tool) for tool in all_tools())})
    for scope in scopes:
        if scope not in known:
            close = get_close_matches(scope, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise ConfigError(f"there is no scope {scope[:60]!r}", hint=hint)
    return sorted(set(scopes))
