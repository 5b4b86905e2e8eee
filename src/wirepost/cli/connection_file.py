"""`wirepost connections add` and `remove`: the entry in wirepost.yaml, and the account behind it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.entries import put_entry, remove_entry
from wirepost.cli.options import Config, DataDir, Json, Yes, nobody_to_ask, read_settings
from wirepost.cli.output import FAILED, print_json, print_note
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.cli.clients.change import Change
    from wirepost.settings import Settings

SECTION = "connections"


def add(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits, - and _.")],
    *,
    provider: Annotated[str, typer.Option(help="The vendor, such as stripe.")],
    environment: Annotated[str, typer.Option(help="production, test or sandbox.")],
    auth: Annotated[str | None, typer.Option(help="Way in, where there are several: key, oauth, …")] = None,
    owner: Annotated[
        str | None, typer.Option(help="shared, or caller: each connects an own account.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="Where the key is kept: env:NAME, file:/path, …")] = None,
    client_id: Annotated[str | None, typer.Option(help="OAuth client.")] = None,
    client_secret: Annotated[str | None, typer.Option(help="Where its secret is kept.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The account's own address.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope to ask for; repeatable.")] = None,
    option: Annotated[
        list[str] | None, typer.Option("--set", help="Any other option, such as oauth.issuer=https://…")
    ] = None,
    yes: Yes = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a connection to wirepost.yaml. Shows the change, asks, keeps a copy."""
    entry: dict[str, Any] = {
        "provider": provider,
        "environment": environment,
        "auth": auth,
        "owner": owner,
        "key": key,
        "client_id": client_id,
        "client_secret": client_secret,
        "base_url": base_url,
        "scopes": scope or None,
    }
    entry = {name: value for name, value in entry.items() if value is not None}
    for each in option or ():
        _set(entry, each)
    _check(config, name, entry)
    path = _file(config)
    copy = _change(path, lambda text: put_entry(text, SECTION, name, entry), yes=yes, as_json=as_json)
    steps = _next_steps(config, name)
    if as_json:
        print_json({"name": name, "file": str(path), "copy": copy, "next": steps})
        return
    for step in steps:
        print_note(f"next: {step}")


def remove(
    name: Annotated[str, typer.Argument(help="The connection.")],
    *,
    keep_entry: Annotated[
        bool, typer.Option("--keep-entry", help="Remove its accounts only; leave wirepost.yaml as it is.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Give the accounts of a connection back to the provider, forget them, and remove the connection."""
    loaded = read_settings(config, data_dir)
    if name not in loaded.settings.connections:
        known = ", ".join(loaded.settings.connections)
        raise ConfigError(f"there is no connection {name!r}", hint=f"configured: {known}")
    path = Path(loaded.file) if loaded.file else None
    change = None
    if path and not keep_entry:
        change = _plan(path, lambda text: remove_entry(text, SECTION, name))
        _ask(change, yes=yes, as_json=as_json)
    elif not yes:
        _confirm(f"Remove the accounts of {name}?", as_json=as_json)
    removed = asyncio.run(_remove_accounts(loaded.settings, name))
    is_gone = all(each["problem"] is None for each in removed)
    change = change if is_gone else None
    copy = _carry_out(change) if change and change.is_needed else None
    if as_json:
        print_json({"name": name, "accounts": removed, "file": str(path) if change else None, "copy": copy})
    else:
        _tell_removed(name, removed, is_gone=is_gone, is_entry_gone=change is not None)
    if not is_gone:
        raise typer.Exit(FAILED)


def _tell_removed(
    name: str, removed: list[dict[str, str | None]], *, is_gone: bool, is_entry_gone: bool
) -> None:
    for each in removed:
        taken = "given back" if each["problem"] is None else f"not given back yet ({each['problem']})"
        print_note(f"{each['account'] or 'an account'}, used by {each['owner']}: {taken}")
    if not is_gone:
        print_note(f"{name} stays in the file, so that the rest can be given back: run this again later")
    else:
        print_note(f"{name} is removed" if is_entry_gone else f"{name} has no account any more")


async def _remove_accounts(settings: Settings, name: str) -> list[dict[str, str | None]]:
    from wirepost.cli.workplace import workplace

    async with workplace(settings) as place:
        accounts = await place.accounts.everyone(name)
        labels = {each.owner: each.account_label for each in reversed(accounts)}
        return [
            {"owner": owner, "account": label, "problem": await place.connecting.remove(name, owner)}
            for owner, label in labels.items()
        ]


def _set(entry: dict[str, Any], text: str) -> None:
    """`a.b=value`, with the value in YAML."""
    from wirepost.core.yaml import read

    key, is_pair, value = text.partition("=")
    if not is_pair or not key:
        raise ConfigError(f"{key[:60]!r} sets nothing", hint="write --set option=value")
    level = entry
    *groups, last = key.split(".")
    for group in groups:
        level = level.setdefault(group, {})
    level[last] = read(value, "--set").value


def _check(config: Path | None, name: str, entry: dict[str, Any]) -> None:
    """Refuse what the server would refuse, before the file is touched."""
    from wirepost.cli.checks import configuration_problems

    before = {error.message for error in configuration_problems(config)[1]}
    _, problems, _ = configuration_problems(config, {f"{SECTION}.{name}": entry})
    for problem in problems:
        if problem.message not in before or (problem.key or "").startswith(f"{SECTION}.{name}"):
            raise ConfigError(problem.message, key=problem.key, hint=problem.hint)


def _file(config: Path | None) -> Path:
    from wirepost.core.paths import CONFIG_NAME, find_config

    return Path(find_config(str(config) if config else None) or CONFIG_NAME).absolute()


def _change(path: Path, edit: Callable[[str], str], *, yes: bool, as_json: bool) -> str | None:
    change = _plan(path, edit)
    _ask(change, yes=yes, as_json=as_json)
    return _carry_out(change)


def _plan(path: Path, edit: Callable[[str], str]) -> Change:
    from wirepost.cli.clients.change import plan_edit
    from wirepost.cli.clients.jsonc import CannotEdit

    try:
        return plan_edit(path, edit)
    except CannotEdit as problem:
        raise ConfigError(str(problem), file=str(path)) from None


def _ask(change: Change, *, yes: bool, as_json: bool) -> None:
    if not as_json:
        typer.echo(change.diff() + "\n")
    if not yes:
        _confirm("Make this change?", as_json=as_json)


def _confirm(question: str, *, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise nobody_to_ask()
    if not typer.confirm(question, err=True):
        print_note("nothing was changed")
        raise typer.Exit(FAILED)


def _carry_out(change: Change) -> str | None:
    from wirepost.core.clock import Clock

    copy = change.carry_out(Clock().now())
    print_note(f"wrote {change.path}")
    if copy:
        print_note(f"copy of before: {copy}")
    return str(copy) if copy else None


def _next_steps(config: Path | None, name: str) -> list[str]:
    from wirepost.app import connections_of
    from wirepost.contracts.auth import OAuth2
    from wirepost.core.clock import Clock
    from wirepost.store.owner import DataDirectory

    settings = read_settings(config).settings
    connection = connections_of(settings, Clock()).by_name[name]
    method = connection.provider.auth_method(connection.settings.auth)
    steps = []
    if DataDirectory(settings.data_dir).find_owner():
        steps.append("restart the running server, which reads its configuration when it starts")
    if isinstance(method, OAuth2) and connection.environment != "sandbox":
        steps.append(method.help)
        steps.append(f"wirepost connections authorize {name}")
    else:
        steps.append(f"wirepost connections check {name}")
    return steps
