"""`wirepost connections`: which accounts there are, and what their credentials may do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.calls.caller import LOCAL
from wirepost.cli.authorize import authorize, open_
from wirepost.cli.connection_file import add, remove
from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_table
from wirepost.cli.rotate_keys import rotate_keys
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.connections.accounts import Account, Accounts
    from wirepost.connections.connections import Connection
    from wirepost.connections.status import Status
    from wirepost.settings import Settings

app = command_group("Look at the connections, connect accounts and remove them.")


@app.callback()
def noun() -> None:
    """Look at the connections, connect accounts and remove them."""


app.command()(add)
app.command()(authorize)
app.command(name="open")(open_)
app.command()(remove)
app.command(name="rotate-keys")(rotate_keys)


@app.command(name="list")
def list_(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the configured connections and their accounts; nobody is asked."""
    rows = asyncio.run(_list(read_settings(config, data_dir).settings))
    if as_json:
        print_json(rows)
        return
    columns = ("name", "provider", "environment", "status", "account", "problem")
    print_table(columns, [[row[column] or "" for column in columns] for row in rows])


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")] = None,
    *,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Ask each provider: who the credential is, what it may do, its quota, and how far the clocks are apart.

    Ends with 1 when one of them cannot be used.
    """
    found = asyncio.run(_check_all(read_settings(config, data_dir).settings, names, is_quiet=as_json))
    if as_json:
        print_json(found)
    else:
        for each in found:
            typer.echo("\n".join(_lines(each)))
    if any("error" in each for each in found):
        raise typer.Exit(1)


async def _list(settings: Settings) -> list[dict[str, Any]]:
    from wirepost.cli.workplace import connections_and_accounts

    rows = []
    async with connections_and_accounts(settings) as (connections, accounts):
        for each in connections.by_name.values():
            status = await _status(each, accounts)
            known = await accounts.everyone(each.name) if accounts else []
            rows.append(
                {
                    "name": each.name,
                    "provider": each.provider.name,
                    "environment": each.environment,
                    "status": status.word,
                    "account": status.account,
                    "problem": status.problem,
                    "accounts": [_shown(account) for account in known],
                }
            )
    return rows


async def _status(connection: Connection, accounts: Accounts | None) -> Status:
    from wirepost.connections.status import Status, status_of, takes_consents

    if accounts is not None:
        return await status_of(connection, accounts, LOCAL.id)
    problem = connection.shared.credential.problem
    is_ready = problem is None and not takes_consents(connection)
    return Status("ready" if is_ready else "not_connected", problem)


def _shown(account: Account) -> dict[str, Any]:
    """One account for programs; times are seconds since 1970."""
    names = ("owner", "part", "state", "account_key", "account_label", "scopes_requested", "scopes_granted")
    times = ("connected_at", "refreshed_at", "expires_at", "refresh_expires_at")
    return {name: getattr(account, name) for name in (*names, *times)}


async def _check_all(settings: Settings, names: list[str] | None, *, is_quiet: bool) -> list[dict[str, Any]]:
    from wirepost.cli.workplace import usable_connections

    found = []
    async with usable_connections(settings) as connections:
        known = connections.by_name
        unknown = sorted(set(names or ()) - set(known))
        if unknown:
            raise ConfigError(
                f"there is no connection {unknown[0]!r}", hint=f"configured: {', '.join(known)}"
            )
        for connection in [known[name] for name in names or known]:
            if not is_quiet:
                typer.echo(f"asking {connection.provider.title} on {connection.name}", err=True)
            found.append(await _check(connection))
    return found


async def _check(connection: Connection) -> dict[str, Any]:
    from wirepost.connections.check import check as ask
    from wirepost.connections.check import missing_scopes
    from wirepost.tools.index import all_tools

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
