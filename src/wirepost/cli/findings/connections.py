"""Findings about connections: the secret, its environment, and what the provider answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from wirepost.cli.findings.accounts import CONNECTIONS, accounts
from wirepost.cli.findings.finding import Finding
from wirepost.core.errors import CallError, ConfigError, NotConnected

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.contracts.provider import Probe
    from wirepost.core.clock import Clock
    from wirepost.settings import ConnectionSettings, Settings
    from wirepost.tools.tool import AnyTool

SKEW_S = 30.0
"""Signatures of webhooks and tokens start to be refused a little later."""


async def connections(
    settings: Settings, clock: Clock, report: Callable[[str], None], *, is_offline: bool
) -> AsyncIterator[Finding]:
    """Each connection, asked with the read its provider names for that."""
    from wirepost.app import connections_of
    from wirepost.cli.workplace import usable_connections

    if is_offline:
        for connection in connections_of(settings, clock).by_name.values():
            async for finding in _connection(connection, None):
                yield finding
        return
    try:
        async with usable_connections(settings, clock) as known:
            for connection in known.by_name.values():
                async for finding in _connection(connection, report):
                    yield finding
                if connection.refresher is not None:
                    stored = await connection.refresher.accounts.everyone(connection.name)
                    for finding in accounts(stored, clock.now().timestamp()):
                        yield finding
    except (CallError, ConfigError) as error:
        yield CONNECTIONS.error(str(error), "the accounts that people connected cannot be used", error.hint)


async def _connection(connection: Connection, report: Callable[[str], None] | None) -> AsyncIterator[Finding]:
    """One connection; without `report`, nobody is asked."""
    from wirepost.tools.index import all_tools

    name, title = connection.name, connection.provider.title
    for finding in secret(name, connection.settings):
        yield finding
    if connection.environment == "sandbox":
        yield CONNECTIONS.ok(f"{name}: {title} in the sandbox, no account needed")
        return
    missing = _missing(connection)
    if missing:
        yield missing
    elif report is None:
        yield CONNECTIONS.skipped(f"{name} was not asked", "--offline", "wirepost doctor")
    else:
        report(f"asking {title} on {name}")
        async for finding in _ask(connection, all_tools()):
            yield finding


def secret(name: str, settings: ConnectionSettings) -> list[Finding]:
    """Whether others can read the file of a secret."""
    kept = (settings.key, settings.user_key, settings.client_secret, settings.private_key)
    return [
        CONNECTIONS.warning(
            f"{name}: every user of this machine may read {reference.path}",
            "it holds a secret of this connection",
            f"chmod 600 {reference.path}",
        )
        for reference in kept
        if reference is not None and reference.is_world_readable()
    ]


def _missing(connection: Connection) -> Finding | None:
    try:
        problem = connection.shared.credential.check()
    except ConfigError as error:
        return CONNECTIONS.error(
            f"{connection.name}: {error.message}", "the server does not start", error.hint
        )
    if problem is None:
        return None
    key = connection.settings.key
    fix = (
        f"export {key.name}=…"
        if key and key.kind == "env"
        else connection.provider.auth_method(connection.settings.auth).help
    )
    return CONNECTIONS.error(f"{connection.name}: {problem}", "its calls answer not_connected", fix)


async def _ask(connection: Connection, tools: tuple[AnyTool, ...]) -> AsyncIterator[Finding]:
    from wirepost.connections.check import check

    name, title = connection.name, connection.provider.title
    try:
        checked = await check(connection)
    except NotConnected as error:
        help_ = error.hint or connection.provider.auth_method(connection.settings.auth).help
        yield CONNECTIONS.error(f"{name}: {error.message}", f"its calls answer {error.code}", help_)
        return
    except CallError as error:
        yield CONNECTIONS.error(f"{name}: {error.message}", "its calls will fail the same way", error.hint)
        return
    took = f"{checked.took_s * 1000:.0f} ms"
    who = f"{title} {connection.environment} answers in {took}"
    yield CONNECTIONS.ok(f"{name}: {who} ({checked.probe.identity})")
    for finding in (*scopes(connection, checked.probe, tools), *skew(name, checked.skew_s)):
        yield finding


def scopes(connection: Connection, probe: Probe, tools: tuple[AnyTool, ...]) -> list[Finding]:
    """Tools that are not listed because a permission is missing."""
    from wirepost.connections.check import missing_scopes

    lacking = missing_scopes(connection.provider, tools, probe.scopes)
    by_scopes: dict[str, list[str]] = {}
    for tool, needed in lacking.items():
        by_scopes.setdefault(", ".join(needed), []).append(tool)
    return [
        CONNECTIONS.warning(
            f"{connection.name} lacks {needed}",
            f"not listed for that: {', '.join(names)}",
            connection.provider.auth_method(connection.settings.auth).help,
        )
        for needed, names in by_scopes.items()
    ]


def skew(name: str, ahead_s: float | None) -> list[Finding]:
    """How far this machine's clock is from the provider's."""
    if ahead_s is None:
        return []
    if abs(ahead_s) <= SKEW_S:
        return [CONNECTIONS.ok(f"{name}: the clocks agree")]
    direction = "ahead of" if ahead_s > 0 else "behind"
    return [
        CONNECTIONS.warning(
            f"{name}: this machine's clock is {abs(ahead_s):.0f} s {direction} the provider's",
            "confirmations, cursors and signatures are bound to time",
            "sudo timedatectl set-ntp true",
        )
    ]
