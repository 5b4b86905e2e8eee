"""Findings about connections: the secret, its environment, and what the provider answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section
from wirepost.core.errors import CallError, ConfigError, NotConnected

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection
    from wirepost.core.clock import Clock
    from wirepost.settings import ConnectionSettings, Settings
    from wirepost.upstream.ask import Answer

CONNECTIONS = Section("connections")

PROBE_S = 15.0
SKEW_S = 30.0
"""Signatures of webhooks and tokens start to be refused a little later."""


async def connections(
    settings: Settings, clock: Clock, report: Callable[[str], None], *, is_offline: bool
) -> AsyncIterator[Finding]:
    """Each connection, asked with the read its provider names for that."""
    from wirepost.connections.connections import Connection
    from wirepost.providers import load_provider
    from wirepost.sandbox.world import World

    for name, each in settings.connections.items():
        world = lambda: World.build(clock.now())  # noqa: E731 - built on first use
        connection = Connection(name, load_provider(each.provider), each, clock, world)
        for finding in secret(name, each):
            yield finding
        if each.environment == "sandbox":
            yield CONNECTIONS.ok(f"{name}: {connection.provider.title} in the sandbox, no account needed")
            continue
        missing = _missing(connection)
        if missing:
            yield missing
        elif is_offline:
            yield CONNECTIONS.skipped(f"{name} was not asked", "--offline", "wirepost doctor")
        else:
            report(f"asking {connection.provider.title} on {name}")
            try:
                async for finding in _probe(connection, clock):
                    yield finding
            finally:
                await connection.close()


def secret(name: str, settings: ConnectionSettings) -> list[Finding]:
    """Whether others can read the file of a secret."""
    reference = settings.key
    if reference is None or not reference.is_world_readable():
        return []
    return [
        CONNECTIONS.warning(
            f"{name}: every user of this machine may read {reference.path}",
            "it holds the key of this connection",
            f"chmod 600 {reference.path}",
        )
    ]


def _missing(connection: Connection) -> Finding | None:
    try:
        problem = connection.credential.check()
    except ConfigError as error:
        return CONNECTIONS.error(
            f"{connection.name}: {error.message}", "the server does not start", error.hint
        )
    if problem is None:
        return None
    key = connection.settings.key
    fix = f"export {key.name}=…" if key and key.kind == "env" else connection.provider.auth[0].help
    return CONNECTIONS.error(f"{connection.name}: {problem}", "its calls answer not_connected", fix)


async def _probe(connection: Connection, clock: Clock) -> AsyncIterator[Finding]:
    from wirepost.upstream.ask import Ask
    from wirepost.upstream.scope import Scope

    probe = connection.provider.probe
    ask = Ask(probe.get("method", "GET"), probe["path"])
    started = clock.monotonic()
    try:
        answer = await connection.client(Scope(started + PROBE_S)).send(ask)
    except NotConnected as error:
        yield CONNECTIONS.error(
            f"{connection.name}: {error.message}",
            "the provider refuses the key",
            connection.provider.auth[0].help,
        )
        return
    except CallError as error:
        yield CONNECTIONS.error(
            f"{connection.name}: {error.message}", "its calls will fail the same way", error.hint
        )
        return
    took_s = clock.monotonic() - started
    who = f"{connection.provider.title} {connection.environment}"
    yield CONNECTIONS.ok(f"{connection.name}: {who} answers in {took_s * 1000:.0f} ms")
    for finding in skew(connection.name, answer, clock.now()):
        yield finding


def skew(name: str, answer: Answer, now: datetime) -> list[Finding]:
    """How far this machine's clock is from the provider's."""
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return []
    ahead_s = (now - theirs).total_seconds()
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
