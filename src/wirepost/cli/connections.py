"""`wirepost connections`: which accounts are configured, and what their credentials may do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.options import Config, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_table
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection, Connections

app = command_group("Look at the connections.")


@app.callback()
def noun() -> None:
    """Look at the connections."""


@app.command(name="list")
def list_(*, config: Config = None, as_json: Json = False) -> None:
    """List the configured connections; nobody is asked."""
    rows = [
        {
            "name": each.name,
            "provider": each.provider.name,
            "environment": each.environment,
            "status": each.shared.credential.status,
            "problem": each.shared.credential.problem,
        }
        for each in _configured(config).by_name.values()
    ]
    if as_json:
        print_json(rows)
        return
    columns = ("name", "provider", "environment", "status", "problem")
    print_table(columns, [[row[column] or "" for column in columns] for row in rows])


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")] = None,
    *,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Ask each provider: who the credential is, what it may do, its quota, and how far the clocks are apart.

    Ends with 1 when one of them cannot be used.
    """
    connections = _configured(config).by_name
    unknown = sorted(set(names or ()) - set(connections))
    if unknown:
        raise ConfigError(
            f"there is no connection {unknown[0]!r}", hint=f"configured: {', '.join(connections)}"
        )
    wanted = [connections[name] for name in names or connections]
    found = asyncio.run(_check_all(wanted, is_quiet=as_json))
    if as_json:
        print_json(found)
    else:
        for each in found:
            typer.echo("\n".join(_lines(each)))
    if any("error" in each for each in found):
        raise typer.Exit(1)


def _configured(config: Any) -> Connections:
    from wirepost.app import connections_of
    from wirepost.core.clock import Clock

    return connections_of(read_settings(config).settings, Clock())


async def _check_all(connections: list[Connection], *, is_quiet: bool) -> list[dict[str, Any]]:
    found = []
    for connection in connections:
        if not is_quiet:
            typer.echo(f"asking {connection.provider.title} on {connection.name}", err=True)
        try:
            found.append(await _check(connection))
        finally:
            await connection.close()
    return found


async def _check(connection: Connection) -> dict[str, Any]:
    from wirepost.app import all_tools
    from wirepost.connections.check import check as ask
    from wirepost.connections.check import missing_scopes

    shown: dict[str, Any] = {
        "name": connection.name,
        "provider": connection.provider.name,
        "environment": connection.environment,
    }
    try:
        connection.shared.credential.check()
        checked = await ask(connection)
    except CallError as error:
        return {**shown, "error": error.payload()}
    except ConfigError as error:
        return {**shown, "error": {"message": error.message, "hint": error.hint}}
    probe = checked.probe.model_dump(exclude_none=True, exclude={"environment"})
    missing = missing_scopes(connection.provider, all_tools(), checked.probe.scopes)
    return {
        **shown,
        **probe,
        "took_ms": round(checked.took_s * 1000),
        "clock_skew_s": None if checked.skew_s is None else round(checked.skew_s, 1),
        "missing": missing,
    }


def _lines(found: dict[str, Any]) -> list[str]:
    """One connection for people."""
    title = f"{found['name']}: {found['provider']} {found['environment']}"
    if "error" in found:
        error = found["error"]
        return [f"{title}: {error['message']}", *([f"  {error['hint']}"] if error.get("hint") else [])]
    lines = [f"{title}: works as {clean_line(found['identity'], 100)}"]
    if found.get("account"):
        lines.append(f"  account {clean_line(found['account'], 100)} ({found.get('account_id', 'no id')})")
    granted = found.get("scopes")
    lines.append(f"  granted: {', '.join(granted) or 'nothing' if granted is not None else 'cannot be read'}")
    for tool, needed in found["missing"].items():
        lines.append(f"  {tool} is not listed: needs {', '.join(needed)}")
    if found.get("quota"):
        lines.append(f"  quota: {', '.join(f'{name} {value:g}' for name, value in found['quota'].items())}")
    if found["clock_skew_s"] is not None:
        lines.append(f"  clocks differ by {abs(found['clock_skew_s']):g} s")
    return [*lines, *(f"  {warning}" for warning in found.get("warnings", ()))]
